//! Loading and unloading: nothing stays behind, nothing is taken away from a user, and a library
//! that is not fit to run is refused with a reason while the server stays up.

use std::fs;
use std::path::Path;
use std::time::Duration;

use semisync_live_tests::dialect::not_applicable;
use semisync_live_tests::{
    Dialect, Libraries, Load, PATIENCE, Server, ServerConfig, Topology, eventually,
    in_both_vocabularies, needs, process, wait_for,
};

const SOON: Duration = Duration::from_secs(15);
/// A source that has to write to find out that a replica is gone does so with its next heartbeat,
/// 30 s after the last event.
const UNTIL_NOTICED: Duration = Duration::from_secs(20);
const ONE_VOCABULARY: &str = "they have one vocabulary";
const OURS: &str = "the test is of our libraries";
const CANNOT_REFUSE: &str = "it unloads a plugin without asking it";

in_both_vocabularies! {
    fn twenty_times_installed_and_uninstalled_under_load_leaves_nothing_behind(names) {
        // With a small buffer pool, memory that grows is not the server's cache.
        let small = "innodb_buffer_pool_size=8M";
        let pair = Topology::new(names)
            .configure_source(|_| ServerConfig::new(1, names).label("source").option(small))
            .configure_replica(|_| ServerConfig::new(2, names).option(small))
            .start_unlinked();
        let (source, replica) = (&pair.source, pair.replica());
        replica.replicate_from(source, &Default::default());
        // Each writer has a row of its own, so that the table does not grow.
        (0..4).for_each(|n| source.insert(n));
        let statement = |writer| format!("UPDATE app.t SET n = n + 4 WHERE id = {}", writer + 1);
        let load = Load::paced(source, 4, Duration::from_millis(2), statement);
        let used = || {
            [source, replica].map(|server| {
                let pid = server.pid();
                (
                    process::threads(pid),
                    process::descriptors(pid),
                    process::resident_kib(pid),
                )
            })
        };
        let mut first = None;
        for round in 0..20 {
            source.execute(&names.install_source());
            replica.execute(&names.install_replica());
            source.set_source("timeout", "50");
            source.set_source("enabled", "1");
            replica.set_replica("enabled", "1");
            replica.restart_receiver();
            source.wait_status("clients", "1");
            source.wait_status("status", "ON");
            let before = source.counter("yes_tx");
            eventually(SOON, "commits are confirmed", || {
                source.counter("yes_tx") > before
            });
            replica.execute("STOP REPLICA IO_THREAD");
            source.wait_status("clients", "0");
            // How soon the plugin is free is another test's claim.
            eventually(SOON, "the dump thread has ended", || {
                source.dumps().is_empty()
            });
            source.uninstall(&names.source_plugin());
            replica.uninstall(&names.replica_plugin());
            // The server fills its own caches in the first rounds.
            if round == 4 {
                first = Some(used());
            }
        }
        let first = first.expect("five rounds");
        // Threads and files of the server's own come and go. If each round left one, there would be
        // fifteen more, and they would stay.
        let (last, _) = wait_for(PATIENCE, "threads and descriptors as before", || {
            let now = used();
            let as_before = first.iter().zip(&now).all(|(before, after)| {
                after.0 <= before.0 + 3 && after.1 <= before.1 + 3
            });
            if as_before {
                Ok(now)
            } else {
                Err(format!("{first:?} before, {now:?} now"))
            }
        });
        load.finish_clean();
        println!("threads, descriptors, resident KiB: after 5 rounds {first:?}, after 20 {last:?}");
        for (before, after) in first.into_iter().zip(last) {
            assert!(
                after.2 <= before.2 + 24 * 1024,
                "memory: {before:?}, then {after:?}"
            );
        }
        replica.execute("START REPLICA IO_THREAD");
        replica.wait_applied(source);
        source.stop();
        replica.stop();
    }

    fn uninstall_is_refused_while_in_use(names) {
        needs!(Dialect::of_run().refuses_uninstall(), CANNOT_REFUSE);
        let refused_with = Dialect::of_run().uninstall_error(names);
        let pair = Topology::new(names).start();
        for (server, plugin) in [
            (&pair.source, names.source_plugin()),
            (pair.replica(), names.replica_plugin()),
        ] {
            let (code, message) = server.error(&format!("UNINSTALL PLUGIN {plugin}"));
            assert_eq!(code, refused_with, "{message}");
            assert!(message.contains(&plugin), "{message}");
            assert!(server.has_plugin(&plugin));
        }
        pair.source.insert(1);
        assert_eq!(pair.source.counter("yes_tx"), 1);
        // Switching off does not end the connection: the plugin is still in use (where the server
        // can tell that at any time).
        if refused_with == 1883 {
            pair.source.set_source("enabled", "0");
            assert_eq!(
                pair.source
                    .error(&format!("UNINSTALL PLUGIN {}", names.source_plugin()))
                    .0,
                1883
            );
            pair.source.set_source("enabled", "1");
        } else {
            not_applicable("whether a source that is switched off is in use cannot be told");
        }

        // No write tells the source. Once the replica does not count, it does not keep the plugin
        // in use either.
        pair.replica().execute("STOP REPLICA IO_THREAD");
        pair.source.wait_status("clients", "0");
        pair.source.uninstall(&names.source_plugin());
        pair.replica().uninstall(&names.replica_plugin());
        pair.replica().execute("START REPLICA IO_THREAD");
        pair.source.insert(2);
        pair.replica().wait_applied(&pair.source);
        pair.source.stop();
        pair.replica().stop();
    }

    fn a_replica_that_leaves_while_semi_sync_is_off_does_not_keep_the_plugin_in_use(names) {
        // In the order of the guides: semi-sync off, the replica stopped, UNINSTALL PLUGIN; and no
        // write meanwhile.
        let pair = Topology::new(names).start();
        pair.source.set_source("enabled", "0");
        pair.replica().execute("STOP REPLICA IO_THREAD");
        let took = pair
            .source
            .wait_status_within(UNTIL_NOTICED, "clients", "0");
        println!("the replica stopped counting after {took:?}");
        if pair.source.dialect().holds_plugins_in_use() {
            not_applicable(
                "a dump holds the plugin until it ends: a write tells it that the replica has left",
            );
            eventually(SOON, "the dump has ended", || {
                pair.source.insert(1);
                pair.source.dumps().is_empty()
            });
        }
        pair.source.uninstall(&names.source_plugin());
    }

    fn the_other_name_of_the_same_side_is_refused(names) {
        let other = names.other();
        needs!(other.is_available(), ONE_VOCABULARY);
        let server = Server::start(ServerConfig::new(1, names));
        for (first, second, in_the_way, refused) in [
            (
                names.install_source(),
                other.install_source(),
                names.source_plugin(),
                other.source_plugin(),
            ),
            (
                names.install_replica(),
                other.install_replica(),
                names.replica_plugin(),
                other.replica_plugin(),
            ),
        ] {
            server.execute(&first);
            let mark = server.log_mark();
            let (code, message) = server.error(&second);
            println!("{second}: {code} {message}");
            assert!(message.contains(&in_the_way), "{message}");
            let line = server.wait_log_since(mark, "Cannot install the");
            assert_eq!(code, 4045, "{message}");
            assert!(line.contains(&server.dialect().conflict_tag()), "{line}");
            assert!(
                line.contains(&in_the_way) && line.contains(&refused),
                "{line}"
            );
            assert!(server.has_plugin(&in_the_way) && !server.has_plugin(&refused));
        }
        server.set_source("enabled", "1");
        assert_eq!(server.status("status"), "ON");
        // The other way round, once the first plugin is gone.
        server.uninstall(&names.source_plugin());
        server.execute(&other.install_source());
        assert!(server.has_plugin(&other.source_plugin()));

        // Both in the option file: one of them serves, and so does the server. MySQL initialises
        // the first one first, MariaDB the last.
        server.uninstall(&other.source_plugin());
        server.uninstall(&names.replica_plugin());
        server.reconfigure(|config| {
            config
                .option(&format!("plugin-load-add={}", names.source_library()))
                .option(&format!("plugin-load-add={}", other.source_library()))
        });
        server.restart();
        let active = [names, other].map(|names| server.has_plugin(&names.source_plugin()));
        let first = !server.dialect().is_mariadb();
        assert_eq!(active, [first, !first]);
    }
}

