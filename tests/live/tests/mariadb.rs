//! MariaDB servers with semi-sync built in (10.3 and later): guides that install the plugins of old
//! go on working there. The libraries are those of this run's MySQL series. The servers are
//! Debian's MariaDB, made by `ci/setup`.

use std::collections::BTreeSet;

use semisync_live_tests::dialect::Dialect;
use semisync_live_tests::pair::{REPLICATION_PASSWORD, REPLICATION_USER};
use semisync_live_tests::{Libraries, Names, PATIENCE, Server, ServerConfig, eventually, needs};

/// What our libraries say there.
const NOTE: &str = "Semi-sync replication is built into this server";
/// The variables that the note names.
const USE_THESE: [&str; 4] = [
    "rpl_semi_sync_master_enabled",
    "rpl_semi_sync_master_timeout",
    "rpl_semi_sync_master_wait_point",
    "rpl_semi_sync_slave_enabled",
];
const LOADING: [&str; 4] = [
    "plugin-load-add=semisync_master.so",
    "plugin-load-add=rpl_semi_sync_master=semisync_master.so",
    "plugin_load_add=semisync_master",
    "plugin-load=\"rpl_semi_sync_master=semisync_master.so;rpl_semi_sync_slave=semisync_slave.so\"",
];

/// A claim, tested in each of the servers.
macro_rules! in_each_mariadb {
    ($($(#[$doc:meta])* fn $claim:ident($series:ident) $body:block)*) => {
        $($(#[$doc])*
        mod $claim {
            #[allow(unused_imports)]
            use super::*;

            fn claim($series: &'static str) $body

            #[test]
            fn mariadb_10_11() {
                claim("mariadb-10.11");
            }

            #[test]
            fn mariadb_11_8() {
                claim("mariadb-11.8");
            }
        })*
    };
}

/// A MariaDB server with our libraries for MySQL in its plugin directory.
fn config(series: &str, server_id: u32) -> ServerConfig {
    let ours = Dialect::of_run().series().to_owned();
    ServerConfig::new(server_id, Names::Old)
        .series(series)
        .libraries(Libraries::BuiltFor(ours.leak()))
        .label(if server_id == 1 { "master" } else { "slave" })
}

/// Whether the libraries under test are ours for MySQL. Those for a MariaDB series have variables
/// of their own.
fn has_ours_for_mysql() -> bool {
    Libraries::are_ours() && !Dialect::of_run().is_mariadb()
}
const WHY_NOT: &str = "the libraries under test are not ours for MySQL";

fn names_of(rows: Vec<Vec<String>>) -> BTreeSet<String> {
    rows.into_iter().map(|row| row[0].clone()).collect()
}

fn semi_sync_plugins(server: &Server) -> Vec<Vec<String>> {
    let mut rows = server.rows("SHOW PLUGINS");
    rows.retain(|row| row[0].contains("semi"));
    rows
}

/// The lines that the server itself calls errors.
fn errors(server: &Server) -> Vec<String> {
    let log = server.log();
    let errors = log.lines().filter(|line| line.contains("[ERROR]"));
    errors.map(str::to_owned).collect()
}

/// CHANGE MASTER TO and START SLAVE, as the guide has them.
fn replicate(master: &Server, slave: &Server) {
    slave.script(&format!(
        "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={}, \
         MASTER_USER='{REPLICATION_USER}', \
         MASTER_PASSWORD='{REPLICATION_PASSWORD}', MASTER_CONNECT_RETRY=1, MASTER_SSL=0;\n\
         START SLAVE;",
        master.port()
    ));
    eventually(PATIENCE, "SHOW SLAVE STATUS: Yes and Yes", || {
        let columns = slave.replica_columns().expect("a slave");
        columns["Replica_IO_Running"] == "Yes" && columns["Replica_SQL_Running"] == "Yes"
    });
}

/// Both ends say ON, a commit is acknowledged, and the slave has it.
fn assert_semi_sync(master: &Server, slave: &Server, n: i64) {
    master.wait_status("clients", "1");
    master.wait_status("status", "ON");
    slave.wait_replica_status("ON");
    let before = master.counter("yes_tx");
    master.insert(n);
    assert_eq!(master.counter("yes_tx"), before + 1);
    assert_eq!(master.counter("no_tx"), 0);
    eventually(PATIENCE, "the row is on the slave", || {
        slave.count_rows(Some(n)) == 1
    });
}

in_each_mariadb! {
    /// The fifth of the guides: what its readers type, and what they see.
    fn mariadb_as_the_guide_has_it(series) {
        needs!(has_ours_for_mysql(), WHY_NOT);
        let servers = Server::start_all(vec![config(series, 1), config(series, 2)]);
        servers.iter().for_each(Server::prepare);
        let [master, slave] = &servers[..] else {
            unreachable!("two servers")
        };

        master.script(
            "INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so';\n\
             SET GLOBAL rpl_semi_sync_master_enabled=1;",
        );
        slave.script(
            "INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so';\n\
             SET GLOBAL rpl_semi_sync_slave_enabled=1;",
        );
        for (server, side) in [(master, "master"), (slave, "slave")] {
            let variables = server.rows("SHOW GLOBAL VARIABLES LIKE '%semi%'");
            let enabled = vec![format!("rpl_semi_sync_{side}_enabled"), "ON".to_owned()];
            assert!(variables.contains(&enabled), "{variables:?}");
            let plugin = format!("rpl_semi_sync_{side}");
            let library = format!("semisync_{side}.so");
            let row = [plugin.as_str(), "ACTIVE", "REPLICATION", &library, "GPL"];
            assert_eq!(semi_sync_plugins(server), [row]);
            let note = server.wait_log(NOTE);
            assert!(note.contains("[Note]"), "{note}");
            for variable in USE_THESE {
                assert!(note.contains(variable), "{variable} is not in: {note}");
                server.rows(&format!("SELECT @@global.{variable}"));
            }
        }
        replicate(master, slave);
        assert_semi_sync(master, slave, 1);

        // The plugins go, and semi-sync stays: it did not need them.
        master.script("UNINSTALL PLUGIN rpl_semi_sync_master;");
        slave.script("UNINSTALL PLUGIN rpl_semi_sync_slave;");
        for server in [master, slave] {
            assert_eq!(semi_sync_plugins(server), Vec::<Vec<String>>::new());
            assert_eq!(
                server.rows("SELECT * FROM mysql.plugin"),
                Vec::<Vec<String>>::new()
            );
            assert_eq!(errors(server), Vec::<String>::new());
        }
        assert_semi_sync(master, slave, 2);
        slave.execute("STOP SLAVE");
        master.set_source("timeout", "300");
        master.insert(3);
        assert_eq!(
            (master.status("status"), master.counter("no_tx")),
            ("OFF".to_owned(), 1)
        );
        slave.execute("START SLAVE");
        master.wait_status("status", "ON");
    }

    /// Option files of old servers go on working, in each spelling of the option that loads
    /// plugins.
    fn option_files_go_on_working(series) {
        needs!(has_ours_for_mysql(), WHY_NOT);
        let slave = config(series, 2)
            .option("plugin-load-add=semisync_slave.so")
            .option("rpl_semi_sync_slave_enabled=1");
        let slave = Server::start(slave);
        slave.prepare();
        for loading in LOADING {
            let master = Server::start(
                config(series, 1)
                    .option(loading)
                    .option("rpl_semi_sync_master_enabled=1"),
            );
            master.prepare();
            assert_eq!(
                semi_sync_plugins(&master)[0][..2],
                ["rpl_semi_sync_master", "ACTIVE"],
                "{loading}"
            );
            master.wait_log(NOTE);
            assert_eq!(errors(&master), Vec::<String>::new(), "{loading}");
            replicate(&master, &slave);
            assert_semi_sync(&master, &slave, 1);
            slave.script(
                "STOP SLAVE;\nRESET SLAVE ALL;\nRESET MASTER;\nSET GLOBAL gtid_slave_pos='';\n\
                 SET sql_log_bin=0;\nTRUNCATE app.t;",
            );
        }
        slave.wait_log(NOTE);
        assert_eq!(errors(&slave), Vec::<String>::new());
    }

    /// Installed plugins are there after a restart, with their note, and the option file still
    /// counts.
    fn installed_is_installed_after_a_restart(series) {
        needs!(has_ours_for_mysql(), WHY_NOT);
        let server = Server::start(config(series, 1));
        server.execute("INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'");
        server.execute("INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so'");
        server.reconfigure(|config| config.option("rpl_semi_sync_master_timeout=4321"));
        server.stop();
        let mark = server.log_mark();
        server.start_again();
        assert_eq!(semi_sync_plugins(&server).len(), 2);
        assert_eq!(server.log_since(mark).matches(NOTE).count(), 2);
        assert_eq!(server.variable("rpl_semi_sync_master_timeout"), "4321");
        assert_eq!(errors(&server), Vec::<String>::new());
    }

    /// The same for the newer names: the library loads, and says what does the work.
    fn the_newer_names_load_too(series) {
        needs!(has_ours_for_mysql(), WHY_NOT);
        let server = Server::start(config(series, 1));
        server.execute("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
        server.execute("INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'");
        assert_eq!(server.log().matches(NOTE).count(), 2);
        server.execute("UNINSTALL PLUGIN rpl_semi_sync_replica");
        server.execute("UNINSTALL PLUGIN rpl_semi_sync_source");
        assert_eq!(semi_sync_plugins(&server), Vec::<Vec<String>>::new());
    }

    /// Neither a variable nor a status row comes or goes, and no thread or descriptor is left,
    /// however often the plugin is installed.
    fn nothing_else_changes(series) {
        needs!(has_ours_for_mysql(), WHY_NOT);
        let server = Server::start(config(series, 1));
        let seen = || {
            (
                server.rows("SHOW GLOBAL VARIABLES LIKE '%semi%'"),
                names_of(server.rows("SHOW GLOBAL VARIABLES")),
                names_of(server.rows("SHOW GLOBAL STATUS")),
            )
        };
        let cycle = || {
            server.execute("INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'");
            server.execute("INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so'");
            let installed = seen();
            server.execute("UNINSTALL PLUGIN rpl_semi_sync_slave");
            server.execute("UNINSTALL PLUGIN rpl_semi_sync_master");
            installed
        };
        cycle(); // what the server itself opens at the first time stays open
        let (without, resources) = (seen(), server.resources());
        for _ in 0..20 {
            assert_eq!(cycle(), without, "while installed");
        }
        assert_eq!(seen(), without, "after it");
        // The server begins and ends threads of its own at any time.
        eventually(PATIENCE, "no more descriptors and threads than before", || {
            let now = server.resources();
            now.0 <= resources.0 && now.1 <= resources.1
        });
        server.stop();
    }

    /// Libraries of another generation load too: their descriptors for MySQL differ, the one for
    /// MariaDB does not.
    fn libraries_of_either_generation_load(series) {
        for ours in ["5.6", "9.7"] {
            let server = Server::start(config(series, 1).libraries(Libraries::BuiltFor(ours)));
            server.execute("INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'");
            server.execute("INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so'");
            assert_eq!(server.log().matches(NOTE).count(), 2, "{ours}");
            server.execute("UNINSTALL PLUGIN rpl_semi_sync_slave");
            server.execute("UNINSTALL PLUGIN rpl_semi_sync_master");
            assert_eq!(errors(&server), Vec::<String>::new(), "{ours}");
        }
    }

    /// Libraries for the MariaDB of old have variables that this server has itself. The server
    /// refuses them, and goes on with its own.
    fn libraries_for_older_mariadb_are_refused(series) {
        let ours = "mariadb-10.1";
        let server = Server::start(config(series, 1).libraries(Libraries::BuiltFor(ours)));
        let variables = server.rows("SHOW GLOBAL VARIABLES LIKE '%semi%'");
        let warnings =
            server.warnings("INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'");
        assert!(
            warnings.iter().any(|(code, _)| *code == 1123),
            "{warnings:?}"
        );
        server.wait_log("Plugin 'rpl_semi_sync_master' has conflicting system variables");
        assert_eq!(
            semi_sync_plugins(&server)[0][..2],
            ["rpl_semi_sync_master", "DISABLED"]
        );
        assert_eq!(
            server.rows("SHOW GLOBAL VARIABLES LIKE '%semi%'"),
            variables
        );
        server.execute("SET GLOBAL rpl_semi_sync_master_enabled=1");
        assert_eq!(server.status("status"), "ON");
        server.execute("UNINSTALL PLUGIN rpl_semi_sync_master");
        assert_eq!(semi_sync_plugins(&server), Vec::<Vec<String>>::new());
    }

    /// What the server does without our libraries: this is why they load there.
    fn without_them_installing_fails(series) {
        let none = |config: ServerConfig| config.libraries(Libraries::None);
        let server = Server::start(none(config(series, 1)));
        let (code, text) =
            server.error("INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'");
        assert_eq!(code, 1126, "{text}");
        assert!(text.contains("No such file or directory"), "{text}");
        for loading in LOADING {
            let config = none(config(series, 1))
                .option(loading)
                .option("rpl_semi_sync_master_enabled=1");
            let server = Server::start(config);
            assert_eq!(semi_sync_plugins(&server), Vec::<Vec<String>>::new());
            let errors = errors(&server);
            assert!(
                errors
                    .iter()
                    .any(|line| line.contains("Couldn't load plugin")),
                "{loading}: {errors:?}"
            );
            assert_eq!(server.variable("rpl_semi_sync_master_enabled"), "1");
        }
    }
}
