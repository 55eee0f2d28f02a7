//! The operator's plugin, the second one in each library: installed alone it changes nothing, it
//! acts on the main plugin of its own library only, its texts are checked, and when it goes,
//! everything is as stock has it.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Server, ServerConfig, Topology, eventually,
    in_both_vocabularies, needs,
};

const OURS: &str = "stock has no second plugin";
/// `ER_INSTALL_PLUGIN_CONFLICT_CLIENT`
const CONFLICT: u16 = 4045;
/// `ER_WRONG_VALUE_FOR_VAR`
const WRONG_VALUE: u16 = 1231;

/// One side of replication: its main plugin and the operator's plugin, in the library that has
/// both.
struct Side {
    main: String,
    operator: &'static str,
    library: String,
}

fn sides(names: Names) -> [Side; 2] {
    [
        Side {
            main: names.source_plugin(),
            operator: "semisync_source",
            library: names.source_library(),
        },
        Side {
            main: names.replica_plugin(),
            operator: "semisync_replica",
            library: names.replica_library(),
        },
    ]
}

impl Side {
    fn install_main(&self) -> String {
        format!("INSTALL PLUGIN {} SONAME '{}'", self.main, self.library)
    }

    fn install_operator(&self) -> String {
        format!("INSTALL PLUGIN {} SONAME '{}'", self.operator, self.library)
    }
}

/// Rows of SHOW GLOBAL VARIABLES or STATUS.
fn shown(server: &Server, what: &str, pattern: &str) -> BTreeMap<String, String> {
    server
        .rows(&format!("SHOW GLOBAL {what} LIKE '{pattern}'"))
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect()
}

