//! Published guides to semi-sync, each a test: what their readers type, in that order, and what
//! they must see then. The statements are quoted in the guides' vocabulary and run in both. Where a
//! series no longer takes a statement (`STOP SLAVE`, `CHANGE MASTER TO`) its successor stands in.
//! Where a series does not have a variable, the test says nothing of it.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::time::{Duration, Instant};

use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::{REPLICATION_PASSWORD, REPLICATION_USER};
use semisync_live_tests::sql::row;
use semisync_live_tests::{
    A_DAY_MS, Link, Names, PATIENCE, Server, ServerConfig, eventually, in_both_vocabularies,
};

/// How long a commit takes that waits for the default timeout, 10 s. The rest is for a loaded
/// machine.
const DEFAULT_TIMEOUT: Range<Duration> = Duration::from_secs(10)..Duration::from_secs(30);
const IO_RESTART: &str = "STOP SLAVE IO_THREAD;\nSTART SLAVE IO_THREAD;";

/// A source and a replica without plugins, replicating.
fn plain_pair(names: Names) -> (Server, Server) {
    let configs = vec![ServerConfig::new(1, names), ServerConfig::new(2, names)];
    let mut servers = Server::start_all(configs);
    servers.iter().for_each(Server::prepare);
    let replica = servers.pop().expect("two servers");
    let source = servers.pop().expect("two servers");
    // As the guides have it; they are older than GTIDs.
    replica.replicate_from(&source, &Link::default().by_file_position());
    // The replica is connected before anything is enabled. What is enabled later must not matter to
    // this connection.
    eventually(PATIENCE, "the dump runs", || !source.dumps().is_empty());
    (source, replica)
}

in_both_vocabularies! {
    fn overview_of_semi_sync(names) {
        let (source, replica) = plain_pair(names);
        let loading = source.rows("show variables like 'have_dynamic_loading'");
        assert_eq!(row(&loading, "have_dynamic_loading"), "YES");
        source.script(
            &names.spell("INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so';"),
        );
        replica
            .script(&names.spell("INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so';"));
        for (server, plugin) in [
            (&source, names.source_plugin()),
            (&replica, names.replica_plugin()),
        ] {
            let rows = server.rows(
                "SELECT PLUGIN_NAME, PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS \
                 WHERE PLUGIN_NAME LIKE '%semi%'",
            );
            assert_eq!(rows, [[plugin, "ACTIVE".to_owned()]]);
        }

        // Installed is not enabled.
        let variables = source.rows("show variables like '%rpl%'");
        assert_eq!(row(&variables, &names.source_var("enabled")), "OFF");
        let dialect = source.dialect();
        if dialect.has_wait_count() {
            assert_eq!(row(&variables, &names.wait_count_var()), "1");
        }
        if dialect.has_wait_point() {
            let default = dialect.default_wait_point();
            assert_eq!(row(&variables, &names.source_var("wait_point")), default);
        }
        assert_eq!(replica.variable(&names.replica_var("enabled")), "0");
        assert_eq!(source.status("status"), "OFF");
        assert_eq!(replica.replica_status(), "OFF");

        // The replica alone: asynchronous.
        replica.script(&names.spell("SET GLOBAL rpl_semi_sync_slave_enabled = 1;"));
        replica.script(IO_RESTART);
        source.wait_status("clients", "1");
        source.insert(1);
        assert_eq!(
            (source.status("status"), source.counter("yes_tx")),
            ("OFF".to_owned(), 0)
        );

        // The source alone: one timeout, then asynchronous.
        replica.script(&names.spell("SET GLOBAL rpl_semi_sync_slave_enabled = 0;"));
        replica.script(IO_RESTART);
        source.wait_status("clients", "0");
        source.script(&names.spell(
            "SET GLOBAL rpl_semi_sync_master_enabled = 1;\n\
             SET GLOBAL rpl_semi_sync_master_timeout = 500;",
        ));
        source.insert(2);
        let status = source.rows("show status like '%rpl%'");
        assert_eq!(row(&status, &names.source_status("status")), "OFF");
        assert_eq!(row(&status, &names.source_status("no_tx")), "1");
        assert_eq!(row(&status, &names.source_status("yes_tx")), "0");
        // A loaded machine may need longer than the guide's timeout for a commit that is confirmed.
        source.set_source("timeout", A_DAY_MS);

        // Enabling semi-sync on the replica without a restart of its I/O thread changes nothing.
        replica.script(&names.spell("SET GLOBAL rpl_semi_sync_slave_enabled = 1;"));
        source.insert(3);
        replica.wait_applied(&source);
        assert_eq!(
            (source.status("clients"), source.status("status")),
            ("0".to_owned(), "OFF".to_owned())
        );
        assert_eq!(replica.replica_status(), "OFF");

        replica.script(IO_RESTART);
        source.wait_status("status", "ON");
        assert_eq!(source.status("clients"), "1");
        source.insert(4);
        let status = source.rows("show status like '%rpl%'");
        assert_eq!(row(&status, &names.source_status("yes_tx")), "1");
        replica.wait_replica_status("ON");

        visibility(&source, &replica);

        // The same from an option file. The servers remember the plugins.
        let timeout = format!("{}=1000", names.source_var("timeout"));
        let enabled = format!("{}=1", names.source_var("enabled"));
        source.reconfigure(|config| config.option(&enabled).option(&timeout));
        replica.reconfigure(|config| config.option(&format!("{}=1", names.replica_var("enabled"))));
        source.restart();
        replica.restart();
        source.wait_status("clients", "1");
        source.wait_status("status", "ON");
        assert_eq!(source.variable(&names.source_var("timeout")), "1000");
        source.set_source("timeout", A_DAY_MS);
        source.insert(5);
        assert_eq!(source.counter("yes_tx"), 1);
        replica.wait_applied(&source);
        assert_eq!(replica.count_rows(Some(5)), 1);
    }
}

