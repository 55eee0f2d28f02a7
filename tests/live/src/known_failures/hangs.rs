//! Waits that do not end before the timeout although a replica has the commit.

use std::thread;
use std::time::{Duration, Instant};

use crate::fake_replica::{FakeReplica, acknowledgement};
use crate::healing::Healing;
use crate::hostile::{HostileReplica, Hostility};
use crate::proxy::{Cut, Proxy};
use crate::{A_DAY_MS, Link, Load, PATIENCE, Topology};

use super::lost::NO_COUNT;
use super::seen::{Seen, time};
use super::side::Side;

/// A commit that takes longer was held up by more than a busy machine.
const SOON: Duration = Duration::from_secs(20);
/// A timeout that nobody takes for a busy machine.
const LONG_MS: &str = "60000";

pub fn lost_acknowledgement(side: &Side) -> Seen {
    let pair = side.topology("10000").start_unlinked();
    let proxy = Proxy::in_front_of(pair.source.port()).expect("a proxy");
    side.connect_by_gtid(&pair, Link::default().port(proxy.port()));
    pair.source.insert(0);
    assert_eq!(pair.source.counter("yes_tx"), 1, "semi-sync is on");
    let healing = Healing { pair, proxy };
    let commit = healing.lose(1);
    let took = healing.heal(commit, Cut::Rst, PATIENCE);
    let confirmed = healing.pair.source.counter("no_tx") == 0;
    let how = if confirmed {
        "confirmed"
    } else {
        "unconfirmed"
    };
    let what = format!("goes on after {}, {how}", time(took));
    Seen::holds_if(confirmed && took < SOON, what)
}

pub fn half_packet(side: &Side) -> Seen {
    let pair = side.pair(A_DAY_MS);
    pair.source.allow_fakes();
    let fake = FakeReplica::at_the_end(&pair.source, 99);
    let hostile = HostileReplica::unleash(fake, Hostility::HalfPacket).expect("a hostile replica");
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begin = Instant::now();
        pair.source.insert(1);
        slowest = slowest.max(begin.elapsed());
        thread::sleep(Duration::from_millis(20));
    }
    assert!(hostile.acts() > 0, "it acted");
    Seen::holds_if(slowest < SOON, time(slowest))
}

pub fn split_packet(side: &Side) -> Seen {
    let source = side.lone_source("1000");
    let mut fake = FakeReplica::at_the_end(&source, 99);
    for _ in 0..20 {
        source.insert_while(|| {
            // Where the source has given up on the replica, it does not ask.
            if let Ok(Some(event)) = fake.next_request(Duration::from_millis(500)) {
                let packet = acknowledgement(&event.end);
                let (begin, end) = packet.split_at(packet.len() / 2);
                let _ = fake.send_raw(begin);
                thread::sleep(Duration::from_millis(20));
                let _ = fake.send_raw(end);
            }
        });
    }
    let confirmed = source.counter("yes_tx");
    Seen::holds_if(confirmed == 20, format!("{confirmed} of 20"))
}

pub fn count_lowered(side: &Side) -> Seen {
    if !side.has_count() {
        return Seen::Absent(NO_COUNT);
    }
    let pair = side.topology("10000").replicas(2).wait_count(2).start();
    let load = Load::start(&pair.source, 4);
    load.wait_progress(100);
    let count = side.names().wait_count_var();
    pair.source.execute(&format!("SET GLOBAL {count} = 1"));
    load.wait_progress(100);
    let replica = &pair.replicas[1];
    replica.restart_receiver();
    let rows = replica.count_rows(None);
    let begin = Instant::now();
    let bound = Duration::from_secs(30);
    // It has to go on while the load does: more than what lay in its relay log.
    while replica.count_rows(None) < rows + 300 && begin.elapsed() < bound {
        thread::sleep(Duration::from_millis(10));
    }
    let took = begin.elapsed();
    load.finish_clean();
    Seen::holds_if(took < bound, time(took))
}

/// The slowest commit of a load, of which none may have failed.
fn of_load(load: Load) -> Seen {
    let summary = load.finish();
    match summary.errors.first() {
        Some(error) => Seen::Fails(format!("a writer failed: {error}")),
        None => Seen::holds_if(
            summary.slowest < SOON,
            format!(
                "the slowest of {} took {}",
                summary.committed,
                time(summary.slowest)
            ),
        ),
    }
}

pub fn mixed_writers(side: &Side) -> Seen {
    let pair = side.pair(LONG_MS);
    let source = &pair.source;
    if side.dialect().has_wait_point() {
        source.set_source("wait_point", "'AFTER_SYNC'");
    }
    source.execute("CREATE TABLE app.m (n BIGINT) ENGINE=MyISAM");
    let load = Load::with(source, 8, |number| match number % 2 {
        0 => "INSERT INTO app.t (n) VALUES (1)".to_owned(),
        _ => "INSERT INTO app.m (n) VALUES (1)".to_owned(),
    });
    thread::sleep(Duration::from_secs(3));
    of_load(load)
}

pub fn replica_killed(side: &Side) -> Seen {
    let off = format!("{}=OFF", side.names().wait_no_replica_var());
    let pair = side.topology(LONG_MS).source_option(&off).start_unlinked();
    // By GTID a replica comes back from a crash by itself.
    side.connect_by_gtid(&pair, Link::default());
    let load = Load::start(&pair.source, 8);
    load.wait_progress(50);
    for _ in 0..2 {
        kill_and_start(&pair);
    }
    let seen = of_load(load);
    pair.source.insert(1);
    seen
}

fn kill_and_start(pair: &Topology) {
    pair.replica().kill9();
    thread::sleep(Duration::from_millis(200));
    pair.replica().start_again();
    // MariaDB's receiver does not begin by itself in all series; where it runs, this does nothing.
    let _ = pair.replica().try_rows("START REPLICA");
    pair.source.wait_status("clients", "1");
    thread::sleep(Duration::from_millis(200));
}

pub fn skip_replication(side: &Side) -> Seen {
    if !side.dialect().is_mariadb() {
        return Seen::Absent("MySQL has no skip_replication");
    }
    let timeout = Duration::from_secs(3);
    let pair = side
        .topology(&timeout.as_millis().to_string())
        .replica_option("replicate-events-marked-for-skip=FILTER_ON_MASTER")
        .start();
    pair.source.insert(1);
    pair.source.execute("SET skip_replication = 1");
    let begin = Instant::now();
    pair.source.insert(2);
    let took = begin.elapsed();
    Seen::holds_if(took < timeout, time(took))
}
