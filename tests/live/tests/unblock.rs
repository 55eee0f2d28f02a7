//! A source that is stuck, and its operator who ends the waits: all of them, by KILL, or by letting
//! a server not wait that is read_only. And what a timeout leads to, as the operator has decided.

use std::thread;
use std::time::Duration;

use mysql::Error;
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::sql::rows_of;
use semisync_live_tests::{
    A_DAY_MS, Libraries, Names, PATIENCE, Server, Topology, eventually, needs,
};

const OURS: &str = "stock has no second plugin";
/// `ER_OPTION_PREVENTS_STATEMENT`
const REFUSED: u16 = 1290;
/// `ER_QUERY_INTERRUPTED`
const INTERRUPTED: u16 = 1317;
/// A wait that goes on for so long goes on.
const A_WHILE: Duration = Duration::from_millis(700);

/// A pair with the operator's plugin on the source. Commits wait for as long as it takes.
fn pair() -> Topology {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    // `plugin-load` has installed both plugins of the library.
    let source = &pair.source;
    assert!(source.has_plugin("semisync_source"));
    source.insert(0);
    pair
}

fn insert(n: i64) -> String {
    format!("INSERT INTO {TABLE} (n) VALUES ({n})")
}

/// The replica is there, and silent. With `wait_point`, sessions wait there side by side.
fn stick(pair: &Topology, wait_point: &str) {
    pair.source.set_wait_point(wait_point);
    pair.source.order_commits("OFF");
    pair.replica().freeze();
}

/// The replica answers again, and the next commit is confirmed.
fn heal(pair: &Topology) {
    let before = pair.source.counter("yes_tx");
    pair.replica().thaw();
    pair.source.insert(99);
    assert!(pair.source.counter("yes_tx") > before);
    pair.replica().assert_same_rows(&pair.source);
}

fn kill(source: &Server, what: &str, connection: u32) {
    source.execute(&format!("KILL {what} {connection}"));
}

// ---- release_waits ----

#[test]
fn release_waits_lets_all_go_on_who_wait_and_semi_sync_stays_on() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    for wait_point in source.dialect().wait_points() {
        stick(&pair, wait_point);
        let unconfirmed = source.counter("no_tx");
        let waiting = [Waiting::insert(source, 1), Waiting::insert(source, 2)];
        let (file, position) = source.binlog_position();
        let mark = source.log_mark();
        source.set_operator("release_waits", "ON");
        for commit in waiting {
            commit.done_within(PATIENCE);
        }
        assert_eq!(source.status("status"), "ON");
        assert_eq!(source.counter("no_tx"), unconfirmed + 2);
        assert_eq!(source.counter("no_times"), 0);
        assert_eq!(source.variable("semisync_source_release_waits"), "0");
        source.wait_log_since(
            mark,
            &format!(
                "released 2 waiting session(s) because semisync_source_release_waits was set, \
                 with all transactions up to ({file}, {position})"
            ),
        );

        let next = Waiting::insert(source, 3);
        assert!(!next.is_over_within(A_WHILE), "who comes later waits");
        pair.replica().thaw();
        next.done_within(PATIENCE);
        heal(&pair);
    }
}

#[test]
fn release_waits_says_so_when_nobody_waits() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let mark = pair.source.log_mark();
    pair.source.set_operator("release_waits", "ON");
    pair.source
        .wait_log_since(mark, "released nobody: no session waits");
    pair.source.set_operator("release_waits", "OFF");
    assert_eq!(pair.source.log_since(mark).matches("released").count(), 1);
}

// ---- KILL ----

