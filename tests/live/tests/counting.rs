//! Which replicas count, and how many are enough: fakes acknowledge in chosen orders, and a commit
//! goes on exactly when the N-th largest of the replicas' newest positions reaches it.
//!
//! Commits wait side by side here (`binlog_order_commits` is OFF). Otherwise the server lets them
//! wait one after the other.

use std::time::Duration;

use mysql::prelude::Queryable;
use semisync_live_tests::dialect::not_applicable;
use semisync_live_tests::fake_replica::{Announce, FakeReplica, Place, acknowledgement};
use semisync_live_tests::hostile::Hostility;
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Server, ServerConfig, Topology, eventually,
    needs,
};

const ONE_IS_ENOUGH: &str = "one replica is always enough";
const NO_GTIDS: &str = "it does not ask again for what it has thrown away";
/// How long the test watches a commit that must not go on.
const A_WHILE: Duration = Duration::from_millis(200);

/// A source that needs `count` of the fakes attached to it, and three commits that wait.
struct Waiters {
    source: Server,
    fakes: Vec<FakeReplica>,
    commits: Vec<Waiting>,
    ends: Vec<Place>,
}

impl Waiters {
    fn three(names: Names, wait_point: &str, count: u32) -> Waiters {
        let source = Server::lone_source(names, A_DAY_MS);
        source.order_commits("OFF");
        source.set_wait_point(wait_point);
        if count > 1 {
            source.execute(&format!("SET GLOBAL {} = {count}", names.wait_count_var()));
        }
        let mut fakes: Vec<FakeReplica> = (7_790_001..=7_790_003)
            .map(|server_id| FakeReplica::at_the_end(&source, server_id))
            .collect();
        source.wait_status("clients", "3");
        let commits = (1..=3).map(|n| Waiting::insert(&source, n)).collect();
        let ends: Vec<Place> = (0..3).map(|_| fakes[0].request().end).collect();
        for fake in &mut fakes[1..] {
            for end in &ends {
                assert_eq!(&fake.request().end, end, "all are served the same");
            }
        }
        Waiters {
            source,
            fakes,
            commits,
            ends,
        }
    }

    /// Replica `fake` acknowledges p`end` (both begin at 1). Then `released` commits have gone on.
    #[track_caller]
    fn step(&mut self, fake: usize, end: usize, released: usize) {
        self.fakes[fake - 1].say(&self.ends[end - 1]);
        let over = || {
            self.commits
                .iter()
                .filter(|commit| commit.is_over())
                .count()
        };
        let what = format!("{released} of 3 commits after replica {fake} acknowledged p{end}");
        eventually(PATIENCE, &what, || over() >= released);
        std::thread::sleep(A_WHILE);
        assert_eq!(over(), released, "{what}");
    }

    #[track_caller]
    fn end(self) {
        for commit in self.commits {
            commit.done_within(PATIENCE);
        }
        assert_eq!(self.source.counter("yes_tx"), 3);
        assert_eq!(self.source.counter("no_tx"), 0);
    }
}

/// Three are needed: p2, p1, p3 in that order confirm p1 and nothing beyond. Stock releases p2,
/// which two of three have.
#[test]
fn two_of_three_do_not_confirm_what_needs_three() {
    needs!(Dialect::of_run().has_wait_count(), ONE_IS_ENOUGH);
    for names in Names::available() {
        for wait_point in Dialect::of_run().wait_points() {
            let mut waiters = Waiters::three(*names, wait_point, 3);
            waiters.step(1, 2, 0);
            waiters.step(2, 1, 0);
            waiters.step(3, 3, 1);
            // Duplicates and older positions change nothing.
            waiters.step(1, 1, 1);
            waiters.step(3, 3, 1);
            waiters.step(3, 1, 1);
            waiters.step(2, 1, 1);
            waiters.step(2, 3, 2);
            waiters.step(1, 3, 3);
            waiters.end();
        }
    }
}

#[test]
fn the_second_of_three_confirms_what_needs_two() {
    needs!(Dialect::of_run().has_wait_count(), ONE_IS_ENOUGH);
    let mut waiters = Waiters::three(Names::newest(), "AFTER_COMMIT", 2);
    waiters.step(1, 2, 0);
    waiters.step(2, 1, 1);
    waiters.step(3, 3, 2);
    waiters.step(3, 3, 2);
    waiters.step(2, 2, 2);
    waiters.step(1, 1, 2);
    waiters.step(2, 3, 3);
    waiters.end();
}

