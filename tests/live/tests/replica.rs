//! The replica's side: several sources, other generations and vocabularies at the other end,
//! sources without semi-sync, reconnects, and relay log settings.

use std::time::Duration;

use semisync_live_tests::load::Waiting;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Link, Load, Names, Server, ServerConfig, Topology, eventually,
    in_both_vocabularies, needs,
};

const SOON: Duration = Duration::from_secs(15);
const ONE_VOCABULARY: &str = "they have one vocabulary";
const NO_STOCK: &str = "it comes without plugins of its own";

/// Commits some rows. Every one must be acknowledged, and arrive.
fn assert_confirmed(pair: &Topology) {
    let source = &pair.source;
    assert_eq!(source.status("status"), "ON");
    let before = source.counter("yes_tx");
    (0..20).for_each(|n| source.insert(n));
    assert_eq!(
        (source.counter("yes_tx") - before, source.counter("no_tx")),
        (20, 0)
    );
    pair.replica().wait_applied(source);
    assert_eq!(pair.replica().count_rows(None), source.count_rows(None));
}

in_both_vocabularies! {
    fn each_channel_is_semi_sync_on_its_own(names) {
        needs!(Dialect::of_run().has_channels(), "a replica has one source");
        let source = |id: u32| {
            ServerConfig::new(id, names)
                .as_source()
                .label(&format!("source {id}"))
                // A row of one source must not meet one of the other.
                .option("auto_increment_increment=10")
                .option(&format!("auto_increment_offset={id}"))
                .option(&format!("{}={A_DAY_MS}", names.source_var("timeout")))
        };
        let configs = vec![
            source(1),
            source(3),
            ServerConfig::new(2, names).as_replica(),
        ];
        let servers = Server::start_all(configs);
        servers.iter().for_each(Server::prepare);
        let [one, three, replica] = &servers[..] else {
            panic!("three servers")
        };
        replica.replicate_from(one, &Link::default().channel("one"));
        replica.replicate_from(three, &Link::default().channel("three"));
        one.wait_status("clients", "1");
        three.wait_status("clients", "1");
        assert_eq!(replica.replica_status(), "ON");

        let loads = [Load::start(one, 4), Load::start(three, 4)];
        for load in loads {
            load.wait_progress(200);
            load.finish_clean();
        }
        for source in [one, three] {
            assert_eq!(
                (source.status("status"), source.counter("no_tx")),
                ("ON".to_owned(), 0)
            );
            assert!(source.counter("yes_tx") > 10);
        }

        // One channel stops. UNINSTALL PLUGIN is refused because of the other channel, which goes
        // on.
        replica.execute("STOP REPLICA FOR CHANNEL 'one'");
        one.wait_status("clients", "0");
        assert_eq!(replica.replica_status(), "ON");
        assert_in_use(replica, &names.replica_plugin());
        let before = three.counter("yes_tx");
        three.insert(1);
        assert_eq!(
            (three.counter("yes_tx") - before, three.counter("no_tx")),
            (1, 0)
        );
        replica.execute("START REPLICA FOR CHANNEL 'one'");
        one.wait_status("clients", "1");
        one.insert(2);
        assert_eq!(
            (one.status("status"), one.counter("no_tx")),
            ("ON".to_owned(), 0)
        );
        replica.wait_applied(one);
        replica.wait_applied(three);
        assert_eq!(
            replica.count_rows(None),
            one.count_rows(None) + three.count_rows(None)
        );

        // With both channels stopped nothing uses the plugin any more.
        replica.execute("STOP REPLICA");
        replica.wait_replica_status("OFF");
        replica.execute(&format!("UNINSTALL PLUGIN {}", names.replica_plugin()));
    }

    fn either_vocabulary_on_the_other_end(names) {
        needs!(names.other().is_available(), ONE_VOCABULARY);
        let pair = Topology::new(names).replica_names(names.other()).start();
        assert_confirmed(&pair);
        pair.replica().wait_replica_status("ON");
        assert_eq!(pair.source.variable(&names.source_var("enabled")), "1");
    }

    fn a_source_without_semi_sync_is_replicated_asynchronously(names) {
        let configs = vec![
            ServerConfig::new(1, names),
            ServerConfig::new(2, names).as_replica(),
        ];
        let servers = Server::start_all(configs);
        servers.iter().for_each(Server::prepare);
        let (source, replica) = (&servers[0], &servers[1]);
        replica.replicate_from(source, &Link::default());
        source.insert(1);
        replica.wait_applied(source);
        assert_eq!(replica.count_rows(None), 1);
        assert_eq!(replica.replica_status(), "OFF");
        let line = replica.wait_log("does not support semi-sync");
        assert!(
            line.contains(&replica.dialect().log_tag("Warning", 11184)),
            "{line}"
        );

        // The source gets semi-sync later. The next connection finds out.
        source.execute(&names.install_source());
        source.set_source("enabled", "1");
        replica.restart_receiver();
        source.wait_status("clients", "1");
        source.insert(2);
        assert_eq!(source.counter("yes_tx"), 1);
        assert_eq!(replica.replica_status(), "ON");
    }

    fn after_a_restart_of_the_source_semi_sync_is_back_by_itself(names) {
        let pair = Topology::new(names).start();
        assert_confirmed(&pair);
        pair.source.restart();
        pair.wait_clients();
        pair.source.wait_status("status", "ON");
        assert_confirmed(&pair);
        // The same when the source ends without a word.
        pair.source.kill9();
        pair.source.start_again();
        pair.wait_clients();
        pair.source.wait_status("status", "ON");
        assert_confirmed(&pair);
    }

    fn every_relay_log_setting_acknowledges(names) {
        let pair = Topology::new(names).start();
        for period in [0, 1, 10000] {
            pair.replica().execute("STOP REPLICA");
            pair.source.wait_status("clients", "0");
            pair.replica()
                .execute(&format!("SET GLOBAL sync_relay_log = {period}"));
            pair.replica().execute("START REPLICA");
            pair.wait_clients();
            assert_confirmed(&pair);
        }
    }

    fn switching_on_takes_effect_with_the_next_connection(names) {
        // For commits that nobody confirms.
        const SHORT: &str = "400";
        let pair = Topology::new(names)
            .set("timeout", SHORT)
            .replica_option(&format!("{}=0", names.replica_var("enabled")))
            .start_unlinked();
        let (source, replica) = (&pair.source, pair.replica());
        replica.replicate_from(source, &Link::default().by_file_position());
        eventually(SOON, "a dump thread", || source.dumps().len() == 1);
        let line = "Start asynchronous binlog_dump to replica (server_id: 2)";
        source.wait_log(&source.dialect().log_line(line));
        replica.set_replica("enabled", "1");
        assert_eq!(replica.replica_status(), "OFF");
        source.insert(1);
        assert_eq!(
            (source.counter("no_tx"), source.status("clients")),
            (1, "0".to_owned())
        );
        source.set_source("timeout", A_DAY_MS);

        replica.restart_receiver();
        source.wait_status("status", "ON");
        assert_eq!(replica.replica_status(), "ON");
        replica.wait_log(
            &replica
                .dialect()
                .log_line("Start semi-sync replication to source"),
        );
        source.insert(2);
        assert_eq!(source.counter("yes_tx"), 1);
        assert_in_use(replica, &names.replica_plugin());

        // Switching off likewise: the connection at hand goes on as it is, and the status falls
        // with it.
        replica.set_replica("enabled", "0");
        replica.execute("STOP REPLICA IO_THREAD");
        replica.wait_replica_status("OFF");
        source.wait_status("clients", "0");
        replica.execute("START REPLICA IO_THREAD");
        source.set_source("timeout", SHORT);
        source.insert(3);
        assert_eq!(source.counter("no_tx"), 2);
        replica.wait_applied(source);
    }

    fn a_silent_replica_is_told_apart_from_a_slow_applier(names) {
        // The acknowledgement is about the relay log: an applier that stands still delays no
        // commit.
        let pair = Topology::new(names).start();
        pair.replica().execute("STOP REPLICA SQL_THREAD");
        for n in 0..10 {
            Waiting::start(&pair.source, &format!("INSERT INTO app.t (n) VALUES ({n})"))
                .done_within(SOON);
        }
        assert_eq!(
            (pair.source.counter("yes_tx"), pair.source.counter("no_tx")),
            (10, 0)
        );
        assert_eq!(pair.replica().count_rows(None), 0);
        pair.replica().execute("START REPLICA SQL_THREAD");
        pair.replica().wait_applied(&pair.source);
    }
}

