//! What operators are told, and what stops replication.

use std::thread;
use std::time::{Duration, Instant};

use crate::fake_replica::FakeReplica;
use crate::{A_DAY_MS, Link, Load, Server, Topology};

use super::seen::{Seen, time};
use super::side::Side;

pub fn replica_gone(side: &Side) -> Seen {
    let pair = side.pair(A_DAY_MS);
    pair.source.insert(0);
    pair.replica().kill9();
    let bound = Duration::from_secs(150);
    let took = pair.source.wait_status_within(bound, "clients", "0");
    Seen::holds_if(took < Duration::from_secs(2), time(took))
}

pub fn switching_off(side: &Side) -> Seen {
    let pair = side.pair(A_DAY_MS);
    let mut slowest = Duration::ZERO;
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(130));
        let begin = Instant::now();
        pair.source.set_source("enabled", "OFF");
        slowest = slowest.max(begin.elapsed());
        pair.source.set_source("enabled", "ON");
    }
    Seen::holds_if(slowest < Duration::from_millis(200), time(slowest))
}

pub fn observe_commits_only(side: &Side) -> Seen {
    if !side.dialect().has_observe_commit_only() {
        return Seen::Absent("it has no replication_sender_observe_commit_only");
    }
    let pair = side
        .topology("2000")
        .source_option("replication-sender-observe-commit-only=ON")
        .start();
    let load = Load::start(&pair.source, 4);
    for _ in 0..3 {
        load.wait_progress(50);
        pair.replica().restart();
        if let Some(error) = receiver_error(&pair) {
            return Seen::Fails(error);
        }
        load.wait_progress(50);
    }
    load.finish_clean();
    // A restart under load takes longer than the timeout at times.
    pair.source.wait_status("status", "ON");
    let confirmed = pair.source.counter("yes_tx");
    pair.source.insert(1);
    thread::sleep(Duration::from_millis(500));
    let more = pair.source.counter("yes_tx") - confirmed;
    match receiver_error(&pair) {
        Some(error) => Seen::Fails(error),
        None => Seen::holds_if(more == 1, "replication goes on, commits are confirmed"),
    }
}

/// Waits until the replica receives; what stopped it instead.
fn receiver_error(pair: &Topology) -> Option<String> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(10) {
        match pair.replica().receiver() {
            (state, error) if state == "Yes" && error == "0" => return None,
            (_, error) if error != "0" && error != "2003" => {
                return Some(format!("the receiver stops with error {error}"));
            }
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
    Some("the receiver does not connect".to_owned())
}

pub fn two_channels(side: &Side) -> Seen {
    if !side.dialect().has_channels() {
        return Seen::Absent("not tried: its channels are spelt in another way");
    }
    let source = |id: u32| {
        let config = side
            .as_source(side.server(id))
            .label(&format!("source {id}"));
        let timeout = format!("{}=2000", side.names().source_var("timeout"));
        config
            .option(&timeout)
            .option("auto_increment_increment=10")
            .option(&format!("auto_increment_offset={id}"))
    };
    let replica = side.as_replica(side.server(2)).label("replica");
    let servers = Server::start_all(vec![source(1), source(3), replica]);
    servers.iter().for_each(Server::prepare);
    let [one, three, replica] = &servers[..] else {
        unreachable!("three servers")
    };
    replica.replicate_from(one, &Link::default().channel("one"));
    replica.replicate_from(three, &Link::default().channel("three"));
    one.wait_status("clients", "1");
    three.wait_status("clients", "1");
    one.insert(1);
    three.insert(2);
    replica.execute("STOP REPLICA FOR CHANNEL 'one'");
    three.insert(3);
    thread::sleep(Duration::from_millis(500));
    let sql = "SELECT SERVICE_STATE, LAST_ERROR_NUMBER \
               FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME = 'three'";
    let row = replica.rows(sql).swap_remove(0);
    let unconfirmed = three.counter("no_tx");
    match (row[0].as_str(), unconfirmed) {
        ("ON", 0) => Seen::Holds("goes on, semi-sync".to_owned()),
        ("ON", _) => Seen::Fails("is asynchronous".to_owned()),
        _ => Seen::Fails(format!("stops with error {}", row[1])),
    }
}

pub fn goodbye(side: &Side) -> Seen {
    let pair = side.pair("2000");
    let (source, replica) = (&pair.source, pair.replica());
    source.insert(1);
    source.allow_fakes();
    let mark = source.log_mark();
    // The replica's connection was made while its side was enabled.
    replica.set_replica("enabled", "OFF");
    replica.execute("STOP REPLICA");
    let mut fake = FakeReplica::at_the_end(source, 99);
    fake.quit().expect("a goodbye");
    thread::sleep(Duration::from_millis(500));
    fake.close();
    thread::sleep(Duration::from_millis(500));
    let log = source.log_since(mark);
    let is_bad = |line: &&str| {
        let known = ["magic number", "packets out of order", "[ERROR]"];
        known.iter().any(|part| line.contains(part)) && !line.contains("failed on net_flush()")
    };
    let bad: Vec<&str> = log.lines().filter(is_bad).collect();
    match bad.first() {
        None => Seen::Holds("none".to_owned()),
        Some(line) => {
            let text = line.rsplit("] ").next().unwrap_or(line);
            Seen::Fails(format!("{}, such as: {text}", bad.len()))
        }
    }
}

pub fn status_of_a_disabled_source(side: &Side) -> Seen {
    let pair = side
        .topology("2000")
        .source_option(&format!("{}=OFF", side.names().source_var("enabled")))
        .start_unlinked();
    pair.replica()
        .replicate_from(&pair.source, &Link::default());
    pair.source.insert(1);
    side.wait_rows(&pair.source, pair.replica());
    let status = pair.replica().replica_status();
    Seen::holds_if(status == "OFF", status)
}