#[test]
fn the_first_of_three_confirms_what_needs_one() {
    let dialect = Dialect::of_run();
    // Where commits cannot be told to wait side by side, they do so after the engine's commit
    // alone.
    let wait_point = if dialect.has_order_commits() {
        dialect.wait_points()[0]
    } else {
        "AFTER_COMMIT"
    };
    let mut waiters = Waiters::three(Names::newest(), wait_point, 1);
    waiters.step(1, 2, 2);
    waiters.step(2, 1, 2);
    waiters.step(1, 1, 2);
    waiters.step(3, 3, 3);
    waiters.end();
}

/// The count is lowered and raised while commits wait. The newest positions decide, as if the count
/// had been so from the start.
#[test]
fn a_changed_count_holds_for_those_who_wait() {
    needs!(Dialect::of_run().has_wait_count(), ONE_IS_ENOUGH);
    let mut waiters = Waiters::three(Names::newest(), "AFTER_COMMIT", 3);
    let count = Names::newest().wait_count_var();
    waiters.step(1, 3, 0);
    waiters.step(2, 1, 0);
    waiters.source.execute(&format!("SET GLOBAL {count} = 2"));
    eventually(PATIENCE, "the release of p1", || {
        waiters.commits[0].is_over()
    });
    waiters.step(2, 1, 1);
    waiters.source.execute(&format!("SET GLOBAL {count} = 3"));
    waiters.step(2, 2, 1);
    waiters.step(3, 2, 2);
    waiters.source.execute(&format!("SET GLOBAL {count} = 1"));
    waiters.end();
}

/// Two connections with one server id are one replica.
#[test]
fn two_connections_of_one_replica_are_no_two_replicas() {
    needs!(Dialect::of_run().has_wait_count(), ONE_IS_ENOUGH);
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    source.execute(&format!(
        "SET GLOBAL {} = 2",
        Names::newest().wait_count_var()
    ));
    let first = FakeReplica::at_the_end(&source, 7_790_021);
    let mut second = FakeReplica::at_the_end(&source, 7_790_021);
    source.wait_status("clients", "1");
    let commit = Waiting::insert(&source, 1);
    let place = second.answer().end;
    second.say(&place);
    std::thread::sleep(A_WHILE);
    assert!(!commit.is_over(), "one replica counted twice");
    // A replica that attaches at the newest position says that it has the transaction.
    let mut other = FakeReplica::at_the_end(&source, 7_790_022);
    commit.done_within(PATIENCE);
    drop(first);
    source.insert_while(|| {
        second.answer();
        other.answer();
    });
    assert_eq!(source.counter("yes_tx"), 2);
}

#[test]
fn either_vocabulary_announces_a_replica() {
    for names in Names::available() {
        let source = Server::lone_source(*names, A_DAY_MS);
        let ways = [Announce::Replica, Announce::Slave, Announce::Both];
        for (server_id, announce) in (7_800_001..).zip(ways) {
            let mut fake = FakeReplica::at_the_end_as(&source, server_id, announce);
            source.wait_status("clients", "1");
            source.insert_while(|| {
                fake.answer();
            });
            fake.close();
            source.wait_status("clients", "0");
        }
        assert_eq!(source.counter("yes_tx"), 3);
        let mut quiet = FakeReplica::at_the_end_as(&source, 7_800_009, Announce::Nothing);
        let kind = quiet
            .next_event(PATIENCE)
            .expect("plain events")
            .map(|event| event.kind);
        assert_eq!(
            kind,
            Some(4),
            "the dump begins with a rotate event that has no header"
        );
        assert_eq!(source.status("clients"), "0");
    }
}

/// A stream of bytes may cut acknowledgements anywhere and bring several at once.
#[test]
fn honest_acknowledgements_may_be_split_or_coalesced() {
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    source.order_commits("OFF");
    let mut fake = FakeReplica::at_the_end(&source, 7_810_001);
    source.insert_while(|| {
        let event = fake.request();
        Hostility::ByteByByte
            .act(&mut fake, &event.end)
            .expect("byte by byte");
    });
    source.insert_while(|| {
        let bytes = acknowledgement(&fake.request().end);
        let (head, tail) = bytes.split_at(6);
        fake.send_raw(head).expect("the first half");
        std::thread::sleep(A_WHILE);
        fake.send_raw(tail).expect("the second half");
    });
    let commits: Vec<Waiting> = (1..=3).map(|n| Waiting::insert(&source, n)).collect();
    let mut bytes = Vec::new();
    for _ in 0..3 {
        bytes.extend(acknowledgement(&fake.request().end));
    }
    // Two and a half acknowledgements at once, then the rest.
    let (head, tail) = bytes.split_at(bytes.len() - 7);
    fake.send_raw(head).expect("the first part");
    let over = || commits.iter().filter(|commit| commit.is_over()).count();
    eventually(PATIENCE, "two released commits", || over() == 2);
    fake.send_raw(tail).expect("the rest");
    for commit in commits {
        commit.done_within(PATIENCE);
    }
    assert_eq!(source.counter("yes_tx"), 5);
    assert_eq!(source.status("clients"), "1");
}

