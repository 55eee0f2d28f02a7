//! The ways to set a plugin and its variables: option file, command line, SET GLOBAL, SET PERSIST.
//! All of them with the server's own errors and warnings.

use semisync_live_tests::dialect::not_applicable;
use semisync_live_tests::{Dialect, Names, Server, ServerConfig, in_both_vocabularies, needs};

/// Of lines that name variables, those whose variables this series has.
fn offered(lines: &str) -> String {
    let dialect = Dialect::of_run();
    let is_offered = |line: &&str| {
        (dialect.has_wait_point() || !line.contains("wait_point"))
            && (dialect.has_wait_count() || !line.contains("wait_for"))
    };
    let lines: Vec<&str> = lines.lines().filter(is_offered).collect();
    lines.join("\n")
}

/// The variables of both sides have the values expected.
fn assert_variables(server: &Server, expected: &[(String, &str)]) {
    for (name, value) in expected {
        let rows = server.rows(&format!("SHOW GLOBAL VARIABLES LIKE '{name}'"));
        assert_eq!(rows, [[name.as_str(), value]]);
    }
}

fn set_everywhere(names: Names) -> Vec<(String, &'static str)> {
    let all = [
        (names.source_var("enabled"), "ON"),
        (names.source_var("timeout"), "1234"),
        (names.source_var("trace_level"), "16"),
        (names.wait_count_var(), "2"),
        (names.wait_no_replica_var(), "OFF"),
        (names.source_var("wait_point"), "AFTER_COMMIT"),
        (names.replica_var("enabled"), "ON"),
        (names.replica_var("trace_level"), "64"),
    ];
    let is_offered = |(name, _): &(String, &str)| !offered(name).is_empty();
    all.into_iter().filter(is_offered).collect()
}

fn assert_both_roles_active(server: &Server) {
    let rows = server.rows(
        "SELECT PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS \
         WHERE PLUGIN_NAME LIKE 'rpl_semi_sync%'",
    );
    assert_eq!(rows, [["ACTIVE"], ["ACTIVE"]]);
}