#[test]
fn kill_ends_no_wait_until_kill_ends_wait_is_set() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    for wait_point in source.dialect().wait_points() {
        stick(&pair, wait_point);
        let unconfirmed = source.counter("no_tx");
        let killed = Waiting::insert(source, 4);
        let other = Waiting::insert(source, 5);
        kill(source, "QUERY", killed.connection);
        assert!(!killed.is_over_within(A_WHILE));
        let mark = source.log_mark();
        source.set_operator("kill_ends_wait", "ON");
        assert_committed_here(source, killed, 4);
        let line = source.wait_log_since(mark, "KILL has ended a session's wait");
        assert!(
            line.contains("committed here, but perhaps on no replica"),
            "{line}"
        );
        assert!(!other.is_over_within(A_WHILE), "nobody else is released");
        assert_eq!(source.counter("no_tx"), unconfirmed + 1);
        assert_eq!(source.status("status"), "ON");
        let lines = source.log_since(mark);
        assert_eq!(lines.matches("KILL has ended").count(), 1, "{lines}");
        source.set_operator("kill_ends_wait", "OFF");
        pair.replica().thaw();
        other.done_within(PATIENCE);
        heal(&pair);
    }
}

/// The client may be told that its statement was interrupted, as of any statement that is killed,
/// or that it went well. The row is there.
#[track_caller]
fn assert_committed_here(source: &Server, killed: Waiting, n: i64) {
    match killed.join_within(PATIENCE).0 {
        Ok(()) => {}
        Err(Error::MySqlError(e)) => assert_eq!(e.code, INTERRUPTED, "{e}"),
        Err(e) => panic!("not an answer: {e}"),
    }
    assert!(source.count_rows(Some(n)) > 0);
}

#[test]
fn with_kill_ends_wait_kill_of_a_connection_ends_its_wait_at_once() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    source.set_operator("kill_ends_wait", "ON");
    for wait_point in source.dialect().wait_points() {
        stick(&pair, wait_point);
        let killed = Waiting::insert(source, 6);
        kill(source, "CONNECTION", killed.connection);
        assert!(
            killed.join_within(PATIENCE).0.is_err(),
            "its connection is gone"
        );
        eventually(PATIENCE, "the session ends", || {
            source.counter("wait_sessions") == 0
        });
        eventually(PATIENCE, "it is committed", || {
            source.count_rows(Some(6)) > 0
        });
        heal(&pair);
    }
}

#[test]
fn the_client_whose_wait_was_killed_is_warned() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    source.set_operator("kill_ends_wait", "ON");
    for wait_point in source.dialect().wait_points() {
        stick(&pair, wait_point);
        let mut conn = source.conn();
        let connection = conn.connection_id();
        let statement = insert(7);
        let session = thread::spawn(move || {
            let answer = rows_of(&mut conn, &statement).map(drop);
            (answer.is_ok(), rows_of(&mut conn, "SHOW WARNINGS"))
        });
        source.wait_state(connection, &source.names().waiting_state());
        kill(source, "QUERY", connection);
        let (went_well, warnings) = session.join().expect("no panic");
        let warnings = warnings.expect("the connection is there");
        println!("{wait_point}: went well: {went_well}, {warnings:?}");
        assert!(
            warnings.iter().any(|row| row[0] == "Warning"
                && row[2].starts_with("KILL has ended the wait for acknowledgements")),
            "{warnings:?}"
        );
        heal(&pair);
    }
}

/// While one commit waits, three others form the next group behind it.
#[test]
fn kill_of_a_leader_releases_its_whole_group() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    needs!(
        source.dialect().has_wait_point(),
        "nobody leads a group while it waits"
    );
    needs!(
        source.dialect().has_order_commits(),
        "sessions wait side by side"
    );
    source.set_operator("kill_ends_wait", "ON");
    source.set_wait_point("AFTER_SYNC");
    pair.replica().freeze();
    let first = Waiting::insert(source, 10);
    let group: Vec<Waiting> = (11..14)
        .map(|n| Waiting::start(source, &insert(n)))
        .collect();
    let (file, _) = source.binlog_position();
    eventually(PATIENCE, "three more are in the binary log", || {
        let events = source.rows(&format!("SHOW BINLOG EVENTS IN '{file}'"));
        events.iter().filter(|event| event[2] == "Xid").count() >= 5
    });
    assert_eq!(source.counter("wait_sessions"), 1);
    kill(source, "QUERY", first.connection);
    assert_committed_here(source, first, 10);
    // One of the three waits for all of them.
    let state = source.names().waiting_state();
    let leader = || {
        let mut ids = group.iter().map(|member| member.connection);
        ids.find(|id| source.processlist_state(*id) == state)
    };
    eventually(PATIENCE, "the next leader waits", || leader().is_some());
    assert_eq!(source.counter("wait_sessions"), 1);
    let leader = leader().expect("it waits");
    let over = group.iter().filter(|member| member.is_over()).count();
    assert_eq!(over, 0);
    kill(source, "QUERY", leader);
    for (n, member) in (11..14).zip(group) {
        if member.connection == leader {
            assert_committed_here(source, member, n);
        } else {
            member.done_within(PATIENCE);
        }
    }
    assert_eq!(source.counter("wait_sessions"), 0);
    assert_eq!(source.status("status"), "ON");
    heal(&pair);
}