/// By a source and its replica, of which one is given the other's server id. The replica throws
/// away what bears its own, and its server counts that as received.
fn twins() -> Option<Topology> {
    if !Libraries::are_ours() {
        not_applicable("stock confirms what a replica has thrown away");
        return None;
    }
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    if !pair.source.has_gtids() {
        not_applicable(NO_GTIDS);
        return None;
    }
    pair.source.insert(1);
    pair.replica().wait_applied(&pair.source);
    Some(pair)
}

#[test]
fn what_was_committed_under_its_own_server_id_no_replica_confirms() {
    let Some(pair) = twins() else { return };
    let (source, replica) = (&pair.source, pair.replica());
    source.execute("SET GLOBAL server_id = 2");
    let waiting = Waiting::insert(source, 2);
    source.wait_log("replica (server_id: 2) at 127.0.0.1");
    source.wait_status("clients", "0");
    source.execute("SET GLOBAL server_id = 1");
    // It asks for the transaction again, and throws it away again.
    let mark = source.log_mark();
    replica.restart_receiver();
    source.wait_log_since(mark, "throws away");
    source.wait_status("clients", "0");
    assert!(!waiting.is_over_within(A_WHILE), "nobody has it");
    assert_eq!(replica.count_rows(Some(2)), 0);
    source.set_source("enabled", "OFF");
    waiting.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), 1);
}

/// Nothing was written under the earlier id since the library was loaded.
#[test]
fn what_a_session_commits_under_an_earlier_server_id_no_replica_of_that_id_confirms() {
    needs!(
        Libraries::are_ours(),
        "stock confirms what a replica has thrown away"
    );
    let names = Names::newest();
    let config = ServerConfig::new(2, names).as_source().label("source");
    let timeout = names.source_var("timeout");
    let source = Server::start(config.option(&format!("{timeout}={A_DAY_MS}")));
    source.prepare();
    source.allow_fakes();
    source.restart();
    let mut holder = source.conn();
    let get_lock = |seconds: u32| format!("GET_LOCK('not yet', {seconds}) = 1");
    let held: Option<u8> = holder
        .query_first(format!("SELECT {}", get_lock(0)))
        .expect("a lock");
    assert_eq!(held, Some(1));
    // The transaction has begun, under the earlier id.
    let stays = get_lock(1000);
    let insert = format!("INSERT INTO {TABLE} (n) SELECT 1 FROM DUAL WHERE {stays}");
    let commit = Waiting::start(&source, &insert);
    source.wait_state(commit.connection, "User lock");
    source.execute("SET GLOBAL server_id = 1");
    let mut fake = FakeReplica::at_the_end(&source, 2);
    drop(holder);
    source.wait_log("throws away");
    while let Ok(Some(event)) = fake.next_event(A_WHILE) {
        // The source may have hung up.
        let _ = fake.acknowledge(&event.end);
    }
    assert!(!commit.is_over_within(A_WHILE), "nobody has it");
    source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), 0);
}

#[test]
fn a_replica_that_is_given_its_sources_server_id_confirms_nothing() {
    let Some(pair) = twins() else { return };
    let (source, replica) = (&pair.source, pair.replica());
    replica.execute("SET GLOBAL server_id = 1");
    let waiting = Waiting::insert(source, 2);
    replica.wait_log("this server's server_id has changed");
    // The server itself refuses to replicate so.
    eventually(PATIENCE, "the end of the receiver", || {
        replica.receiver().0 == "No"
    });
    assert!(!waiting.is_over_within(A_WHILE), "nobody has it");
    replica.execute("SET GLOBAL server_id = 2");
    replica.execute("START REPLICA IO_THREAD");
    waiting.done_within(PATIENCE);
    replica.assert_same_rows(source);
    assert_eq!(source.counter("no_tx"), 0);
}
