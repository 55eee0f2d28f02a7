//! UNINSTALL PLUGIN of a plugin in use, tried again and again under load: the server refuses, and
//! afterwards everything works.
//!
//! While the server asks a plugin whether it may be unloaded, it passes over the plugin's hooks,
//! with stock's plugins too. A dump that comes to a hook just then ends with "Failed to run hook
//! 'reserve_header'" and the replica connects again. If the server asks a moment later, there is no
//! replica any more and the plugin goes. A receiver thread that comes to a hook just then takes the
//! semi-sync header for a part of the event and stops with a checksum error. These tests allow
//! that, and nothing else.

use std::time::{Duration, Instant};

use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Link, Load, Names, PATIENCE, Server, Topology, eventually,
    in_both_vocabularies, needs, wait_for,
};

const ATTEMPTS: usize = 300;
/// Where the server does not ask the plugin, each attempt succeeds.
const UNLOADS: usize = 30;
const CANNOT_REFUSE: &str = "it unloads a plugin without asking it";
const HOLDS: &str = "a connection holds its plugin until it ends";
const REFUSES: &str = "it does not unload a plugin in use";
/// `ER_PLUGIN_CANNOT_BE_UNINSTALLED`
const IN_USE: u16 = 1883;
/// `ER_PLUGIN_NO_UNINSTALL`: a server before 8.0 found the plugin's status OFF, or looks at none.
const NOT_TO_BE_UNINSTALLED: u16 = 1720;
/// `ER_UDF_EXISTS`: the plugin that is being unloaded is still in a hook.
const STILL_THERE: u16 = 1125;
/// "Relay log write failure: could not queue event from source", and the reason, a checksum.
const BROKEN_EVENT: [&str; 2] = ["13122", "13115"];
/// "Failed to run 'after_read_event' hook": the replica connected while the source passed over its
/// hooks.
const HEADERS_MISSING: [&str; 1] = ["13117"];
/// A server that does not ask passes over a plugin's hooks before the plugin learns that it is
/// being unloaded. A packet of that moment lacks the header that was agreed on, or takes its header
/// into the relay log.
const STOPPED_BY: [&str; 4] = ["1594", "1593", "1595", "1236"];

fn load(source: &Server) -> Load {
    Load::paced(source, 4, Duration::from_micros(200), |_| {
        format!("INSERT INTO {TABLE} (n) VALUES (1)")
    })
}

/// true: the plugin is being unloaded.
fn try_uninstall(server: &Server, plugin: &str) -> bool {
    match server.try_rows(&format!("UNINSTALL PLUGIN {plugin}")) {
        Ok(_) => true,
        Err(mysql::Error::MySqlError(e)) if e.code == IN_USE => false,
        Err(mysql::Error::MySqlError(e)) if e.code == NOT_TO_BE_UNINSTALLED => {
            assert!(!server.dialect().asks_before_uninstall(), "{}", e.message);
            false
        }
        Err(e) => panic!("UNINSTALL PLUGIN {plugin}: {e}"),
    }
}

fn install_again(server: &Server, sql: &str) {
    wait_for(PATIENCE, sql, || match server.try_rows(sql) {
        Ok(_) => Ok(()),
        Err(mysql::Error::MySqlError(e)) if e.code == STILL_THERE => Err(e.message),
        Err(e) => panic!("{sql}: {e}"),
    });
}

