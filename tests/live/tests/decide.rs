//! The operator decides which replicas must have a transaction: the quorum, names and zones, and
//! what the source knows better than its replicas.
//!
//! The replicas are fakes, so that each of them answers when the test says so.

use std::iter;
use std::time::Duration;

use semisync_live_tests::fake_replica::{Announce, FakeReplica, Start};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Server, Topology, eventually, needs,
};

const OURS: &str = "stock has no second plugin";
/// `ER_WRONG_VALUE_FOR_VAR`
const WRONG_VALUE: u16 = 1231;
/// A wait that goes on for so long goes on.
const A_WHILE: Duration = Duration::from_millis(700);

/// A source with both plugins of the library, as `plugin-load` of the file gives them. Commits
/// wait for as long as it takes.
fn source() -> Server {
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    source.insert_unconfirmed();
    assert!(source.has_plugin("semisync_source"));
    source
}

/// A replica at the end of the log that tells this of itself. Empty: it tells nothing.
fn replica(source: &Server, server_id: u32, name: &str, zone: &str) -> FakeReplica {
    replica_from(source, &source.newest(), server_id, name, zone)
}

/// As `replica`. It has everything up to `start`, and claims no more.
fn replica_from(
    source: &Server,
    start: &Start,
    server_id: u32,
    name: &str,
    zone: &str,
) -> FakeReplica {
    let clients = source.counter("clients");
    let mut fake = FakeReplica::connect(source, server_id).expect("a connection");
    fake.prepare(Announce::Both).expect("a registration");
    for (variable, word) in [
        ("semisync_replica_name", name),
        ("semisync_replica_zone", zone),
    ] {
        if !word.is_empty() {
            fake.set(&format!("@{variable} = '{word}'"))
                .expect("a user variable");
        }
    }
    fake.dump(start).expect("a dump");
    wait_clients(source, clients + 1);
    fake
}

/// The source counts so many replicas.
fn wait_clients(source: &Server, clients: u64) {
    eventually(PATIENCE, &format!("{clients} replicas"), || {
        source.counter("clients") == clients
    });
}

fn state(source: &Server) -> String {
    source.global_status("Semisync_source_state")
}

fn assert_waits(commit: &Waiting) {
    assert!(!commit.is_over_within(A_WHILE), "the commit goes on");
}

// ---- quorum ----

#[test]
fn first_waits_for_one_replica_and_for_the_next_as_soon_as_that_one_is_gone() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    source.set_operator("quorum", "'FIRST 1 (db2, db3)'");
    let no_times = source.counter("no_times");
    let mut two = replica(&source, 2, "db2", "");
    // Which replicas lag is not known before the first commit.
    let commit = Waiting::insert(&source, 0);
    two.answer();
    commit.done_within(PATIENCE);
    let mut three = replica(&source, 3, "db3", "");

    let commit = Waiting::insert(&source, 1);
    three.answer();
    assert_waits(&commit);
    two.answer();
    commit.done_within(PATIENCE);

    let commit = Waiting::insert(&source, 2);
    three.answer();
    assert_waits(&commit);
    two.close();
    commit.done_within(PATIENCE);

    wait_clients(&source, 1);
    let commit = Waiting::insert(&source, 3);
    three.answer();
    commit.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), 4);
    assert_eq!(source.counter("no_times"), no_times, "it was never OFF");
    source.stop();
}

#[test]
fn a_member_that_returns_holds_up_no_commit_while_it_catches_up() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    source.set_operator("quorum", "'FIRST 1 (db2, db3)'");
    let start = source.newest();
    let mut three = replica(&source, 3, "db3", "");
    // More than the sockets hold, in rows that are small enough for every series.
    let text = "x".repeat(900_000);
    let row = format!("INSERT INTO app.texts VALUES ('{text}')");
    let backlog = iter::repeat_n(row.as_str(), 32);
    for sql in iter::once("CREATE TABLE app.texts (t LONGTEXT)").chain(backlog) {
        let commit = Waiting::start(&source, sql);
        three.answer();
        commit.done_within(PATIENCE);
    }
    // It reads nothing yet, so the source cannot send it the whole log.
    let mut two = replica_from(&source, &start, 2, "db2", "");
    let commit = Waiting::insert(&source, 1);
    three.answer();
    commit.done_within(PATIENCE);

    // From when it was sent the whole log, commits wait for it.
    while let Ok(Some(event)) = two.next_event(Duration::from_secs(2)) {
        if event.asks {
            two.say(&event.end);
        }
    }
    let commit = Waiting::insert(&source, 2);
    three.answer();
    assert_waits(&commit);
    two.answer();
    commit.done_within(PATIENCE);
    source.stop();
}

