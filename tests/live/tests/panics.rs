//! A panic in a hook: the server stays up, semi-sync goes OFF, the error log says which hook it was, once, and commits go on.
//! Needs the libraries built with failpoints (`ci/build --failpoints`); each server is told by its environment which hook is
//! to panic at its first call.

use std::time::{Duration, Instant};

use semisync_live_tests::{
    Dialect, Libraries, Names, Server, ServerConfig, Topology, needs, wait_for,
};

const SOON: Duration = Duration::from_secs(15);

fn with_failpoint(config: ServerConfig, hook: &str) -> ServerConfig {
    config
        .libraries(Libraries::Failpoints)
        .env("SEMISYNC_FAILPOINT", hook)
}

/// The one line that names the hook.
fn assert_named_once(server: &Server, hook: &str) {
    let lines = || {
        let log = server.log();
        let named = |line: &&str| line.contains("[ERROR]") && line.contains(hook);
        log.lines()
            .filter(named)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    wait_for(
        SOON,
        &format!("an error that names {hook}"),
        || match lines().len() {
            0 => Err(server
                .log()
                .lines()
                .rev()
                .take(5)
                .collect::<Vec<_>>()
                .join("\n")),
            _ => Ok(()),
        },
    );
    let lines = lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    println!("{hook}: {}", lines[0]);
}

fn a_panic_at_the_source(hook: &str, names: Names) {
    let has_hook = hook != "after_sync" || Dialect::of_run().has_wait_point();
    needs!(has_hook, "it has no hook after_sync");
    let pair = Topology::new(names)
        .set("timeout", "500")
        .configure_source(|config| with_failpoint(config, hook))
        .start_unlinked();
    let (source, replica) = (&pair.source, pair.replica());
    replica.replicate_from(source, &Default::default());
    // What it takes to run through every hook.
    source.set_wait_point(source.dialect().wait_points()[0]);
    replica.wait_applied(source);
    for n in 0..3 {
        source.insert(n);
    }
    source.set_wait_point("AFTER_COMMIT");
    source.insert(3);
    replica.wait_applied(source);
    replica.execute("STOP REPLICA");
    if hook == "after_reset_master" {
        source.execute("RESET BINARY LOGS AND GTIDS");
        replica.script("RESET REPLICA;\nRESET BINARY LOGS AND GTIDS;");
    }
    replica.execute("START REPLICA");
    source.insert(4);

    assert_named_once(source, hook);
    source.wait_status("status", "OFF");
    for n in 5..8 {
        let begin = Instant::now();
        source.insert(n);
        assert!(
            begin.elapsed() < Duration::from_millis(400),
            "{:?}",
            begin.elapsed()
        );
    }
    assert_eq!(source.count_rows(None), 8);
    replica.wait_applied(source);
    assert_eq!(replica.count_rows(None), 8);
    assert_named_once(source, hook);
    source.assert_no_crash();
    source.stop();
}

fn a_panic_at_the_replica(hook: &str, names: Names) {
    let pair = Topology::new(names)
        .set("timeout", "500")
        .configure_replica(|config| with_failpoint(config, hook))
        .start_unlinked();
    let (source, replica) = (&pair.source, pair.replica());
    replica.replicate_from(source, &Default::default());
    for n in 0..3 {
        source.insert(n);
    }
    replica.wait_applied(source);
    if hook == "thread_stop" {
        replica.script("STOP REPLICA IO_THREAD;\nSTART REPLICA IO_THREAD;");
    }
    assert_named_once(replica, hook);
    replica.wait_replica_status("OFF");
    for n in 3..6 {
        source.insert(n);
    }
    replica.wait_applied(source);
    assert_eq!(replica.count_rows(None), 6);
    assert_named_once(replica, hook);
    // Set again, it works again.
    replica.set_replica("enabled", "0");
    replica.set_replica("enabled", "1");
    replica.script("STOP REPLICA IO_THREAD;\nSTART REPLICA IO_THREAD;");
    source.wait_status("status", "ON");
    source.insert(6);
    replica.wait_applied(source);
    replica.stop();
}

macro_rules! panics {
    ($($claim:ident: $role:ident($hook:literal, $names:ident);)*) => {
        $(#[test]
        fn $claim() {
            $role($hook, Names::$names);
        })*
    };
}

panics! {
    of_after_flush_is_survived: a_panic_at_the_source("after_flush", New);
    of_after_sync_is_survived: a_panic_at_the_source("after_sync", Old);
    of_after_commit_is_survived: a_panic_at_the_source("after_commit", New);
    of_transmit_start_is_survived: a_panic_at_the_source("transmit_start", Old);
    of_reserve_header_is_survived: a_panic_at_the_source("reserve_header", New);
    of_before_send_event_is_survived: a_panic_at_the_source("before_send_event", Old);
    of_after_send_event_is_survived: a_panic_at_the_source("after_send_event", New);
    of_transmit_stop_is_survived: a_panic_at_the_source("transmit_stop", Old);
    of_after_reset_master_is_survived: a_panic_at_the_source("after_reset_master", New);
    of_the_ack_receiver_is_survived: a_panic_at_the_source("ack_receiver", Old);
    of_thread_start_is_survived: a_panic_at_the_replica("thread_start", New);
    of_before_request_transmit_is_survived: a_panic_at_the_replica("before_request_transmit", Old);
    of_after_read_event_is_survived: a_panic_at_the_replica("after_read_event", New);
    of_after_queue_event_is_survived: a_panic_at_the_replica("after_queue_event", Old);
    of_thread_stop_is_survived: a_panic_at_the_replica("thread_stop", New);
}