in_both_vocabularies! {
    fn a_monitor_that_installs_the_other_name_in_a_loop_does_not_fill_the_error_log(names) {
        let other = names.other();
        needs!(other.is_available(), ONE_VOCABULARY);
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(ServerConfig::new(1, names));
        let lines_since = |mark| {
            let log = server.log_since(mark);
            let of_conflict = log.matches("Cannot install the").count();
            (of_conflict, log.matches("[ERROR]").count())
        };
        for (first, plugin, second, rival) in [
            (
                names.install_source(),
                names.source_plugin(),
                other.install_source(),
                other.source_plugin(),
            ),
            (
                names.install_replica(),
                names.replica_plugin(),
                other.install_replica(),
                other.replica_plugin(),
            ),
        ] {
            server.execute(&first);
            for _ in 0..2 {
                let mark = server.log_mark();
                for _ in 0..60 {
                    let (code, message) = server.error(&second);
                    assert!(
                        message.contains(&plugin) && message.contains(&rival),
                        "{code} {message}"
                    );
                }
                let (ours, all) = lines_since(mark);
                println!("60 times {second}: {all} lines of error, of which ours {ours}");
                // The server says each time that the plugin's initialisation failed.
                assert_eq!((ours, all), (1, 61));
                // Once the other name could be installed, a conflict is news again.
                server.uninstall(&plugin);
                server.execute(&second);
                server.uninstall(&rival);
                server.execute(&first);
            }
        }
    }
}

