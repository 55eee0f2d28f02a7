//! Acknowledgements are asked for only where somebody reads them. A source does not ask a replica
//! that misbehaved or that it cannot read from. Before the first event it does not ask a replica
//! that loses its connection by answering.

use std::time::Duration;

use semisync_live_tests::fake_replica::{Announce, FakeReplica, Place, Start};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Server, ServerConfig, eventually, needs,
};

/// The heartbeat period of the fakes here.
const BEAT: Duration = Duration::from_millis(100);

/// A source without replicas. `call` fails in its libraries.
fn source_that_fails(call: &str) -> Server {
    let names = Names::newest();
    let source = Server::start(
        ServerConfig::new(1, names)
            .as_source()
            .option(&format!("{}={A_DAY_MS}", names.source_var("timeout")))
            .libraries(Libraries::Failpoints)
            .env("SEMISYNC_FAIL", call)
            .label("source"),
    );
    source.prepare();
    source.allow_fakes();
    source
}

/// Reads events: they come, and none of them asks.
#[track_caller]
fn assert_served_and_not_asked(fake: &mut FakeReplica) {
    for nth in 1..=8 {
        match fake.next_event(PATIENCE) {
            Ok(Some(event)) => assert!(!event.asks, "{event:?}, the {nth}th, asks"),
            Ok(None) => panic!("the source is silent after {nth} events"),
            Err(e) => panic!("the source serves no more: {e}"),
        }
    }
}

fn with_heartbeats(source: &Server, server_id: u32, start: &Start) -> FakeReplica {
    let mut fake = FakeReplica::connect(source, server_id).expect("a connection");
    fake.prepare(Announce::Both).expect("it announces itself");
    fake.heartbeat_every(BEAT).expect("a period");
    fake.dump(start).expect("a dump");
    fake
}

fn a_replica_that_cannot_be_read_from(call: &str) {
    let source = source_that_fails(call);
    let mark = source.log_mark();
    let mut fake = with_heartbeats(&source, 77, &source.newest());
    let why = source.wait_log_since(mark, "server_id: 77) is served asynchronously");
    println!("{why}");
    source.wait_log_since(
        mark,
        &source.dialect().log_line("Start asynchronous binlog_dump"),
    );
    assert_eq!(source.status("clients"), "0");

    // The replica is served, and nothing asks it: neither a commit that waits nor a heartbeat.
    let commit = Waiting::insert(&source, 1);
    assert_served_and_not_asked(&mut fake);
    source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), 0);
    fake.close();
    let end = source.dialect().log_line("Stop asynchronous binlog_dump");
    source.wait_log_since(mark, &end);
}

#[test]
fn a_replica_that_epoll_refuses_does_not_count_and_is_not_asked() {
    a_replica_that_cannot_be_read_from("watch");
}

#[test]
fn a_replica_for_which_no_descriptor_is_left_does_not_count_and_is_not_asked() {
    a_replica_that_cannot_be_read_from("duplicate");
}

#[test]
fn a_replica_that_epoll_refuses_when_semi_sync_is_enabled_does_not_count() {
    let source = source_that_fails("watch");
    source.set_source("enabled", "OFF");
    let mark = source.log_mark();
    let _fake = with_heartbeats(&source, 77, &source.newest());
    source.wait_log_since(
        mark,
        &source.dialect().log_line("Start semi-sync binlog_dump"),
    );
    source.set_source("enabled", "ON");
    source.wait_log_since(mark, "server_id: 77) is served asynchronously");
    assert_eq!(source.status("clients"), "0");
}

#[test]
fn a_replica_that_broke_the_protocol_is_not_asked_any_more() {
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    let mut fake = with_heartbeats(&source, 77, &source.newest());
    source.wait_status("clients", "1");
    fake.send_raw(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
    source.wait_status("clients", "0");
    while let Ok(Some(_)) = fake.next_event(BEAT / 2) {} // sent before the source heard
    let commit = Waiting::insert(&source, 1);
    assert_served_and_not_asked(&mut fake);
    // The source does not ask either after semi-sync was switched off and on again.
    source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
    source.set_source("enabled", "ON");
    let commit = Waiting::insert(&source, 2);
    assert_served_and_not_asked(&mut fake);
    source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
}

/// Stock's replicas before MySQL 8.0 behave so over compression: after each acknowledgement their
/// connection is gone.
#[test]
fn a_replica_that_loses_its_connection_by_answering_gets_on_with_each_one() {
    let source = Server::lone_source(Names::newest(), "2000");
    let start = source.newest();
    let commit = Waiting::start(&source, &format!("INSERT INTO {TABLE} (n) VALUES (1)"));
    commit.done_within(PATIENCE);
    source.wait_status("status", "OFF");
    for n in 2..5 {
        source.insert(n);
    }

    let end = source.newest_place();
    let mut here = start;
    let mut connections = 0;
    eventually(PATIENCE, "it has all that there is", || {
        connections += 1;
        let (reached, answered) = until_it_answers(&source, &here);
        here = Start::At {
            file: reached.file.clone(),
            position: u32::try_from(reached.position).expect("small"),
        };
        reached == end || !answered
    });
    println!("{connections} connections");
    assert!(
        connections <= 4,
        "{connections} connections for four commits"
    );
    // The last answer was about the newest commit.
    source.wait_status("status", "ON");
}

/// One connection. It ends with its first answer, or when nothing comes. Returns the place that it
/// has reached, and whether it answered.
fn until_it_answers(source: &Server, start: &Start) -> (Place, bool) {
    let attached = FakeReplica::attach_compressed_to(source, 77, Announce::Slave, start);
    let mut fake = attached.expect("it is served");
    while let Some(event) = fake
        .next_event(Duration::from_secs(1))
        .expect("it is served")
    {
        if event.asks {
            fake.say(&event.end);
            return (event.end, true);
        }
    }
    (fake.served().clone(), false)
}

#[test]
fn an_old_replica_without_compression_is_asked_by_heartbeats_too() {
    needs!(
        Dialect::of_run().has_gtid(),
        "the test heals a lost acknowledgement by auto-position"
    );
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    // At the other wait point the transaction is not executed yet.
    source.set_wait_point("AFTER_COMMIT");
    let commit = Waiting::insert(&source, 1);
    let all = source
        .value("SELECT @@GLOBAL.gtid_executed")
        .replace('\n', "");
    let start = Start::Gtids(all);
    let mut fake = FakeReplica::attach_to(&source, 77, Announce::Slave, &start).expect("a dump");
    // The packets that begin the dump ask too. The heartbeat that tells the replica where it
    // stands, after all the skipped events, comes later.
    while !commit.is_over_within(Duration::ZERO) {
        let event = fake.next_request(PATIENCE).expect("it is served");
        let event = event.expect("it is asked until the commit goes on");
        assert!(event.artificial, "{event:?}");
        fake.say(&event.end);
        commit.is_over_within(BEAT);
    }
    commit.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), 1);
}