/// AFTER_SYNC: no other session sees the row before a replica has it. AFTER_COMMIT: others may see
/// it.
fn visibility(source: &Server, replica: &Server) {
    source.set_source("timeout", "60000");
    let known = source.dialect().wait_points();
    for (wait_point, n, seen) in [("AFTER_SYNC", 101, 0), ("AFTER_COMMIT", 102, 1)] {
        if !known.contains(&wait_point) {
            continue;
        }
        source.set_wait_point(wait_point);
        replica.execute("STOP SLAVE IO_THREAD");
        source.wait_status("clients", "0");
        let commit = Waiting::insert(source, n);
        assert_eq!(source.count_rows(Some(n)), seen, "{wait_point}");
        replica.execute("START SLAVE IO_THREAD");
        commit.done_within(Duration::from_secs(15));
        assert_eq!(source.count_rows(Some(n)), 1);
    }
    source.set_wait_point(source.dialect().default_wait_point());
}

in_both_vocabularies! {
    fn setting_up_a_pair(names) {
        // Both roles on one server, for a switch-over. The other server has its own role alone.
        let both = names.spell(
            "plugin-load = \"rpl_semi_sync_master=semisync_master.so;\
             rpl_semi_sync_slave=semisync_slave.so\"\n\
             rpl-semi-sync-master-enabled = 1\n\
             rpl-semi-sync-slave-enabled = 1",
        );
        let one = names.spell(
            "plugin-load=rpl_semi_sync_slave=semisync_slave.so\nrpl_semi_sync_slave_enabled=1",
        );
        let configs = vec![
            ServerConfig::new(1, names).option(&both),
            ServerConfig::new(2, names).option(&one),
        ];
        let mut servers = Server::start_all(configs);
        servers.iter().for_each(Server::prepare);
        let replica = servers.pop().expect("two servers");
        let source = servers.pop().expect("two servers");

        let plugins = source.rows("show plugins");
        for (plugin, library) in [
            (names.source_plugin(), names.source_library()),
            (names.replica_plugin(), names.replica_library()),
        ] {
            let row = plugins
                .iter()
                .find(|row| row[0] == plugin)
                .expect("the plugin is listed");
            assert_eq!(row[1..], ["ACTIVE", "REPLICATION", library.as_str(), "GPL"]);
        }
        let timeout =
            source.rows(&names.spell("show variables like \"rpl_semi_sync_master_timeout\""));
        assert_eq!(timeout[0][1], "10000");

        replica.replicate_from(&source, &Link::default());
        source.wait_status("clients", "1");
        let line = source.wait_log("semi-sync binlog_dump to");
        // The words are the server's own, in either vocabulary.
        let dialect = source.dialect();
        assert!(line.contains(&dialect.log_tag("Note", 11170)), "{line}");
        let file = if source.has_gtids() {
            ""
        } else {
            "binlog.000001"
        };
        let start =
            format!("Start semi-sync binlog_dump to replica (server_id: 2), pos({file}, 4)");
        assert!(line.contains(&dialect.log_line(&start)), "{line}");
        source.insert(1);
        let on =
            |server: &Server, statement: &str| server.rows(&names.spell(statement))[0][1].clone();
        assert_eq!(
            on(&source, "show status like 'Rpl_semi_sync_master_status'"),
            "ON"
        );
        assert_eq!(
            on(&replica, "show status like 'Rpl_semi_sync_slave_status'"),
            "ON"
        );
        // The other role of the source is idle.
        assert_eq!(
            on(&source, "show status like 'Rpl_semi_sync_slave_status'"),
            "OFF"
        );

        // One timeout, then asynchronous; back when the replica has caught up.
        source.execute(&names.spell("SET GLOBAL rpl_semi_sync_master_timeout = 300"));
        replica.execute("STOP SLAVE IO_THREAD");
        source.insert(2);
        assert_eq!(source.status("status"), "OFF");
        source.set_source("timeout", A_DAY_MS);
        replica.execute("START SLAVE IO_THREAD");
        source.wait_status("status", "ON");
        source.insert(3);
        assert_eq!((source.counter("yes_tx"), source.counter("no_tx")), (2, 1));

        source.execute(&names.spell("SET GLOBAL rpl_semi_sync_master_enabled = 0"));
        replica.execute("STOP SLAVE");
        source.wait_status("clients", "0");
        source.script(&names.spell("UNINSTALL PLUGIN rpl_semi_sync_master;"));
        replica.script(&names.spell("UNINSTALL PLUGIN rpl_semi_sync_slave;"));
        source.insert(4);
        source.stop();
        replica.stop();
    }

    fn the_reference_manuals_installation_page(names) {
        let source = Server::start(ServerConfig::new(1, names));
        let plugin_dir = source.value("SELECT @@plugin_dir");
        for library in [names.source_library(), names.replica_library()] {
            assert!(
                fs::exists(format!("{plugin_dir}{library}")).unwrap(),
                "{plugin_dir}{library}"
            );
        }
        // If ours depended on another shared library, that would be mapped too.
        let before = mapped_libraries(&source);
        source.execute(&names.install_source());
        source.execute(&names.install_replica());
        let ours = |path: &&String| path.contains("semisync_");
        let new: Vec<String> = mapped_libraries(&source)
            .difference(&before)
            .cloned()
            .collect();
        assert_eq!(new.iter().filter(ours).count(), 2, "{new:?}");
        assert_eq!(
            new.len(),
            2,
            "the libraries brought others with them: {new:?}"
        );

        let (code, message) = source.error(&names.install_source());
        // MariaDB has a number of its own for this error.
        let expected = if source.dialect().is_mariadb() {
            1968
        } else {
            1125
        };
        assert_eq!(code, expected, "{message}");
        // A file that does not exist: error 1126.
        let (code, message) =
            source.error("INSTALL PLUGIN rpl_semi_sync_other SONAME 'semisync_other.so'");
        assert_eq!(code, 1126, "{message}");
        source.stop();
    }
}

