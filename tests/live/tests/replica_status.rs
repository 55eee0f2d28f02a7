//! `Rpl_semi_sync_replica_status` is ON only while a receiver is connected to a source that has
//! semi-sync enabled: failover tools read it. Stock's is ON as soon as the receiver thread runs.

use semisync_live_tests::dialect::not_applicable;
use semisync_live_tests::{
    Dialect, Libraries, Link, Names, PATIENCE, Server, ServerConfig, Topology, eventually,
    in_both_vocabularies, needs,
};

fn quick_heartbeats() -> Link {
    Link::default().heartbeat("0.1")
}

fn wait_connecting(replica: &Server) {
    eventually(PATIENCE, "the receiver tries to connect", || {
        replica.receiver().0 == "Connecting"
    });
}

/// Links a replica to a source that has semi-sync disabled.
fn link_to_disabled(pair: &Topology, link: &Link) {
    let (source, replica) = (&pair.source, pair.replica());
    replica.replicate_from(source, link);
    source.wait_log("Start semi-sync binlog_dump");
    source.insert(1);
    replica.wait_applied(source);
    assert_eq!(replica.replica_status(), "OFF");
}

in_both_vocabularies! {
    fn the_status_follows_the_source(names) {
        let pair = Topology::new(names).set("enabled", "0").start_unlinked();
        let (source, replica) = (&pair.source, pair.replica());
        link_to_disabled(&pair, &Link::default());
        source.set_source("enabled", "1");
        source.insert(2);
        replica.wait_replica_status("ON");
        assert_eq!(source.counter("yes_tx"), 1);
        source.set_source("enabled", "0");
        source.insert(3);
        replica.wait_replica_status("OFF");
    }

    fn without_a_write_the_status_follows_with_the_heartbeats(names) {
        let pair = Topology::new(names).set("enabled", "0").start_unlinked();
        let (source, replica) = (&pair.source, pair.replica());
        link_to_disabled(&pair, &quick_heartbeats());
        for (enabled, status) in [("1", "ON"), ("0", "OFF"), ("1", "ON")] {
            source.set_source("enabled", enabled);
            let took = replica.wait_replica_status(status);
            println!("enabled = {enabled}: {status} after {took:?}");
        }
    }

    fn the_status_is_off_while_the_source_is_dead(names) {
        let pair = Topology::new(names).start();
        let (source, replica) = (&pair.source, pair.replica());
        replica.wait_replica_status("ON");
        source.kill9();
        let took = replica.wait_replica_status("OFF");
        println!("OFF {took:?} after the source was killed");
        wait_connecting(replica);
        assert_eq!(replica.replica_status(), "OFF");
        // The replica may be semi-sync again at any moment.
        if replica.dialect().asks_before_uninstall() {
            let uninstall = format!("UNINSTALL PLUGIN {}", names.replica_plugin());
            assert_eq!(replica.error(&uninstall).0, 1883);
        } else {
            not_applicable("a replica without a connection cannot refuse UNINSTALL PLUGIN");
        }

        // The status is OFF too for a receiver that starts now and was never connected.
        replica.restart_receiver();
        wait_connecting(replica);
        assert_eq!(replica.replica_status(), "OFF");
        source.start_again();
        replica.wait_replica_status("ON");
        replica.execute("STOP REPLICA IO_THREAD");
        replica.wait_replica_status("OFF");
    }

    fn the_plugin_is_in_use_although_the_source_is_disabled(names) {
        needs!(
            Dialect::of_run().refuses_uninstall(),
            "it unloads a plugin without asking it"
        );
        let pair = Topology::new(names).set("enabled", "0").start_unlinked();
        let replica = pair.replica();
        link_to_disabled(&pair, &Link::default());
        let uninstall = format!("UNINSTALL PLUGIN {}", names.replica_plugin());
        let (code, message) = replica.error(&uninstall);
        // A server before 8.0 looks at the status row, which is OFF, and then has only the other
        // error.
        let expected = if replica.dialect().asks_before_uninstall() {
            1883
        } else {
            1720
        };
        assert_eq!(code, expected, "{message}");
        replica.execute("STOP REPLICA IO_THREAD");
        replica.execute(&uninstall);
    }

    fn the_status_is_on_while_any_channel_is(names) {
        needs!(Dialect::of_run().has_channels(), "a replica has one source");
        let source = |id: u32| {
            ServerConfig::new(id, names)
                .as_source()
                .label(&format!("source {id}"))
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
        replica.replicate_from(one, &quick_heartbeats().channel("one"));
        replica.replicate_from(three, &quick_heartbeats().channel("three"));
        one.wait_status("clients", "1");
        three.wait_status("clients", "1");
        one.kill9();
        let connecting = "SELECT SERVICE_STATE \
                          FROM performance_schema.replication_connection_status \
                          WHERE CHANNEL_NAME = 'one'";
        eventually(PATIENCE, "one channel tries to connect", || {
            replica.value(connecting) == "CONNECTING"
        });
        assert_eq!(replica.replica_status(), "ON");
        three.set_source("enabled", "0");
        replica.wait_replica_status("OFF");
        one.start_again();
        replica.wait_replica_status("ON");
    }
}

/// Stock's source does not say in its packets whether semi-sync is enabled.
#[test]
fn of_a_source_of_stocks_the_status_is_what_is_known() {
    needs!(Dialect::of_run().has_stock(), "it comes without plugins");
    needs!(Libraries::are_ours(), "the test is of our libraries");
    let builder = Topology::new(Names::of_stock()).source_libraries(Libraries::Stock);
    let pair = builder.set("enabled", "0").start_unlinked();
    let (source, replica) = (&pair.source, pair.replica());
    link_to_disabled(&pair, &Link::default());
    source.set_source("enabled", "1");
    source.insert(2);
    replica.wait_replica_status("ON");
    // The next connection finds out that semi-sync was switched off.
    source.set_source("enabled", "0");
    replica.restart_receiver();
    source.insert(3);
    replica.wait_applied(source);
    replica.wait_replica_status("OFF"); // after a grace, see the plugin
}