// ---- wait_when_read_only ----

#[test]
fn a_read_only_server_does_not_wait_if_the_operator_says_so() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    for wait_point in source.dialect().wait_points() {
        stick(&pair, wait_point);
        source.execute("SET GLOBAL read_only = ON");
        let waits = Waiting::insert(source, 20);
        assert!(!waits.is_over_within(A_WHILE));
        source.set_operator("wait_when_read_only", "OFF");
        Waiting::start(source, &insert(21)).done_within(PATIENCE);
        assert_eq!(source.status("status"), "ON");
        assert!(!waits.is_over(), "who waits goes on waiting");
        source.execute("SET GLOBAL read_only = OFF");
        let again = Waiting::insert(source, 22);
        pair.replica().thaw();
        waits.done_within(PATIENCE);
        again.done_within(PATIENCE);
        source.set_operator("wait_when_read_only", "ON");
        heal(&pair);
    }
}

// ---- timeout_action ----

/// Short enough to pass in a test.
const TIMEOUT: &str = "500";

#[test]
fn with_wait_a_timeout_ends_no_wait_and_async_ends_it_at_once() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    for wait_point in source.dialect().wait_points() {
        stick(&pair, wait_point);
        source.set_source("timeout", TIMEOUT);
        source.set_operator("timeout_action", "'WAIT'");
        let mark = source.log_mark();
        let waits = Waiting::insert(source, 30);
        source.wait_log_since(
            mark,
            "semisync_source_timeout_action is WAIT: sessions wait on",
        );
        let second = Waiting::insert(source, 31);
        assert!(!second.is_over_within(3 * A_WHILE));
        assert!(!waits.is_over());
        assert_eq!(source.status("status"), "ON");
        let lines = source.log_since(mark);
        assert_eq!(lines.matches("sessions wait on").count(), 1, "{lines}");

        pair.replica().thaw();
        waits.done_within(PATIENCE);
        second.done_within(PATIENCE);

        pair.replica().freeze();
        let waits = Waiting::insert(source, 32);
        assert!(!waits.is_over_within(2 * A_WHILE));
        source.set_operator("timeout_action", "'ASYNC'");
        waits.done_within(PATIENCE);
        source.wait_status("status", "OFF");
        pair.replica().thaw();
        source.wait_status("status", "ON");
        source.set_source("timeout", A_DAY_MS);
        heal(&pair);
    }
}

#[test]
fn with_wait_a_lost_replica_switches_nothing_off_and_a_shutdown_still_ends_the_wait() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    source.execute(&format!(
        "SET GLOBAL {} = OFF",
        source.names().wait_no_replica_var()
    ));
    source.set_operator("timeout_action", "'WAIT'");
    source.set_source("timeout", TIMEOUT);
    pair.replica().execute("STOP REPLICA");
    source.wait_status("clients", "0");
    assert_eq!(source.status("status"), "ON");
    let waits = Waiting::insert(source, 33);
    assert!(!waits.is_over_within(2 * A_WHILE));
    source.stop();
    assert!(waits.join_within(PATIENCE).0.is_err(), "it is not told OK");
    source.wait_log("Semi-sync at shutdown: 1 commit(s)");
}

