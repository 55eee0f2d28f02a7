//! What a commit goes through at the source: the wait, the timeout, the fallback to asynchronous
//! replication and the way back, the count of replicas, the wait points, and everything that may
//! happen to a session meanwhile.

use std::time::{Duration, Instant};

use mysql::Error;
use semisync_live_tests::load::Waiting;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Load, PATIENCE, Topology, eventually, in_both_vocabularies, needs,
};

const SOON: Duration = Duration::from_secs(15);
/// How long a source gets to notice that a replica is gone. A source that has to write to find out
/// does so with its next heartbeat, 30 s after the last event.
const UNTIL_NOTICED: Duration = Duration::from_secs(20);

in_both_vocabularies! {
    fn a_timeout_falls_back_and_the_replica_brings_semi_sync_back(names) {
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        source.insert(1);
        let (file, acknowledged) = source.binlog_position();
        pair.replica().execute("STOP REPLICA IO_THREAD");
        source.wait_status("clients", "0");

        source.set_source("timeout", "700");
        let begin = Instant::now();
        source.insert(2);
        let took = begin.elapsed();
        assert!(
            (Duration::from_millis(700)..PATIENCE).contains(&took),
            "the insert took {took:?}"
        );
        source.set_source("timeout", A_DAY_MS);
        let (_, waited_for) = source.binlog_position();
        assert_eq!(source.status("status"), "OFF");
        let counts = ["yes_tx", "no_tx", "no_times"].map(|suffix| source.counter(suffix));
        assert_eq!(counts, [1, 1, 1]);
        let line = source.wait_log(&format!(
            "Timeout waiting for reply of binlog (file: {file}, pos: {waited_for}), \
             semi-sync up to file {file}, position {acknowledged}."
        ));
        assert!(
            line.contains(&source.dialect().log_tag("Warning", 11153)),
            "{line}"
        );
        let line = source.wait_log("Semi-sync replication switched OFF.");
        assert!(
            line.contains(&source.dialect().log_tag("Note", 11155)),
            "{line}"
        );

        // Asynchronous: the next commit does not wait, and does not count as another switch. If it
        // waited, it would do so for a day.
        Waiting::start(source, &insert(3)).done_within(PATIENCE);
        assert_eq!(
            (source.counter("no_tx"), source.counter("no_times")),
            (2, 1)
        );

        let (_, newest) = source.binlog_position();
        pair.replica().execute("START REPLICA IO_THREAD");
        source.wait_status("status", "ON");
        let line = source.wait_log("Semi-sync replication switched ON");
        assert!(line.contains(&format!("({file}, {newest})")), "{line}");
        assert!(
            line.contains(&source.dialect().log_tag("Note", 11156)),
            "{line}"
        );
        source.insert(4);
        assert_eq!((source.counter("yes_tx"), source.counter("no_tx")), (2, 2));
        pair.replica().wait_applied(source);
        assert_eq!(pair.replica().count_rows(None), 4);
    }

    fn the_full_count_is_needed_to_switch_on_again(names) {
        needs!(
            Dialect::of_run().has_wait_count(),
            "one replica is always enough"
        );
        let pair = Topology::new(names)
            .replicas(2)
            .wait_count(2)
            .set("timeout", A_DAY_MS)
            .start();
        let source = &pair.source;
        source.insert(1);
        assert_eq!(source.counter("yes_tx"), 1);
        pair.replicas
            .iter()
            .for_each(|replica| replica.execute("STOP REPLICA IO_THREAD"));
        source.wait_status("clients", "0");
        source.set_source("timeout", "300");
        source.insert(2);
        assert_eq!(source.status("status"), "OFF");
        source.set_source("timeout", A_DAY_MS);

        pair.replicas[0].execute("START REPLICA IO_THREAD");
        source.wait_status("clients", "1");
        pair.replicas[0].wait_applied(source);
        // One replica has everything, and receives what follows: that is still not enough.
        for _ in 0..5 {
            source.insert(3);
            pair.replicas[0].wait_applied(source);
            assert_eq!(source.status("status"), "OFF");
        }
        pair.replicas[1].execute("START REPLICA IO_THREAD");
        source.wait_status("status", "ON");
        assert_eq!(source.status("clients"), "2");
        let switches = source.log().matches("switched ON").count();
        assert_eq!(switches, 1, "{}", source.log());
    }

    fn without_wait_no_replica_it_is_off_as_soon_as_too_few_are_connected(names) {
        let pair = Topology::new(names)
            .set("timeout", A_DAY_MS)
            .source_option(&format!("{}=OFF", names.wait_no_replica_var()))
            .start();
        let source = &pair.source;
        // The source began without a replica, hence OFF. The replica brought it to ON.
        source.wait_status("status", "ON");
        source.insert(1);
        assert_eq!(source.counter("yes_tx"), 1);
        pair.replica().execute("STOP REPLICA IO_THREAD");
        source.wait_status("status", "OFF");
        Waiting::start(source, &insert(2)).done_within(PATIENCE);
        assert_eq!(source.counter("no_tx"), 1);
        pair.replica().execute("START REPLICA IO_THREAD");
        source.wait_status("status", "ON");
        source.insert(3);
        assert_eq!(source.counter("yes_tx"), 2);

        // A session that waits is released when the replica leaves.
        pair.replica().freeze();
        let commit = Waiting::insert(source, 4);
        pair.replica().kill9();
        commit.done_within(SOON);
        assert_eq!(
            (source.status("status"), source.counter("no_tx")),
            ("OFF".to_owned(), 2)
        );
    }

    fn with_three_replicas_the_count_says_how_many_must_answer(names) {
        needs!(
            Dialect::of_run().has_wait_count(),
            "one replica is always enough"
        );
        let three = Topology::new(names)
            .replicas(3)
            .set("timeout", A_DAY_MS)
            .start();
        let source = &three.source;
        let set_count = |count: u32| {
            source.execute(&format!("SET GLOBAL {} = {count}", names.wait_count_var()));
        };
        let quick = |n: i64| Waiting::start(source, &insert(n)).done_within(SOON);

        set_count(3);
        quick(1);
        three.replicas[2].freeze();
        set_count(2);
        quick(2);
        set_count(3);
        let commit = Waiting::insert(source, 3);
        three.replicas[2].thaw();
        commit.done_within(SOON);

        three.replicas[0].freeze();
        three.replicas[1].freeze();
        set_count(1);
        quick(4);
        set_count(2);
        let commit = Waiting::insert(source, 5);
        // The count is lowered while a session waits: the acknowledgement that is there suffices.
        set_count(1);
        commit.done_within(SOON);

        set_count(2);
        let commit = Waiting::insert(source, 6);
        three.replicas[0].thaw();
        commit.done_within(SOON);
        three.replicas[1].thaw();
        set_count(3);
        quick(7);
        assert_eq!((source.counter("yes_tx"), source.counter("no_tx")), (7, 0));
        for replica in &three.replicas {
            replica.wait_applied(source);
            assert_eq!(replica.count_rows(None), 7);
        }
    }

    fn enabling_and_disabling_under_load_loses_no_commit(names) {
        // A session that is forgotten waits for a day: then the writers stand still.
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        let load = Load::start(source, 4);
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            load.wait_progress(20);
            let begin = Instant::now();
            source.set_source("enabled", "0");
            slowest = slowest.max(begin.elapsed());
            load.wait_progress(20);
            source.set_source("enabled", "1");
        }
        source.wait_status("status", "ON");
        let before = source.counter("yes_tx");
        load.wait_progress(50);
        assert!(source.counter("yes_tx") > before);
        let summary = load.finish_clean();
        println!("switching off under load took at most {slowest:?}; {summary:?}");
        assert!(slowest < PATIENCE, "switching off took {slowest:?}");
        assert_eq!(source.count_rows(None), summary.committed);
        pair.replica().wait_applied(source);
        assert_eq!(pair.replica().count_rows(None), summary.committed);
        source.stop();
    }

    fn switching_off_lets_waiting_sessions_go(names) {
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        pair.replica().freeze();
        let first = Waiting::insert(source, 1);
        let others: Vec<Waiting> = (2..8).map(|n| Waiting::start(source, &insert(n))).collect();
        let begin = Instant::now();
        source.set_source("enabled", "0");
        let took = begin.elapsed();
        println!("switching off with sessions that wait took {took:?}");
        assert!(took < PATIENCE, "switching off took {took:?}");
        first.done_within(SOON);
        for commit in others {
            commit.done_within(SOON);
        }
        assert_eq!(source.counter("wait_sessions"), 0);
        let disabled = source
            .dialect()
            .log_line("Semi-sync replication disabled on the source");
        assert_eq!(source.log().matches(disabled.as_str()).count(), 1);
        pair.replica().thaw();
        pair.replica().wait_applied(source);
        assert_eq!(pair.replica().count_rows(None), 7);
    }

    fn others_see_a_row_before_its_acknowledgement_only_after_commit(names) {
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        for ordered in ["ON", "OFF"] {
            source.order_commits(ordered);
            for wait_point in source.dialect().wait_points() {
                source.set_wait_point(wait_point);
                source.execute("TRUNCATE TABLE app.t");
                pair.replica().freeze();
                let commit = Waiting::insert(source, 1);
                let seen = source.count_rows(None);
                let listed = source.rows("SHOW PROCESSLIST");
                let states = listed
                    .iter()
                    .filter(|row| row[6] == names.waiting_state())
                    .count();
                assert_eq!((states, source.counter("wait_sessions")), (1, 1));
                pair.replica().thaw();
                commit.done_within(SOON);
                let expected = u64::from(*wait_point == "AFTER_COMMIT");
                assert_eq!(
                    seen, expected,
                    "{wait_point}, binlog_order_commits={ordered}"
                );
                assert_eq!(
                    (source.count_rows(None), source.counter("wait_sessions")),
                    (1, 0)
                );
                let load = Load::start(source, 8);
                load.wait_progress(200);
                load.finish_clean();
            }
        }
        assert_eq!(
            (source.counter("no_tx"), source.status("status")),
            (0, "ON".to_owned())
        );
        pair.replica().wait_applied(source);
        assert_eq!(pair.replica().count_rows(None), source.count_rows(None));
    }

    fn commits_that_fill_a_binary_log_file_are_confirmed(names) {
        let pair = Topology::new(names)
            .set("timeout", A_DAY_MS)
            .source_option("max-binlog-size=4096")
            .start();
        let source = &pair.source;
        for wait_point in source.dialect().wait_points() {
            source.set_wait_point(wait_point);
            for n in 0..20 {
                source.execute(&format!("CREATE TABLE app.filling{n} (text VARCHAR(100))"));
                source.execute(&format!("DROP TABLE app.filling{n}"));
            }
            let load = Load::start(source, 8);
            load.wait_progress(300);
            load.finish_clean();
            let files = source.rows("SHOW BINARY LOGS").len();
            assert!(files > 10, "only {files} files were written");
            assert_eq!(
                (source.counter("no_tx"), source.status("status")),
                (0, "ON".to_owned()),
                "{wait_point}"
            );
        }
        pair.replica().wait_applied(source);
        assert_eq!(pair.replica().count_rows(None), source.count_rows(None));
    }

    fn killing_a_session_that_waits_neither_loses_its_commit_nor_holds_up_others(names) {
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        let mut n = 0;
        for wait_point in source.dialect().wait_points() {
            source.set_wait_point(wait_point);
            for kill in ["KILL QUERY", "KILL CONNECTION"] {
                pair.replica().freeze();
                let killed = Waiting::insert(source, n);
                let other = Waiting::start(source, &insert(n + 1));
                source.execute(&format!("{kill} {}", killed.connection));
                pair.replica().thaw();
                // The commit ends as every commit does. Its client is told OK, or has lost the
                // connection.
                match (kill, killed.join_within(SOON).0) {
                    ("KILL QUERY", Ok(())) | ("KILL CONNECTION", Err(Error::IoError(_))) => {}
                    (_, result) => panic!("{kill} at {wait_point}: {result:?}"),
                }
                other.done_within(SOON);
                Waiting::start(source, &insert(n + 2)).done_within(SOON);
                for row in n..n + 3 {
                    assert_eq!(source.count_rows(Some(row)), 1, "{kill} at {wait_point}");
                }
                n += 3;
            }
        }
        assert_eq!(
            (source.status("status"), source.counter("wait_sessions")),
            ("ON".to_owned(), 0)
        );
        pair.replica().wait_applied(source);
        assert_eq!(pair.replica().count_rows(None), source.count_rows(None));
    }

    fn a_shutdown_does_not_wait_for_sessions_that_wait(names) {
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        for wait_point in source.dialect().wait_points() {
            source.set_wait_point(wait_point);
            if source.dialect().has_wait_point() {
                let line = format!("{}={wait_point}", names.source_var("wait_point"));
                source.reconfigure(|config| config.option(&line));
            }
            // First with a replica that is connected and silent, then without any.
            for connected in [true, false] {
                source.execute("TRUNCATE TABLE app.t");
                if connected {
                    pair.replica().freeze();
                } else {
                    pair.replica().execute("STOP REPLICA IO_THREAD");
                    source.wait_status("clients", "0");
                }
                let commits: Vec<Waiting> =
                    (0..3).map(|n| Waiting::start(source, &insert(n))).collect();
                eventually(SOON, "a session waits", || {
                    source.counter("wait_sessions") > 0
                });
                let took = source.stop();
                println!("shutdown at {wait_point}, replica connected: {connected}: {took:?}");
                assert!(took < Duration::from_secs(20), "the shutdown took {took:?}");
                for commit in commits {
                    let (result, _) = commit.join_within(SOON);
                    // Stock's plugins tell clients OK for what no replica has.
                    assert!(
                        result.is_err() || !Libraries::are_ours(),
                        "told OK at {wait_point}"
                    );
                }
                if connected {
                    pair.replica().thaw();
                } else {
                    pair.replica().execute("START REPLICA IO_THREAD");
                }
                source.start_again();
                source.wait_status("clients", "1");
                pair.replica().wait_applied(source);
                assert_eq!(pair.replica().count_rows(None), source.count_rows(None));
            }
        }
    }

    fn a_reset_of_the_binary_log_clears_counters(names) {
        let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
        let source = &pair.source;
        let cleared = || {
            for suffix in [
                "yes_tx",
                "no_tx",
                "no_times",
                "tx_waits",
                "tx_wait_time",
                "net_waits",
            ] {
                assert_eq!(source.counter(suffix), 0, "{suffix}");
            }
            assert_eq!(
                (source.status("status"), source.counter("wait_sessions")),
                ("ON".to_owned(), 0)
            );
        };
        let replica_anew = || {
            pair.replica()
                .script("STOP REPLICA;\nRESET REPLICA;\nRESET BINARY LOGS AND GTIDS;");
            source.wait_status("clients", "0");
            source.execute("RESET BINARY LOGS AND GTIDS");
            pair.replica().execute("START REPLICA");
            source.wait_status("clients", "1");
        };
        (0..5).for_each(|n| source.insert(n));
        assert_eq!(source.counter("yes_tx"), 5);
        replica_anew();
        cleared();
        // A silent replica makes sure that the session waits before the acknowledgement comes.
        pair.replica().freeze();
        let commit = Waiting::insert(source, 5);
        pair.replica().thaw();
        commit.done_within(SOON);
        assert_eq!(
            (source.counter("yes_tx"), source.counter("tx_waits")),
            (1, 1)
        );

        // A RESET while a session waits after its commit. The session holds locks of the server, so
        // the RESET waits for it.
        source.set_wait_point("AFTER_COMMIT");
        pair.replica().execute("STOP REPLICA IO_THREAD");
        source.wait_status("clients", "0");
        let commit = Waiting::insert(source, 6);
        let reset = Waiting::start(source, "RESET BINARY LOGS AND GTIDS");
        pair.replica().execute("START REPLICA IO_THREAD");
        commit.done_within(SOON);
        reset.done_within(SOON);
        cleared();
        assert_eq!(source.count_rows(Some(6)), 1);
        replica_anew();
        source.insert(7);
        assert_eq!(source.counter("yes_tx"), 1);
    }

    fn the_ack_receiver_thread_is_listed_while_enabled(names) {
        needs!(
            Dialect::of_run().has_performance_schema(),
            "its performance_schema is OFF"
        );
        let pair = Topology::new(names).start();
        let source = &pair.source;
        let listed = || {
            source.rows(
                "SELECT NAME, TYPE FROM performance_schema.threads \
                 WHERE NAME LIKE 'thread/semisync/%'",
            )
        };
        let expected = [[
            "thread/semisync/Ack_receiver".to_owned(),
            "BACKGROUND".to_owned(),
        ]];
        eventually(SOON, "the thread is listed", || listed() == expected);
        source.wait_log("Starting ack receiver thread");
        source.set_source("enabled", "0");
        eventually(SOON, "the thread is gone", || listed().is_empty());
        source.wait_log("Stopping ack receiver thread");
        source.set_source("enabled", "1");
        eventually(SOON, "the thread is listed again", || listed() == expected);
        source.insert(1);
        assert_eq!(source.counter("yes_tx"), 1);
    }

    fn a_replica_that_is_killed_stops_counting_without_a_write(names) {
        let pair = Topology::new(names).start();
        let source = &pair.source;
        source.insert(1);
        pair.replica().kill9();
        let took = source.wait_status_within(UNTIL_NOTICED, "clients", "0");
        println!("the killed replica stopped counting after {took:?}");
        assert_eq!(source.status("status"), "ON");
    }

    fn the_servers_own_shortcuts_change_nothing(names) {
        needs!(
            Dialect::of_run().has_observe_commit_only(),
            "it has no such shortcuts"
        );
        let pair = Topology::new(names)
            .set("timeout", A_DAY_MS)
            .source_option("replication_sender_observe_commit_only=ON")
            .source_option("replication_optimize_for_static_plugin_config=ON")
            .start();
        let source = &pair.source;
        let load = Load::start(source, 4);
        load.wait_progress(500);
        // Transactions of many events, for a sender that observes commits alone.
        let rows = vec!["(9)"; 300].join(",");
        for _ in 0..10 {
            source.execute(&format!("INSERT INTO app.t (n) VALUES {rows}"));
        }
        load.finish_clean();
        assert_eq!(
            (source.counter("no_tx"), source.status("status")),
            (0, "ON".to_owned())
        );
        // A group of commits counts once, as with stock.
        assert!(source.counter("yes_tx") > 10);
        pair.replica().execute("STOP REPLICA IO_THREAD");
        source.wait_status("clients", "0");
        source.set_source("timeout", "700");
        source.insert(1);
        assert_eq!(source.status("status"), "OFF");
        source.set_source("timeout", A_DAY_MS);
        pair.replica().execute("START REPLICA IO_THREAD");
        source.wait_status("status", "ON");
        pair.replica().wait_applied(source);
        assert_eq!(pair.replica().count_rows(None), source.count_rows(None));
        source.stop();
    }
}

fn insert(n: i64) -> String {
    format!("INSERT INTO app.t (n) VALUES ({n})")
}