/// The shared objects in the server's address space.
fn mapped_libraries(server: &Server) -> BTreeSet<String> {
    let maps = fs::read_to_string(format!("/proc/{}/maps", server.pid())).expect("maps");
    let paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    paths
        .filter(|path| path.contains(".so"))
        .map(str::to_owned)
        .collect()
}

in_both_vocabularies! {
    fn lossless_semi_sync_with_figures(names) {
        let (source, replica) = plain_pair(names);
        source.execute(&names.install_source());
        replica.execute(&names.install_replica());
        source.execute(&names.spell("SET GLOBAL rpl_semi_sync_master_enabled = 1"));
        replica.execute(&names.spell("SET GLOBAL rpl_semi_sync_slave_enabled = 1"));

        let variables = source.rows("show variables like 'rpl_semi_sync%'");
        let dialect = source.dialect();
        let expected = [
            (names.source_var("enabled"), "ON", true),
            (names.source_var("timeout"), "10000", true),
            (names.source_var("trace_level"), "32", true),
            (names.wait_count_var(), "1", dialect.has_wait_count()),
            (names.wait_no_replica_var(), "ON", true),
            (
                names.source_var("wait_point"),
                dialect.default_wait_point(),
                dialect.has_wait_point(),
            ),
        ];
        let expected: Vec<Vec<String>> = expected
            .into_iter()
            .filter_map(|(name, value, has)| has.then(|| vec![name, value.to_owned()]))
            .collect();
        assert_eq!(variables, expected);
        assert_eq!(variables.len(), dialect.source_variables());

        let suffixes = [
            "clients",
            "net_avg_wait_time",
            "net_wait_time",
            "net_waits",
            "no_times",
            "no_tx",
            "status",
            "timefunc_failures",
            "tx_avg_wait_time",
            "tx_wait_time",
            "tx_waits",
            "wait_pos_backtraverse",
            "wait_sessions",
            "yes_tx",
        ];
        let status = source.rows("show status like 'rpl_semi_sync%'");
        // Before any replica: nothing is counted, and the status is ON.
        let expected = suffixes.map(|suffix| {
            let value = if suffix == "status" { "ON" } else { "0" };
            vec![names.source_status(suffix), value.to_owned()]
        });
        assert_eq!(status, expected);
        let status = replica.rows("show status like 'rpl_semi_sync%'");
        assert_eq!(status, [[names.replica_status(), "OFF".to_owned()]]);

        replica.script("stop replica io_thread;\nstart replica io_thread;");
        source.wait_status("clients", "1");
        assert_eq!(replica.replica_status(), "ON");
        // A silent replica makes sure that the session waits before the acknowledgement comes.
        replica.freeze();
        let commit = Waiting::insert(&source, 1);
        replica.thaw();
        commit.done_within(Duration::from_secs(15));
        assert_eq!(
            (source.counter("yes_tx"), source.counter("tx_waits")),
            (1, 1)
        );
        assert_eq!(source.counter("net_waits"), 1);
        assert!(source.counter("tx_wait_time") > 0);
        assert_eq!(
            source.counter("tx_avg_wait_time"),
            source.counter("tx_wait_time")
        );

        // Without a replica the next insert takes the timeout, 10.0 s by default.
        replica.execute("stop replica io_thread");
        source.wait_status("clients", "0");
        let begin = Instant::now();
        source.insert(2);
        let took = begin.elapsed();
        assert!(DEFAULT_TIMEOUT.contains(&took), "the insert took {took:?}");
        assert_eq!(
            (source.counter("no_tx"), source.status("clients")),
            (1, "0".to_owned())
        );
        assert_eq!(source.status("status"), "OFF");
        assert_eq!(source.count_rows(Some(2)), 1);
        replica.execute("start replica io_thread");
        source.wait_status("status", "ON");
        // The commit that timed out is no wait for an acknowledgement.
        assert_eq!(source.counter("tx_waits"), 1);
        source.insert(3);
        replica.wait_applied(&source);
        assert_eq!(replica.count_rows(None), 3);
    }

    fn mariadb(names) {
        let configs = vec![ServerConfig::new(1, names), ServerConfig::new(2, names)];
        let mut servers = Server::start_all(configs);
        servers.iter().for_each(Server::prepare);
        let replica = servers.pop().expect("two servers");
        let source = servers.pop().expect("two servers");
        let dialect = source.dialect();
        for (server, side, other, count) in [
            (&source, "master", "slave", dialect.source_variables()),
            (&replica, "slave", "master", 2),
        ] {
            server.script(&names.spell(&format!(
                "INSTALL PLUGIN rpl_semi_sync_{side} SONAME 'semisync_{side}.so';\n\
                 SET GLOBAL rpl_semi_sync_{side}_enabled=1;"
            )));
            let variables = server.rows("SHOW GLOBAL VARIABLES LIKE '%semi%'");
            assert_eq!(
                row(
                    &variables,
                    &names.spell(&format!("rpl_semi_sync_{side}_enabled"))
                ),
                "ON"
            );
            let of_other = names.spell(&format!("rpl_semi_sync_{other}_enabled"));
            assert!(
                variables.iter().all(|row| row[0] != of_other),
                "{variables:?}"
            );
            assert_eq!(variables.len(), count, "{variables:?}");
        }

        let (file, position) = source.binlog_position();
        // Newer servers send no password over a connection that anybody can read, unless they are
        // told how.
        let key = if dialect.takes_new_statements() {
            ", GET_SOURCE_PUBLIC_KEY=1"
        } else {
            ""
        };
        replica.execute(&format!(
            "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={}, \
             MASTER_USER='{REPLICATION_USER}', \
             MASTER_PASSWORD='{REPLICATION_PASSWORD}', MASTER_LOG_FILE='{file}', \
             MASTER_LOG_POS={position}{key}",
            source.port(),
        ));
        replica.execute("START SLAVE");
        source.wait_status("clients", "1");
        source.insert(1);
        replica.wait_applied(&source);
        let columns = replica
            .replica_columns()
            .expect("SHOW SLAVE STATUS has a row");
        for thread in ["Replica_IO_Running", "Replica_SQL_Running"] {
            assert_eq!(columns[thread], "Yes", "{thread}");
        }
        assert_eq!(
            (source.status("status"), replica.replica_status()),
            ("ON".to_owned(), "ON".to_owned())
        );
        assert_eq!((source.counter("yes_tx"), source.counter("no_tx")), (1, 0));
        assert_eq!(replica.count_rows(None), 1);
    }
}