#[test]
fn the_tables_show_who_counts_and_for_whom_a_commit_waits() {
    needs!(Libraries::are_ours(), OURS);
    needs!(
        Dialect::of_run().has_tables(),
        "a plugin has no tables in it"
    );
    let source = source();
    source.set_operator("quorum", "'FIRST 1 (db2, db3) AND ZONES 1'");
    source.set_operator("zone", "'a'");
    source.set_operator("members", "'4=@b'");
    let mut fakes = [
        replica(&source, 2, "db2", "a"),
        replica(&source, 3, "db3", "a"),
        replica(&source, 4, "db4", "a"),
        replica(&source, 5, "db5", "a"),
    ];
    let rows = source.rows(
        "SELECT NAME, ZONE, SYNC_STATE, COUNTED, NOT_COUNTED_REASON \
         FROM performance_schema.replication_semisync_replicas ORDER BY SERVER_ID",
    );
    assert_eq!(
        rows,
        [
            ["db2", "a", "SYNC", "YES", "NULL"],
            ["db3", "a", "POTENTIAL", "YES", "NULL"],
            ["db4", "b", "QUORUM", "YES", "NULL"],
            ["db5", "a", "ASYNC", "NO", "the quorum does not name it"],
        ]
    );
    let commit = Waiting::insert(&source, 1);
    fakes[1].answer();
    for (nth, expected) in [
        (None, ["0", "2", "db2 AND zone:b"]),
        (Some(2), ["1", "2", "db2"]),
    ] {
        if let Some(nth) = nth {
            fakes[nth].answer();
        }
        let sql = "SELECT ACKNOWLEDGED_BY, NEEDED, MISSING \
                   FROM performance_schema.replication_semisync_waits";
        eventually(PATIENCE, &format!("{expected:?}"), || {
            source.rows(sql) == [expected]
        });
    }
    fakes[0].answer();
    commit.done_within(PATIENCE);
    source.stop();
}

#[test]
fn a_zone_that_is_cut_off_holds_up_commits_however_many_others_have_them() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    source.set_operator("quorum", "'ANY 1 (zone:b) AND ANY 1 (zone:c)'");
    let mut others = [replica(&source, 2, "", "b"), replica(&source, 4, "", "b")];
    let mut of_c = replica(&source, 3, "", "c");
    let commit = Waiting::insert(&source, 1);
    others.iter_mut().for_each(|fake| drop(fake.answer()));
    assert_waits(&commit);
    of_c.answer();
    commit.done_within(PATIENCE);
    assert_eq!(state(&source), "2");

    of_c.close();
    wait_clients(&source, 2);
    assert_eq!(state(&source), "3", "ON with too few replicas");
    let start = source.newest();
    let commit = Waiting::insert(&source, 2);
    others.iter_mut().for_each(|fake| drop(fake.answer()));
    assert_waits(&commit);
    // Another server of that zone will do.
    let mut of_c = replica_from(&source, &start, 5, "", "C");
    assert_waits(&commit);
    of_c.answer();
    commit.done_within(PATIENCE);
    source.stop();
}

#[test]
fn zones_counts_other_zones_than_the_sources_own() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    source.set_operator("zone", "'a'");
    source.set_operator("quorum", "'ZONES 1'");
    let (mut of_a, mut of_b) = (replica(&source, 2, "", "a"), replica(&source, 3, "", "b"));
    let commit = Waiting::insert(&source, 1);
    of_a.answer();
    assert_waits(&commit);
    of_b.answer();
    commit.done_within(PATIENCE);

    let commit = Waiting::insert(&source, 2);
    of_a.answer();
    assert_waits(&commit);
    source.set_operator("zone", "'b'");
    commit.done_within(PATIENCE);
    source.stop();
}

#[test]
fn without_a_quorum_the_count_decides_also_for_those_who_wait() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    let mut two = replica(&source, 2, "db2", "");
    source.set_operator("quorum", "'ANY 1 (db3)'");
    let commit = Waiting::insert(&source, 1);
    two.answer();
    assert_waits(&commit);
    source.set_operator("quorum", "''");
    commit.done_within(PATIENCE);

    // The same when the plugin goes.
    source.set_operator("quorum", "'ANY 1 (db3)'");
    let commit = Waiting::insert(&source, 2);
    two.answer();
    assert_waits(&commit);
    source.uninstall("semisync_source");
    commit.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), 2);
    source.stop();
}

#[test]
fn without_waiting_for_replicas_it_is_off_until_the_quorum_has_the_newest_commit() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    let mut two = replica(&source, 2, "db2", "");
    let three = replica(&source, 3, "db3", "");
    source.set_operator("quorum", "'ANY 2 (db2, db3)'");
    source.set_source("wait_no_replica", "OFF");
    assert_eq!(source.status("status"), "ON");
    let start = source.newest();
    let commit = Waiting::insert(&source, 1);
    two.answer();
    assert_waits(&commit);
    three.close();
    commit.done_within(PATIENCE);
    assert_eq!(source.status("status"), "OFF");

    let mut back = replica_from(&source, &start, 3, "db3", "");
    assert_eq!(
        source.status("status"),
        "OFF",
        "it has not said that it has the commit"
    );
    back.answer();
    eventually(PATIENCE, "ON", || source.status("status") == "ON");
    source.stop();
}