/// The operator's variables in this series, and their defaults.
fn defaults(dialect: &Dialect) -> BTreeMap<String, String> {
    let mut defaults = vec![
        ("semisync_source_quorum", ""),
        ("semisync_source_members", ""),
        ("semisync_source_zone", ""),
        ("semisync_source_timeout_action", "ASYNC"),
        ("semisync_source_rejoin_after_ms", "0"),
        ("semisync_source_release_waits", "OFF"),
        ("semisync_source_kill_ends_wait", "OFF"),
        ("semisync_source_wait_when_read_only", "ON"),
        ("semisync_source_replica_rows", "OFF"),
        ("semisync_source_spin_us", "0"),
        ("semisync_replica_name", ""),
        ("semisync_replica_zone", ""),
        ("semisync_replica_ack_after", "RECEIVED"),
    ];
    if dialect.has_before_commit() {
        defaults.push(("semisync_source_fenced", "OFF"));
        defaults.push(("semisync_source_min_replicas", "0"));
    }
    defaults
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Other values than the defaults, as `SHOW VARIABLES` has them. Nothing waits for a replica
/// because of them.
fn others(dialect: &Dialect) -> BTreeMap<String, String> {
    let mut others = vec![
        (
            "semisync_source_quorum",
            "ANY 1 (zone:east) AND FIRST 1 (2, 3)",
        ),
        ("semisync_source_members", "2=db2@east, 3=db3@west"),
        ("semisync_source_zone", "north"),
        ("semisync_source_timeout_action", "WAIT"),
        ("semisync_source_rejoin_after_ms", "1500"),
        ("semisync_source_kill_ends_wait", "ON"),
        ("semisync_source_wait_when_read_only", "OFF"),
        ("semisync_source_replica_rows", "ON"),
        ("semisync_source_spin_us", "200"),
        ("semisync_replica_name", "db2"),
        ("semisync_replica_zone", "east"),
        ("semisync_replica_ack_after", "SYNCED"),
    ];
    if dialect.has_before_commit() {
        others.push(("semisync_source_fenced", "ON"));
        others.push(("semisync_source_min_replicas", "2"));
    }
    others
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// As `SET` takes the value.
fn literal(value: &str) -> String {
    match value.parse::<u64>() {
        Ok(_) => value.to_owned(),
        Err(_) => format!("'{value}'"),
    }
}

/// What `SHOW VARIABLES` has of the operator's. (Variables of the server that begin alike: none.)
fn variables(server: &Server) -> BTreeMap<String, String> {
    shown(server, "VARIABLES", "semisync%")
}

/// All four plugins, by name and by the library alone.
fn config_with_all(names: Names) -> ServerConfig {
    sides(names)
        .iter()
        .fold(ServerConfig::new(1, names), |config, side| {
            config.option(&format!("plugin-load-add={}", side.library))
        })
}

in_both_vocabularies! {
    fn with_everything_installed_the_rows_of_semi_sync_are_exactly_stocks(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(ServerConfig::new(1, names));
        let dialect = server.dialect();
        let rows = || {
            let variables = shown(&server, "VARIABLES", "rpl_semi_sync%");
            (variables, shown(&server, "STATUS", "rpl_semi_sync%"))
        };
        let [source, replica] = sides(names);
        for side in [&source, &replica] {
            server.execute(&side.install_main());
        }
        let of_main_plugins = rows();
        for side in [&source, &replica] {
            server.execute(&side.install_operator());
        }
        assert_eq!(rows(), of_main_plugins);
        for (name, value) in others(&dialect) {
            server.execute(&format!("SET GLOBAL {name} = {}", literal(&value)));
        }
        assert_eq!(rows(), of_main_plugins);
        let (variables, status) = of_main_plugins;
        assert_eq!(variables.len(), dialect.source_variables() + 2);
        assert_eq!(status.len(), 14 + 1);
        for side in [&source, &replica] {
            server.uninstall(&side.main);
        }
        assert_eq!(rows(), (BTreeMap::new(), BTreeMap::new()));
        server.stop();
    }

    fn the_second_plugin_comes_before_after_and_without_the_main_one(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(ServerConfig::new(1, names));
        for side in sides(names) {
            let (main, operator) = (side.install_main(), side.install_operator());
            for [first, second] in [[&main, &operator], [&operator, &main]] {
                server.execute(first);
                server.execute(second);
                // Either of them goes first.
                server.uninstall(&side.main);
                assert!(server.has_plugin(side.operator));
                server.execute(&main);
                server.uninstall(side.operator);
                assert!(server.has_plugin(&side.main));
                server.uninstall(&side.main);
            }
            server.execute(&operator);
            let prefix = format!("{}%", side.operator);
            let rows = shown(&server, "STATUS", &prefix);
            assert!(!rows.is_empty() && rows.values().all(|value| value == "0"), "{rows:?}");
            server.uninstall(side.operator);
            assert_eq!(shown(&server, "STATUS", &prefix), BTreeMap::new());
        }
        let log = server.log();
        assert!(!log.contains("Cannot install the"), "{log}");
        server.stop();
    }

    fn plugin_load_without_names_loads_all_plugins_and_changes_nothing(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(config_with_all(names));
        for side in sides(names) {
            assert!(server.has_plugin(&side.main) && server.has_plugin(side.operator));
        }
        assert_eq!(variables(&server), defaults(&server.dialect()));
        assert_eq!(server.stray_errors_since(0), Vec::<String>::new());
        server.stop();
    }

    fn what_was_installed_is_installed_after_a_restart_and_goes_by_the_option_file(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(ServerConfig::new(1, names));
        for side in sides(names) {
            server.execute(&side.install_operator());
            server.execute(&side.install_main());
        }
        let others = others(&server.dialect());
        for (name, value) in &others {
            server.reconfigure(|config| config.option(&format!("loose-{name}={value}")));
        }
        // What an option file says of it is for nobody: nobody waits yet.
        server.reconfigure(|config| config.option("loose-semisync_source_release_waits=ON"));
        server.restart();
        let mut expected = defaults(&server.dialect());
        expected.extend(others);
        assert_eq!(variables(&server), expected);
        assert_eq!(server.stray_errors_since(0), Vec::<String>::new());
        // At run time the option file counts too.
        for side in sides(names) {
            server.uninstall(side.operator);
        }
        assert_eq!(variables(&server), BTreeMap::new());
        for side in sides(names) {
            server.execute(&side.install_operator());
        }
        assert_eq!(variables(&server), expected);
        server.stop();
    }

    fn persisted_values_are_set_again_after_a_restart(names) {
        needs!(Libraries::are_ours(), OURS);
        needs!(Dialect::of_run().has_set_persist(), "it has no SET PERSIST");
        let server = Server::start(config_with_all(names));
        for (name, value) in others(&server.dialect()) {
            server.execute(&format!("SET PERSIST {name} = {}", literal(&value)));
        }
        let mut expected = defaults(&server.dialect());
        expected.extend(others(&server.dialect()));
        assert_eq!(variables(&server), expected);
        server.restart();
        assert_eq!(variables(&server), expected);
        // And when the plugin comes at run time.
        server.uninstall("semisync_source");
        let [source, _] = sides(names);
        server.execute(&source.install_operator());
        assert_eq!(variables(&server), expected);
        assert_eq!(server.stray_errors_since(0), Vec::<String>::new());
        server.stop();
    }

    fn a_plugin_out_of_the_other_library_is_refused_in_either_order(names) {
        needs!(Libraries::are_ours(), OURS);
        needs!(names.other().is_available(), "they have one vocabulary");
        let server = Server::start(ServerConfig::new(1, names));
        for (here, there) in sides(names).iter().zip(sides(names.other())) {
            for (installed, refused, [plugin, file, in_the_way, other_file]) in [
                (
                    here.install_main(),
                    there.install_operator(),
                    [there.operator, &there.library, &here.main, &here.library],
                ),
                (
                    there.install_operator(),
                    here.install_main(),
                    [&here.main, &here.library, there.operator, &there.library],
                ),
            ] {
                server.execute(&installed);
                let mark = server.log_mark();
                let (code, message) = server.error(&refused);
                assert_eq!(code, CONFLICT, "{message}");
                let sentence = format!(
                    "Cannot install the {plugin} plugin of {file} when the {in_the_way} plugin of \
                     another library ({other_file}) is installed"
                );
                assert!(message.starts_with(&sentence), "{message}");
                let line = server.wait_log_since(mark, &sentence);
                assert!(line.contains(&server.dialect().conflict_tag()), "{line}");
                assert!(!server.has_plugin(plugin));
                server.uninstall(in_the_way);
            }
        }
        // In the option file: one of them is left out with a line, and the server starts.
        let [here, _] = sides(names);
        let [there, _] = sides(names.other());
        server.reconfigure(|config| {
            config
                .option(&format!("plugin-load-add={}={}", here.main, here.library))
                .option(&format!("plugin-load-add={}={}", there.operator, there.library))
        });
        server.restart();
        let active = [&*here.main, there.operator].map(|plugin| server.has_plugin(plugin));
        // Which one is initialised first is up to the series.
        assert!(active[0] != active[1], "{active:?}");
        server.wait_log("of another library");
        server.stop();
    }

    fn uninstalling_sets_every_addition_back_to_its_default(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(config_with_all(names));
        for (name, value) in others(&server.dialect()) {
            server.execute(&format!("SET GLOBAL {name} = {}", literal(&value)));
        }
        for side in sides(names) {
            server.uninstall(side.operator);
        }
        assert_eq!(variables(&server), BTreeMap::new());
        // The fence is down.
        server.execute("CREATE DATABASE app");
        for side in sides(names) {
            server.execute(&side.install_operator());
        }
        assert_eq!(variables(&server), defaults(&server.dialect()));
        server.stop();
    }

    fn uninstalling_releases_those_who_wait_under_a_quorum_by_stocks_rule(names) {
        needs!(Libraries::are_ours(), OURS);
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        source.insert(1);
        let before = source.counter("yes_tx");
        source.execute("SET GLOBAL semisync_source_quorum = 'ANY 1 (nobody)'");
        thread::scope(|scope| {
            // They come to the wait point one after the other, or side by side.
            for n in 0..4 {
                scope.spawn(move || source.insert(n));
            }
            eventually(PATIENCE, "somebody waits", || source.counter("wait_sessions") > 0);
            // The replica has it, and does not count.
            pair.replica().wait_applied(source);
            assert!(source.counter("wait_sessions") > 0);
            assert_eq!(source.global_status("Semisync_source_state"), "3");
            source.uninstall("semisync_source");
        });
        // Confirmed by the replica whom stock's rule counts. (Commits of one group count once.)
        assert!(source.counter("yes_tx") > before);
        assert_eq!((source.counter("no_tx"), source.status("status")), (0, "ON".to_owned()));
        pair.source.stop();
        pair.replica().stop();
    }

    fn a_wrong_text_is_refused_with_the_variable_the_value_and_the_place(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(config_with_all(names));
        for (name, good, bad, place) in [
            ("semisync_source_quorum", "ANY 2 (*)", "ANY x (a)", "at character 5."),
            ("semisync_source_quorum", "ZONES 2", "ANY 1 (a, b", "at character 12."),
            ("semisync_source_members", "2=db2", "2=db2, x=y", "at character 8."),
            ("semisync_source_zone", "a", "a b", "at character 2."),
            ("semisync_replica_name", "db2", "db2@east", "at character 4."),
            ("semisync_replica_zone", "east", "17", "at character 1."),
        ] {
            server.execute(&format!("SET GLOBAL {name} = '{good}'"));
            let (code, message) = server.error(&format!("SET GLOBAL {name} = '{bad}'"));
            assert_eq!(code, WRONG_VALUE, "{message}");
            let sentence = format!("Variable '{name}' can't be set to the value of '{bad}': ");
            assert!(message.starts_with(&sentence) && message.ends_with(place), "{message}");
            assert_eq!(server.variable(name), good);
            // One statement is all or nothing.
            let both = format!("SET GLOBAL {name} = '', GLOBAL {name} = '{bad}'");
            assert_eq!(server.error(&both).0, WRONG_VALUE);
            assert_eq!(server.variable(name), good);
            server.execute(&format!("SET GLOBAL {name} = DEFAULT"));
            assert_eq!(server.variable(name), "");
        }
        let (code, message) =
            server.error("SET GLOBAL semisync_source_quorum = CONCAT('ANY ', x'ff')");
        assert_eq!(code, WRONG_VALUE, "{message}");
        assert!(message.ends_with("byte 5 is not UTF-8."), "{message}");
        // The server's own checks.
        let (code, _) = server.error("SET GLOBAL semisync_source_timeout_action = 'PANIC'");
        assert_eq!(code, WRONG_VALUE);
        assert_eq!(variables(&server), defaults(&server.dialect()));
        server.stop();
    }

    fn a_wrong_text_in_the_option_file_is_a_line_in_the_log_and_the_server_starts(names) {
        needs!(Libraries::are_ours(), OURS);
        let config = config_with_all(names)
            .option("semisync_source_quorum=ANY 1 (a) AND THEN 1 (b)")
            .option("semisync_source_zone=north")
            .option("semisync_replica_name=db 2");
        let server = Server::start(config);
        for (variable, value, place) in [
            ("semisync_source_quorum", "ANY 1 (a) AND THEN 1 (b)", "at character 20."),
            ("semisync_replica_name", "db 2", "at character 3."),
        ] {
            let sentence = format!("Variable '{variable}' can't be set to the value of '{value}': ");
            let line = server.wait_log(&sentence);
            assert!(line.contains("[ERROR]") && line.contains(place), "{line}");
            assert_eq!(server.variable(variable), "");
        }
        assert_eq!(server.variable("semisync_source_zone"), "north");
        server.stop();
    }

    fn a_text_that_another_version_has_persisted_is_a_line_in_the_log_and_the_server_starts(names) {
        needs!(Libraries::are_ours(), OURS);
        needs!(Dialect::of_run().has_set_persist(), "it has no SET PERSIST");
        let server = Server::start(config_with_all(names));
        server.execute("SET PERSIST semisync_source_quorum = 'ANY 1 (a)'");
        server.execute("SET PERSIST semisync_source_zone = 'north'");
        server.stop();
        let file = server.data_dir().join("mysqld-auto.cnf");
        let text = fs::read_to_string(&file).expect("persisted variables");
        let other = text.replace("ANY 1 (a)", "ALL (a)");
        assert_ne!(text, other);
        fs::write(&file, other).expect("persisted variables");
        let mark = server.log_mark();
        server.start_again();
        let sentence =
            "Variable 'semisync_source_quorum' can't be set to the value of 'ALL (a)': ";
        let line = server.wait_log_since(mark, sentence);
        assert!(line.contains("[ERROR]") && line.contains("at character 5."), "{line}");
        assert_eq!(server.variable("semisync_source_quorum"), "");
        // What was persisted later is set all the same.
        assert_eq!(server.variable("semisync_source_zone"), "north");
        // And when the plugin is installed at run time.
        server.uninstall("semisync_source");
        let [source, _] = sides(names);
        let mark = server.log_mark();
        server.execute(&source.install_operator());
        server.wait_log_since(mark, sentence);
        assert_eq!(server.variable("semisync_source_quorum"), "");
        assert_eq!(server.variable("semisync_source_zone"), "north");
        // `SET` is refused as ever, in the same session too.
        let (code, message) = server.error("SET GLOBAL semisync_source_quorum = 'ALL (a)'");
        assert_eq!(code, WRONG_VALUE, "{message}");
        server.assert_no_crash();
        server.stop();
    }

    fn releasing_waits_turns_itself_off(names) {
        needs!(Libraries::are_ours(), OURS);
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        pair.replica().execute("STOP REPLICA IO_THREAD");
        source.wait_status("clients", "0");
        thread::scope(|scope| {
            let writer = scope.spawn(|| source.insert(1));
            source.wait_status("wait_sessions", "1");
            source.execute("SET GLOBAL semisync_source_release_waits = OFF");
            assert_eq!(source.status("wait_sessions"), "1");
            source.execute("SET GLOBAL semisync_source_release_waits = ON");
            writer.join().expect("its commit went on");
        });
        assert_eq!(source.variable("semisync_source_release_waits"), "0");
        assert_eq!(source.status("status"), "ON");
        pair.source.stop();
    }

    fn the_status_rows_are_numbers_and_found_by_like(names) {
        needs!(Libraries::are_ours(), OURS);
        let pair = Topology::new(names).start();
        let (source, replica) = (&pair.source, pair.replica());
        source.execute("SET GLOBAL semisync_source_replica_rows = ON");
        for n in 0..5 {
            source.insert(n);
        }
        let rows = shown(source, "STATUS", "Semisync_source%");
        for (name, value) in &rows {
            assert!(value.parse::<u64>().is_ok(), "{name} is '{value}'");
        }
        let number = |name: &str| rows[&format!("Semisync_source_{name}")].parse::<u64>().unwrap();
        assert_eq!(number("state"), 2);
        assert_eq!(number("confirmed_tx"), source.counter("yes_tx"));
        // An acknowledgement may come before its commit begins to wait.
        assert!(number("wait_le_inf") <= 5, "{rows:?}");
        let limits = rows.keys().filter(|name| name.contains("_wait_le_"));
        assert_eq!(limits.count(), 17);
        assert!(number("wait_le_100") <= number("wait_le_10000000"));
        let nothing = ["oldest_wait_us", "blocked_us", "waiting_lag_bytes", "off_since_us"];
        assert_eq!(nothing.map(number), [0; 4]);
        assert_eq!((number("replica_2_counted"), number("replica_2_lag_bytes")), (1, 0));
        assert!(rows.contains_key("Semisync_source_replica_2_lag_us"));
        assert!(rows.contains_key("Semisync_source_replica_2_ack_age_us"));
        // One row of the group, and none that only begins like one.
        assert_eq!(source.global_status("Semisync_source_state"), "2");
        assert_eq!(shown(source, "STATUS", "Semisync_source"), BTreeMap::new());
        source.execute("SET GLOBAL semisync_source_replica_rows = OFF");
        assert_eq!(shown(source, "STATUS", "Semisync_source_replica%"), BTreeMap::new());
        let acks = |replica: &Server| replica.global_status("Semisync_replica_acks");
        eventually(PATIENCE, "the replica counts its acknowledgements", || {
            acks(replica).parse::<u64>().unwrap() >= 5
        });
        let rows = shown(replica, "STATUS", "Semisync_replica%");
        assert_eq!(rows.len(), 3, "{rows:?}");
        assert_eq!(rows["Semisync_replica_was_acker"], "0");
        pair.source.stop();
        pair.replica().stop();
    }

    fn texts_are_set_and_read_by_many_sessions_at_once(names) {
        needs!(Libraries::are_ours(), OURS);
        let pair = Topology::new(names).start();
        let source = &pair.source;
        let end = Instant::now() + Duration::from_secs(5);
        let text = |n: usize| format!("ANY 1 ({})", vec!["2"; 1 + 40 * (n % 5)].join(", "));
        thread::scope(|scope| {
            for session in 0..8 {
                let mut conn = source.conn();
                scope.spawn(move || {
                    for n in session.. {
                        if Instant::now() > end {
                            break;
                        }
                        let statement = match n % 4 {
                            0 => format!("SET GLOBAL semisync_source_quorum = '{}'", text(n)),
                            1 => "SELECT @@GLOBAL.semisync_source_quorum".to_owned(),
                            2 => "SHOW GLOBAL STATUS LIKE 'Semisync%'".to_owned(),
                            _ => format!("INSERT INTO {TABLE} (n) VALUES ({n})"),
                        };
                        conn.query_drop(&statement).expect("no error");
                    }
                });
            }
        });
        let quorum = source.variable("semisync_source_quorum");
        assert!((0..5).map(text).any(|one| one == quorum), "{quorum}");
        assert_eq!(source.counter("no_tx"), 0);
        source.assert_no_crash();
        pair.source.stop();
        pair.replica().stop();
    }
}