in_both_vocabularies! {
    fn the_option_file_takes_both_spellings_and_loose(names) {
        let lines = names.spell(
            "plugin-load-add=semisync_master.so\n\
             plugin_load_add=semisync_slave.so\n\
             rpl-semi-sync-master-enabled=1\n\
             rpl_semi_sync_master_timeout=1234\n\
             loose-rpl-semi-sync-master-trace-level=16\n\
             loose_rpl_semi_sync_master_wait_for_slave_count=2\n\
             rpl_semi-sync_master-wait_no-slave = OFF\n\
             rpl_semi_sync_master_wait_point=AFTER_COMMIT\n\
             rpl-semi-sync-slave-enabled\n\
             loose-rpl_semi_sync_slave_trace_level=64\n\
             loose-rpl_semi_sync_no_such_option=1",
        );
        let server = Server::start(ServerConfig::new(1, names).option(&offered(&lines)));
        assert_both_roles_active(&server);
        assert_variables(&server, &set_everywhere(names));
    }

    fn the_command_line_takes_both_spellings_and_loose(names) {
        let plugins = names.spell(
            "--plugin-load=rpl_semi_sync_master=semisync_master.so;\
             rpl_semi_sync_slave=semisync_slave.so",
        );
        // 1 is the place of AFTER_COMMIT in the list.
        let arguments = names.spell(
            "--rpl-semi-sync-master-enabled\n\
             --rpl_semi_sync_master_timeout=1234\n\
             --loose-rpl-semi-sync-master-trace-level=16\n\
             --loose_rpl_semi_sync_master_wait_for_slave_count=2\n\
             --skip-rpl-semi-sync-master-wait-no-slave\n\
             --rpl_semi_sync-master-wait_point=1\n\
             --rpl-semi-sync-slave-enabled=ON\n\
             --rpl_semi_sync_slave_trace_level=64",
        );
        let config = ServerConfig::new(1, names).arg(&plugins);
        let config = offered(&arguments).lines().fold(config, ServerConfig::arg);
        let server = Server::start(config);
        assert_both_roles_active(&server);
        assert_variables(&server, &set_everywhere(names));
    }

    fn a_loose_option_waits_for_the_plugin(names) {
        let lines = names.spell(
            "loose-rpl_semi_sync_master_timeout=1234\nloose-rpl_semi_sync_slave_trace_level=64",
        );
        let server = Server::start(ServerConfig::new(1, names).option(&lines));
        assert!(
            server
                .rows("SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync%'")
                .is_empty()
        );
        server.execute(&names.install_source());
        server.execute(&names.install_replica());
        assert_eq!(server.variable(&names.source_var("timeout")), "1234");
        assert_eq!(server.variable(&names.replica_var("trace_level")), "64");
        // And again after a reload.
        server.execute(&format!("UNINSTALL PLUGIN {}", names.source_plugin()));
        server.execute(&names.install_source());
        assert_eq!(server.variable(&names.source_var("timeout")), "1234");
    }

    fn persisted_values_survive_a_restart_and_a_reload(names) {
        needs!(Dialect::of_run().has_set_persist(), "it has no SET PERSIST");
        let server = Server::start(ServerConfig::new(1, names));
        server.execute(&names.install_source());
        server.execute(&names.install_replica());
        for (name, value) in set_everywhere(names) {
            server.execute(&format!("SET PERSIST {name} = {value}"));
        }
        assert_variables(&server, &set_everywhere(names));
        server.restart();
        assert_both_roles_active(&server);
        assert_variables(&server, &set_everywhere(names));
        let persisted = server.value(
            "SELECT COUNT(*) FROM performance_schema.variables_info \
             WHERE VARIABLE_NAME LIKE 'rpl_semi_sync%' AND VARIABLE_SOURCE = 'PERSISTED'",
        );
        assert_eq!(persisted, "8");

        server.execute(&format!("UNINSTALL PLUGIN {}", names.source_plugin()));
        server.execute(&format!("UNINSTALL PLUGIN {}", names.replica_plugin()));
        server.execute(&names.install_source());
        server.execute(&names.install_replica());
        assert_variables(&server, &set_everywhere(names));

        server.execute(&format!(
            "SET PERSIST_ONLY {} = 77",
            names.source_var("timeout")
        ));
        assert_eq!(server.variable(&names.source_var("timeout")), "1234");
        server.execute(&format!("RESET PERSIST {}", names.source_var("enabled")));
        server.restart();
        assert_eq!(server.variable(&names.source_var("timeout")), "77");
        assert_eq!(server.variable(&names.source_var("enabled")), "0");
    }

    fn values_are_checked_as_the_server_checks_its_own(names) {
        let server = Server::start(ServerConfig::new(1, names).as_source().as_replica());
        let (timeout, count) = (names.source_var("timeout"), names.wait_count_var());
        let (trace, point) = (
            names.source_var("trace_level"),
            names.source_var("wait_point"),
        );
        let replica_trace = names.replica_var("trace_level");
        let largest = "18446744073709551615";

        let is_offered = |name: &str| !offered(name).is_empty();

        // Out of range: the server takes the nearest value that is allowed, with a warning.
        for (name, given, taken) in [
            (&timeout, "-1", "0"),
            (&trace, "-5", "0"),
            (&replica_trace, "-5", "0"),
            (&count, "0", "1"),
            (&count, "-3", "1"),
            (&count, "65536", "65535"),
        ] {
            if !is_offered(name) {
                continue;
            }
            let warnings = server.warnings(&format!("SET GLOBAL {name} = {given}"));
            let quoted = Dialect::of_run().in_warnings(name).to_owned();
            let expected = format!("Truncated incorrect {quoted} value: '{given}'");
            assert_eq!(warnings, [(1292, expected)]);
            assert_eq!(server.variable(name), taken, "{name} = {given}");
        }
        for (name, value) in [
            (&timeout, "0"),
            (&timeout, largest),
            (&trace, largest),
            (&count, "1"),
            (&count, "65535"),
        ] {
            if !is_offered(name) {
                continue;
            }
            assert_eq!(
                server.warnings(&format!("SET GLOBAL {name} = {value}")),
                [],
                "{name} = {value}"
            );
            assert_eq!(&server.variable(name), value);
        }

        // The wait point by its name, in capitals or not, and by its place in the list.
        for (given, taken) in [
            ("'AFTER_COMMIT'", "AFTER_COMMIT"),
            ("0", "AFTER_SYNC"),
            ("after_commit", "AFTER_COMMIT"),
            ("'After_Sync'", "AFTER_SYNC"),
            ("1", "AFTER_COMMIT"),
            ("DEFAULT", Dialect::of_run().default_wait_point()),
        ] {
            if !is_offered(&point) {
                continue;
            }
            server.execute(&format!("SET GLOBAL {point} = {given}"));
            assert_eq!(server.variable(&point), taken, "{given}");
        }

        // Wrong values and types: refused, and nothing changes.
        for (name, given, code) in [
            (&point, "'NEVER'", 1231),
            (&point, "2", 1231),
            (&names.source_var("enabled"), "2", 1231),
            (&names.replica_var("enabled"), "'maybe'", 1231),
            (&timeout, "'abc'", 1232),
            (&timeout, "1.5", 1232),
            (&count, "NULL", 1232),
        ] {
            if !is_offered(name) {
                continue;
            }
            let before = server.variable(name);
            let (seen, message) = server.error(&format!("SET GLOBAL {name} = {given}"));
            assert_eq!(seen, code, "{name} = {given}: {message}");
            assert!(message.contains(name.as_str()), "{message}");
            assert_eq!(server.variable(name), before);
        }
        // These variables are global only.
        let (code, message) = server.error(&format!("SET SESSION {timeout} = 1"));
        assert_eq!(code, 1229, "{message}");
    }

    fn defaults_and_limits_are_those_of_the_manual(names) {
        let plugins =
            names.spell("plugin-load-add=semisync_master.so\nplugin-load-add=semisync_slave.so");
        let server = Server::start(ServerConfig::new(1, names).option(&plugins));
        let largest = "18446744073709551615";
        let dialect = Dialect::of_run();
        let other_point = match dialect.default_wait_point() {
            "AFTER_SYNC" => "AFTER_COMMIT",
            _ => "AFTER_SYNC",
        };
        let mut table = vec![
            (names.source_var("enabled"), "OFF", "ON", "0", "0"),
            (names.source_var("timeout"), "10000", "5", "0", largest),
            (names.source_var("trace_level"), "32", "5", "0", largest),
            (names.wait_count_var(), "1", "5", "1", "65535"),
            (names.wait_no_replica_var(), "ON", "OFF", "0", "0"),
            (
                names.source_var("wait_point"),
                dialect.default_wait_point(),
                other_point,
                "0",
                "0",
            ),
            (names.replica_var("enabled"), "OFF", "ON", "0", "0"),
            (names.replica_var("trace_level"), "32", "5", "0", largest),
        ];
        table.retain(|(name, ..)| !offered(name).is_empty());
        assert_eq!(
            server
                .rows("SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync%'")
                .len(),
            table.len()
        );
        if !dialect.has_variables_info() {
            not_applicable("it does not tell the limits of variables; the rest is tried");
        }
        for (name, default, other, min, max) in &table {
            assert_variables(&server, &[(name.clone(), *default)]);
            if dialect.has_variables_info() {
                let limits = server.rows(&format!(
                    "SELECT MIN_VALUE, MAX_VALUE, VARIABLE_SOURCE \
                     FROM performance_schema.variables_info WHERE VARIABLE_NAME = '{name}'"
                ));
                assert_eq!(limits, [[*min, *max, "COMPILED"]], "{name}");
            }
            server.execute(&format!("SET GLOBAL {name} = {other}"));
            assert_variables(&server, &[(name.clone(), *other)]);
            server.execute(&format!("SET GLOBAL {name} = DEFAULT"));
            assert_variables(&server, &[(name.clone(), *default)]);
        }
    }

    fn the_option_named_after_the_plugin_says_how_it_is_loaded(names) {
        let plugin = names.source_plugin();
        let load = format!("plugin-load-add={}", names.source_library());
        let with = |option: &str| ServerConfig::new(1, names).option(&load).option(option);
        let listed = |server: &Server| {
            server.rows(&format!(
                "SELECT PLUGIN_STATUS, LOAD_OPTION FROM INFORMATION_SCHEMA.PLUGINS \
                 WHERE PLUGIN_NAME = '{plugin}'"
            ))
        };
        let server = Server::start(with(&format!("{plugin}=FORCE_PLUS_PERMANENT")));
        assert_eq!(listed(&server), [["ACTIVE", "FORCE_PLUS_PERMANENT"]]);
        let (code, message) = server.error(&format!("UNINSTALL PLUGIN {plugin}"));
        assert_eq!(code, 1702, "{message}");
        server.stop();

        server.reconfigure(|_| with(&format!("{plugin}=OFF")));
        server.start_again();
        assert_eq!(listed(&server), [["DISABLED", "OFF"]]);
        assert!(
            server
                .rows(&format!("SHOW GLOBAL VARIABLES LIKE '{plugin}%'"))
                .is_empty()
        );
        server.stop();

        server.reconfigure(|_| with(&format!("{plugin}=FORCE")));
        server.start_again();
        assert_eq!(listed(&server), [["ACTIVE", "FORCE"]]);
    }
}