#[test]
fn a_wrong_text_is_refused_with_the_place_and_changes_nothing() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    for (variable, right, wrong, message) in [
        (
            "quorum",
            "ANY 1 (db2)",
            "ANY x (db2)",
            "a number from 1 to 65535 is expected at character 5",
        ),
        (
            "quorum",
            "ZONES 2",
            "ANY 1 (db2",
            "',' or ')' is expected at character 11",
        ),
        (
            "members",
            "2=db2@east",
            "2=db2, 3=DB2",
            "the name DB2 belongs to server id 2 at character 10",
        ),
        (
            "zone",
            "east",
            "e@st",
            "a name or zone has no '@' at character 2",
        ),
    ] {
        let name = format!("semisync_source_{variable}");
        source.set_operator(variable, &format!("'{right}'"));
        let refused = source.error(&format!("SET GLOBAL {name} = '{wrong}'"));
        let expected =
            format!("Variable '{name}' can't be set to the value of '{wrong}': {message}.");
        assert_eq!(refused, (WRONG_VALUE, expected));
        assert_eq!(source.variable(&name), right);
    }
    source.stop();
}

// ---- who a replica is ----

#[test]
fn a_replica_that_lies_about_its_name_is_overruled() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    source.set_operator("members", "'2=db2@east'");
    source.set_operator("quorum", "'ANY 1 (db2)'");
    let mark = source.log_mark();
    let mut liar = replica(&source, 3, "db2", "");
    source.wait_log_since(
        mark,
        "Replica (server_id: 3) says that its name is 'db2'. This is ignored: \
         semisync_source_members gives the name to another server.",
    );
    let mut two = replica(&source, 2, "another", "west");
    let commit = Waiting::insert(&source, 1);
    liar.answer();
    assert_waits(&commit);
    two.answer();
    commit.done_within(PATIENCE);

    source.set_operator("quorum", "'ANY 1 (zone:east)'");
    let commit = Waiting::insert(&source, 2);
    liar.answer();
    assert_waits(&commit);
    two.answer();
    commit.done_within(PATIENCE);
    source.stop();
}

#[test]
fn overruling_acts_at_once_on_those_who_are_connected() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    source.set_operator("quorum", "'ANY 1 (zone:east)'");
    let mut two = replica(&source, 2, "", "west");
    assert_eq!(state(&source), "3", "ON with too few replicas");
    let commit = Waiting::insert(&source, 1);
    two.answer();
    assert_waits(&commit);
    source.set_operator("members", "'2=db2@east'");
    commit.done_within(PATIENCE);
    assert_eq!(state(&source), "2");
    // Its own word again.
    source.set_operator("members", "''");
    assert_eq!(state(&source), "3");
    source.stop();
}

#[test]
fn a_real_replica_tells_its_name_and_zone() {
    needs!(Libraries::are_ours(), OURS);
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    let (source, server) = (&pair.source, pair.replica());
    for (name, value) in [("name", "db2"), ("zone", "b")] {
        server.execute(&format!("SET GLOBAL semisync_replica_{name} = '{value}'"));
    }
    server.restart_receiver();
    source.set_operator("quorum", "'ANY 1 (db2) AND ANY 1 (zone:b)'");
    eventually(PATIENCE, "ON", || state(source) == "2");
    source.insert(1);
    assert_eq!(source.counter("yes_tx"), 1);
    source.set_operator("quorum", "'ANY 1 (db3)'");
    assert_eq!(state(source), "3");
    source.stop();
    server.stop();
}

#[test]
fn a_word_that_is_too_long_or_not_printable_is_ignored_and_the_replica_counts_by_its_uuid() {
    needs!(Libraries::are_ours(), OURS);
    let source = source();
    let uuid = "3E11FA47-71CA-11E1-9E33-C80AA9429562";
    source.set_operator("quorum", &format!("'ANY 1 ({uuid})'"));
    for (server_id, word) in [
        (2, "x".repeat(65)),
        (3, "d\u{7}b".to_owned()),
        (4, "7".to_owned()),
    ] {
        let mark = source.log_mark();
        let mut fake = FakeReplica::connect(&source, server_id).expect("a connection");
        fake.prepare(Announce::Both).expect("a registration");
        for variable in ["replica_uuid", "slave_uuid"] {
            fake.set(&format!("@{variable} = '{}'", uuid.to_lowercase()))
                .expect("a UUID");
        }
        fake.set(&format!("@semisync_replica_name = '{word}'"))
            .expect("a name");
        fake.dump(&source.newest()).expect("a dump");
        wait_clients(&source, 1);
        let log = source.log_since(mark);
        let line = format!("Replica (server_id: {server_id}) says that its name is '");
        assert_eq!(log.matches(&line).count(), 1, "{log}");
        let commit = Waiting::insert(&source, 1);
        fake.answer();
        commit.done_within(PATIENCE);
        fake.close();
        wait_clients(&source, 0);
    }
    source.stop();
}