/// The plugin cannot be unloaded now, where the server asks it.
fn assert_in_use(server: &Server, plugin: &str) {
    if server.dialect().refuses_uninstall() {
        let (code, message) = server.error(&format!("UNINSTALL PLUGIN {plugin}"));
        let expected = server.dialect().uninstall_error(server.names());
        assert_eq!(code, expected, "{message}");
    }
}

#[test]
fn our_source_with_stocks_replica() {
    needs!(Dialect::of_run().has_stock(), NO_STOCK);
    let pair = Topology::new(Names::of_stock())
        .replica_libraries(Libraries::Stock)
        .start();
    assert_confirmed(&pair);
    pair.replica().wait_replica_status("ON");
}

/// Stock's replica since 9 asks for the newer name alone. Without that name it replicates
/// asynchronously.
#[test]
fn our_source_with_old_names_is_asynchronous_to_stocks_replica() {
    let dialect = Dialect::of_run();
    needs!(dialect.has_stock(), NO_STOCK);
    let asks_for_new_alone = dialect.stock_names() == [Names::New];
    needs!(asks_for_new_alone, "its own replica asks for the old name");
    needs!(Names::Old.is_available(), ONE_VOCABULARY);
    let pair = Topology::new(Names::Old)
        .set("timeout", "300")
        .replica_names(Names::New)
        .replica_libraries(Libraries::Stock)
        .start_unlinked();
    pair.replica()
        .replicate_from(&pair.source, &Link::default());
    pair.replica().wait_log("does not support semi-sync");
    pair.source.insert(1);
    assert_eq!(
        (pair.source.status("clients"), pair.source.counter("no_tx")),
        ("0".to_owned(), 1)
    );
    pair.replica().wait_applied(&pair.source);
}

#[test]
fn stocks_source_with_our_replica() {
    needs!(Dialect::of_run().has_stock(), NO_STOCK);
    for &names in Names::available() {
        let pair = Topology::new(Names::of_stock())
            .source_libraries(Libraries::Stock)
            .replica_names(names)
            .start();
        assert_confirmed(&pair);
        pair.replica().wait_replica_status("ON");
    }
}