/// A series that does not exist, with as many letters as this run's.
fn no_series() -> String {
    let mut name = Dialect::of_run().series().to_owned();
    name.replace_range(name.len() - 1.., "9");
    name
}

/// Our library as a build for another series would be.
fn forge_series(plugin_dir: &Path, library: &str, forged: &str) {
    let mut bytes = fs::read(plugin_dir.join(library)).expect("the library");
    let marker = format!("MYSQL_SERIES={}", Dialect::of_run().series());
    let (marker, other) = (marker.as_bytes(), format!("MYSQL_SERIES={}", no_series()));
    let places: Vec<usize> = bytes
        .windows(marker.len())
        .enumerate()
        .filter(|(_, w)| w == &marker)
        .map(|(at, _)| at)
        .collect();
    assert!(
        !places.is_empty(),
        "{library} does not say which series it is for"
    );
    for at in places {
        bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
    }
    fs::write(plugin_dir.join(forged), bytes).expect("a forged library");
}

in_both_vocabularies! {
    fn a_library_of_another_series_is_refused_with_a_reason(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(ServerConfig::new(1, names));
        for (plugin, library) in [
            (names.source_plugin(), names.source_library()),
            (names.replica_plugin(), names.replica_library()),
        ] {
            // Each has a file of its own: a server that has refused a library may still have it
            // mapped.
            let forged = format!("forged_{library}");
            forge_series(&server.plugin_dir(), &library, &forged);
            let mark = server.log_mark();
            let (code, message) =
                server.error(&format!("INSTALL PLUGIN {plugin} SONAME '{forged}'"));
            assert_eq!(code, 1123, "{message}");
            let (built_for, here) = (
                Dialect::of(&no_series()).number(),
                Dialect::of_run().number(),
            );
            let line = server.wait_log_since(mark, &built_for);
            println!("{line}");
            assert!(line.contains("[ERROR]") && line.contains(&here), "{line}");
            assert!(!server.has_plugin(&plugin));
            // The failure of the wrong library does not keep the right one out.
            server.execute(&format!("INSTALL PLUGIN {plugin} SONAME '{library}'"));
            server.uninstall(&plugin);
        }
        server.prepare();
        server.insert(1);
        server.stop();
    }

    fn a_mistyped_plugin_name_is_an_error_and_the_right_one_installs_afterwards(names) {
        let server = Server::start(ServerConfig::new(1, names));
        for (plugin, library) in [
            (names.source_plugin(), names.source_library()),
            (names.replica_plugin(), names.replica_library()),
        ] {
            let (code, message) =
                server.error(&format!("INSTALL PLUGIN {plugin}s SONAME '{library}'"));
            assert_eq!(code, 1127, "{message}");
            server.execute(&format!("INSTALL PLUGIN {plugin} SONAME '{library}'"));
            server.uninstall(&plugin);
            server.execute(&format!("INSTALL PLUGIN {plugin} SONAME '{library}'"));
        }
        server.stop();
    }

    fn a_truncated_library_is_refused(names) {
        let server = Server::start(ServerConfig::new(1, names));
        let whole =
            fs::read(server.plugin_dir().join(names.source_library())).expect("the library");
        for length in [0, 40, 200] {
            fs::write(server.plugin_dir().join("truncated.so"), &whole[..length]).expect("written");
            let install = format!(
                "INSTALL PLUGIN {} SONAME 'truncated.so'",
                names.source_plugin()
            );
            let (code, message) = server.error(&install);
            assert_eq!(code, 1126, "{message}");
        }
        server.execute(&names.install_source());
        server.stop();
    }

    fn plugins_in_a_bad_state_do_not_keep_the_server_from_starting(names) {
        let server = Server::start(ServerConfig::new(1, names));
        let dir = server.plugin_dir();
        fs::write(dir.join("truncated.so"), b"\x7fELF").expect("written");
        server.execute(&names.install_source());
        server.execute(&names.install_replica());
        server.stop();

        // The server remembers the plugins, but their libraries are gone.
        for library in [names.source_library(), names.replica_library()] {
            fs::rename(dir.join(&library), dir.join(format!("{library}.away"))).expect("renamed");
        }
        let options = names.spell(
            "plugin-load-add=semisync_missing.so\n\
             plugin-load-add=truncated.so\n\
             loose-rpl_semi_sync_master_enabled=1\n\
             loose-rpl_semi_sync_slave_enabled=1",
        );
        server.reconfigure(|config| config.option(&options));
        server.start_again();
        for library in [
            "semisync_missing.so",
            "truncated.so",
            &names.source_library(),
        ] {
            // A server with one list of plugins stops at the first that fails.
            if library != "truncated.so" || server.dialect().has_plugin_load_add() {
                server.wait_log(library);
            }
        }
        server.prepare();
        server.insert(1);
        server.stop();

        // The libraries are back, but built for another series.
        if !Libraries::are_ours() {
            not_applicable("stock's libraries do not say for which series they are built");
        } else {
            for library in [names.source_library(), names.replica_library()] {
                forge_series(&dir, &format!("{library}.away"), &library);
            }
            server.start_again();
            assert!(!server.has_plugin(&names.source_plugin()));
            server.insert(2);
            server.stop();
        }
        for library in [names.source_library(), names.replica_library()] {
            fs::rename(dir.join(format!("{library}.away")), dir.join(&library)).expect("renamed");
        }
        server.start_again();
        assert_eq!(server.status("status"), "ON");
        assert_eq!(server.replica_status(), "OFF");
        server.stop();
    }
}