/// Waits until there is a semi-sync replica. Starts its receiver when the attempt has stopped it;
/// returns how often.
fn wait_for_replica(pair: &Topology, expected: &[&str]) -> usize {
    let (source, replica) = (&pair.source, pair.replica());
    let mut stopped = 0;
    wait_for(PATIENCE, "a semi-sync replica", || {
        let (state, error) = replica.receiver();
        if state == "No" {
            stopped += 1;
            assert!(expected.contains(&error.as_str()), "stopped by {error}");
            replica.restart_receiver();
        }
        let seen = (state, source.status("clients"));
        if seen.1 == "1" {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    stopped
}

/// Everything works. Once the replica has left, the plugins go at once, come again, and leave
/// nothing.
fn assert_all_works(pair: &Topology, names: Names) {
    let (source, replica) = (&pair.source, pair.replica());
    source.wait_status("clients", "1");
    source.set_source("timeout", A_DAY_MS);
    let confirmed = source.counter("yes_tx");
    let load = load(source);
    source.wait_status("status", "ON");
    eventually(PATIENCE, "commits are confirmed", || {
        source.counter("yes_tx") > confirmed + 20
    });
    load.finish_clean();
    replica.assert_same_rows(source);
    assert_eq!(source.counter("wait_sessions"), 0);

    let sides = [
        (source, names.source_plugin(), names.install_source()),
        (replica, names.replica_plugin(), names.install_replica()),
    ];
    for round in 0..3 {
        replica.execute("STOP REPLICA IO_THREAD");
        source.wait_status("clients", "0");
        eventually(PATIENCE, "the dump has ended", || {
            source.set_source("enabled", "0");
            source.insert(0);
            source.dumps().is_empty()
        });
        for (server, plugin, install) in &sides {
            let with = server.resources();
            server.uninstall(plugin);
            // Threads of connections that have ended may still be on their way out.
            wait_for(PATIENCE, "no more descriptors and threads", || {
                let without = server.resources();
                if without.0 <= with.0 && without.1 <= with.1 {
                    Ok(())
                } else {
                    Err(format!(
                        "{plugin}, round {round}: {with:?}, without it {without:?}"
                    ))
                }
            });
            install_again(server, install);
        }
        source.set_source("timeout", A_DAY_MS);
        source.set_source("enabled", "1");
        replica.set_replica("enabled", "1");
        replica.execute("START REPLICA IO_THREAD");
        source.wait_status("clients", "1");
        source.wait_status("status", "ON");
        let before = source.counter("yes_tx");
        source.insert(1);
        assert_eq!(source.counter("yes_tx"), before + 1);
    }
    source.stop();
    replica.stop();
}

in_both_vocabularies! {
    /// The replica has left, so the plugin may be unloaded. But the session is in one of its hooks,
    /// and holds the plugin. A server that does not ask the plugin does not tell it either: there
    /// the session waits out its timeout.
    fn a_commit_that_waits_does_not_keep_the_plugin(names) {
        let asks = Dialect::of_run().asks_before_uninstall();
        let timeout = if asks { A_DAY_MS } else { "5000" };
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let (source, replica) = (&pair.source, pair.replica());
        for wait_point in source.dialect().wait_points() {
            source.set_wait_point(wait_point);
            let dump = source.dumps()[0];
            replica.freeze();
            source.set_source("timeout", timeout);
            let commit = Waiting::insert(source, 1);
            source.execute(&format!("KILL {dump}"));
            source.wait_status("clients", "0");
            let begin = Instant::now();
            source.uninstall(&names.source_plugin());
            commit.done_within(PATIENCE);
            println!("{wait_point}: gone after {:?}", begin.elapsed());
            install_again(source, &names.install_source());
            source.set_source("timeout", A_DAY_MS);
            source.set_source("enabled", "1");
            replica.thaw();
            replica.restart_receiver();
            pair.wait_clients();
            let before = source.counter("yes_tx");
            source.insert(2);
            assert_eq!(source.counter("yes_tx"), before + 1);
        }
    }
}

#[test]
fn the_source_works_on_after_it_was_often_asked_to_unload() {
    needs!(Dialect::of_run().refuses_uninstall(), CANNOT_REFUSE);
    let names = Names::newest();
    let pair = Topology::new(names).start();
    let (source, replica) = (&pair.source, pair.replica());
    let (plugin, install) = (names.source_plugin(), names.install_source());
    let load = load(source);
    load.wait_progress(100);
    let (mut gone, mut again) = (0, 0);
    for _ in 0..ATTEMPTS {
        let before = source.dumps();
        if try_uninstall(source, &plugin) {
            gone += 1;
            // The server allowed it only because it had ended the dump.
            eventually(PATIENCE, "the dump that kept the plugin is gone", || {
                let now = source.dumps();
                before.iter().all(|dump| !now.contains(dump))
            });
            install_again(source, &install);
            source.set_source("enabled", "1");
            replica.restart_receiver();
        }
        wait_for_replica(&pair, &HEADERS_MISSING);
        again += usize::from(source.dumps() != before);
    }
    load.finish_clean();
    println!(
        "{plugin}: {ATTEMPTS} attempts, the replica connected again {again} times, \
         accepted {gone} times"
    );
    // How often the server asks a moment too late is luck. That it may unload the plugin only then
    // was tested each time.
    assert!(gone < ATTEMPTS, "it was never refused");
    assert_all_works(&pair, names);
}

#[test]
fn the_replica_works_on_after_it_was_often_asked_to_unload() {
    needs!(Dialect::of_run().refuses_uninstall(), CANNOT_REFUSE);
    let names = Names::available()[0];
    let pair = Topology::new(names).start();
    let (source, replica) = (&pair.source, pair.replica());
    let (plugin, install) = (names.replica_plugin(), names.install_replica());
    let load = load(source);
    load.wait_progress(100);
    let mut stopped = 0;
    for _ in 0..ATTEMPTS {
        let accepted = try_uninstall(replica, &plugin);
        let (state, _) = replica.receiver();
        if accepted {
            assert_eq!(state, "No", "accepted while the receiver runs");
            install_again(replica, &install);
            replica.set_replica("enabled", "1");
        }
        stopped += wait_for_replica(&pair, &BROKEN_EVENT);
    }
    load.finish_clean();
    println!("{plugin}: {ATTEMPTS} attempts, replication stopped by {stopped:?}");
    assert_all_works(&pair, names);
}

/// Replication without semi-sync goes on: both threads run, or are started again where the
/// unloading has stopped one, and all rows arrive. Returns the errors that had stopped one.
fn replicates(pair: &Topology) -> Vec<String> {
    let (source, replica) = (&pair.source, pair.replica());
    source.insert(7);
    let goal = source.count_rows(None);
    let mut stopped = Vec::new();
    wait_for(PATIENCE, "all rows on the replica", || {
        let columns = replica.replica_columns().expect("a replica");
        let (receiver, applier) = (
            &columns["Replica_IO_Running"],
            &columns["Replica_SQL_Running"],
        );
        if receiver == "No" || applier == "No" {
            let error = columns[if receiver == "No" {
                "Last_IO_Errno"
            } else {
                "Last_SQL_Errno"
            }]
            .as_str();
            assert!(STOPPED_BY.contains(&error), "stopped by {error}");
            stopped.push(error.to_owned());
            // As an operator does: a new relay log, from where the replica stands.
            replica.execute("STOP REPLICA");
            replica.replicate_from(source, &Link::default());
        }
        let rows = replica.count_rows(None);
        if rows == goal {
            Ok(())
        } else {
            Err(format!(
                "{rows} of {goal} rows, receiver: {receiver}, applier: {applier}"
            ))
        }
    });
    stopped
}

#[test]
fn a_source_that_cannot_refuse_is_unloaded_in_use() {
    needs!(!Dialect::of_run().refuses_uninstall(), REFUSES);
    needs!(!Dialect::of_run().holds_plugins_in_use(), HOLDS);
    let names = Names::newest();
    // A session that waits holds the plugin for as long as its timeout.
    let pair = Topology::new(names).set("timeout", "300").start();
    let source = &pair.source;
    let (plugin, install) = (names.source_plugin(), names.install_source());
    let mut stopped = Vec::new();
    for _ in 0..UNLOADS {
        let load = load(source);
        load.wait_progress(20);
        source.uninstall(&plugin);
        load.wait_progress(20);
        load.finish_clean();
        stopped.extend(replicates(&pair));
        install_again(source, &install);
        source.set_source("timeout", "300");
        source.set_source("enabled", "1");
        pair.replica().restart_receiver();
        pair.wait_clients();
        source.wait_status("status", "ON");
    }
    println!("{plugin}: unloaded {UNLOADS} times, replication stopped by {stopped:?}");
    assert_all_works(&pair, names);
}

in_both_vocabularies! {
    /// Over TLS too, though nobody reads from such a connection here: nobody writes its headers any
    /// more.
    fn a_source_that_cannot_refuse_has_replicas_over_tls_connect_again(names) {
        needs!(!Dialect::of_run().refuses_uninstall(), REFUSES);
        needs!(!Dialect::of_run().holds_plugins_in_use(), HOLDS);
        let pair = Topology::new(names).set("timeout", "300").start_unlinked();
        let (source, replica) = (&pair.source, pair.replica());
        replica.replicate_from(source, &Link::default().tls());
        source.insert(1);
        replica.assert_same_rows(source);
        let before = source.dumps();
        source.uninstall(&names.source_plugin());
        eventually(PATIENCE, "the replica has connected again", || {
            source.dumps().iter().any(|dump| !before.contains(dump))
        });
        source.insert(2);
        replica.assert_same_rows(source);
        assert_eq!(replica.receiver(), ("Yes".to_owned(), "0".to_owned()));
    }
}

#[test]
fn a_replica_that_cannot_refuse_is_unloaded_in_use() {
    needs!(!Dialect::of_run().refuses_uninstall(), REFUSES);
    needs!(!Dialect::of_run().holds_plugins_in_use(), HOLDS);
    let names = Names::newest();
    let pair = Topology::new(names).set("timeout", "300").start();
    let (source, replica) = (&pair.source, pair.replica());
    let (plugin, install) = (names.replica_plugin(), names.install_replica());
    let mut stopped = Vec::new();
    for _ in 0..UNLOADS {
        let load = load(source);
        load.wait_progress(20);
        replica.uninstall(&plugin);
        load.wait_progress(20);
        load.finish_clean();
        stopped.extend(replicates(&pair));
        install_again(replica, &install);
        replica.set_replica("enabled", "1");
        replica.restart_receiver();
        pair.wait_clients();
        source.wait_status("status", "ON");
    }
    println!("{plugin}: unloaded {UNLOADS} times, replication stopped by {stopped:?}");
    assert_all_works(&pair, names);
}

#[test]
fn a_plugin_that_connections_hold_goes_with_them() {
    let holds = Dialect::of_run().holds_plugins_in_use();
    needs!(holds, "a connection does not hold its plugin");
    let names = Names::newest();
    let pair = Topology::new(names).set("timeout", "300").start();
    let (source, replica) = (&pair.source, pair.replica());
    source.execute(&format!("UNINSTALL PLUGIN {}", names.source_plugin()));
    replica.execute(&format!("UNINSTALL PLUGIN {}", names.replica_plugin()));
    // Until the connections end, everything is as before.
    let load = load(source);
    load.wait_progress(200);
    load.finish_clean();
    replica.assert_same_rows(source);
    replica.execute("STOP REPLICA");
    eventually(PATIENCE, "both plugins are gone", || {
        source.insert(1);
        !source.has_plugin(&names.source_plugin()) && !replica.has_plugin(&names.replica_plugin())
    });
    replica.execute("START REPLICA");
    replica.assert_same_rows(source);
    source.stop();
    replica.stop();
}