#[test]
fn with_refuse_new_transactions_are_refused_from_a_timeout_until_the_replica_is_back() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    needs!(
        source.dialect().has_before_commit(),
        "nothing can be refused"
    );
    for wait_point in source.dialect().wait_points() {
        stick(&pair, wait_point);
        source.set_source("timeout", TIMEOUT);
        source.set_operator("timeout_action", "'REFUSE'");
        let mark = source.log_mark();
        let waits = Waiting::insert(source, 40);
        source.wait_log_since(mark, "semisync_source_timeout_action is REFUSE");
        let before = source.binlog_position();
        let (code, message) = source.error(&insert(41));
        assert_eq!(code, REFUSED, "{message}");
        assert!(
            message.contains("--semisync_source_timeout_action"),
            "{message}"
        );
        assert_eq!(source.binlog_position(), before, "nothing was written");
        assert_eq!(source.count_rows(Some(41)), 0);
        assert!(!waits.is_over());
        assert_eq!(source.status("status"), "ON");

        let mark = source.log_mark();
        pair.replica().thaw();
        waits.done_within(PATIENCE);
        source.wait_log_since(mark, "New transactions are not refused any more");
        source.insert(42);
        source.set_operator("timeout_action", "'ASYNC'");
        source.set_source("timeout", A_DAY_MS);
        heal(&pair);
    }
}

#[test]
fn with_abort_server_a_timeout_ends_the_server() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    pair.replica().freeze();
    source.set_source("timeout", TIMEOUT);
    source.set_operator("timeout_action", "'ABORT_SERVER'");
    let waits = Waiting::start(source, &insert(50));
    assert!(waits.join_within(PATIENCE).0.is_err(), "nobody is told OK");
    let log = source.wait_abort();
    let reason = "ABORT_SERVER: the server ends itself";
    assert!(log.contains(reason), "{log}");
    source.start_again();
    assert_eq!(source.count_rows(Some(50)), 1, "it is in the binary log");
    pair.replica().thaw();
}

// ---- rejoin_after_ms ----

#[test]
fn semi_sync_comes_on_again_only_after_the_replica_has_kept_up_for_so_long() {
    needs!(Libraries::are_ours(), OURS);
    const AFTER: Duration = Duration::from_secs(3);
    let pair = pair();
    let source = &pair.source;
    source.set_operator("rejoin_after_ms", "3000");
    stick(&pair, source.dialect().default_wait_point());
    source.set_source("timeout", TIMEOUT);
    Waiting::start(source, &insert(60)).done_within(PATIENCE);
    assert_eq!(source.status("status"), "OFF");
    let thawed = std::time::Instant::now();
    pair.replica().thaw();
    // Nothing is written meanwhile: it is the clock that switches it on.
    source.wait_status("status", "ON");
    assert!(thawed.elapsed() >= AFTER, "{:?}", thawed.elapsed());
    heal(&pair);
}

// ---- uninstalling ----

#[test]
fn uninstalling_the_operator_s_plugin_sets_everything_back_for_those_who_wait() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    source.set_operator("quorum", "'ANY 1 (nobody)'");
    source.set_operator("timeout_action", "'WAIT'");
    let waits = Waiting::insert(source, 70);
    assert!(!waits.is_over_within(A_WHILE), "nobody is not there");
    source.uninstall("semisync_source");
    // Stock's count: one replica has it.
    waits.done_within(PATIENCE);
    assert_eq!(source.counter("no_tx"), 0);
    heal(&pair);
}

#[test]
fn uninstalling_the_operator_s_plugin_ends_waits_that_are_over_by_stock_s_rules() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    source.set_source("timeout", TIMEOUT);
    source.set_operator("timeout_action", "'WAIT'");
    pair.replica().freeze();
    let waits = Waiting::insert(source, 80);
    assert!(!waits.is_over_within(2 * A_WHILE));
    source.uninstall("semisync_source");
    waits.done_within(PATIENCE);
    assert_eq!(source.status("status"), "OFF");
    pair.replica().thaw();
}
