//! Shows, on stock's libraries and on ours side by side, the failures of stock that the README
//! names. `ci/stock-failures` runs it. Each is measured on real servers, with fake replicas where a
//! replica has to misbehave.
//!
//! An argument chooses one by its number. Without one, all run.

use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::fake_replica::{FakeReplica, Place};
use semisync_live_tests::healing::Healing;
use semisync_live_tests::hostile::{HostileReplica, Hostility};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::proxy::Cut;
use semisync_live_tests::{
    A_DAY_MS, Libraries, Link, Names, PATIENCE, Server, ServerConfig, Topology, eventually,
};

const NAMES: Names = Names::New;

struct Failure {
    /// What is done, and what is measured then.
    title: &'static str,
    measure: fn(Libraries) -> String,
}

const FAILURES: [Failure; 6] = [
    Failure {
        title: "A second replica sends half an acknowledgement: the slowest commit",
        measure: half_a_packet,
    },
    Failure {
        title: "The only replica lies about a position once: later commits confirmed, \
                of 5 with no copy anywhere",
        measure: a_lie,
    },
    Failure {
        title: "Three replicas are needed, two have the commit: it is",
        measure: two_of_three,
    },
    Failure {
        title: "An acknowledgement got lost, the replica is back by auto-position, \
                the timeout is 10 s: the commit waits",
        measure: a_lost_acknowledgement,
    },
    Failure {
        title: "The only replica is gone, nobody writes: it counts for another",
        measure: a_replica_is_gone,
    },
    Failure {
        title: "SET GLOBAL rpl_semi_sync_source_enabled = OFF, the slowest of 10",
        measure: switching_off,
    },
];

fn lone_source(libraries: Libraries, timeout_ms: &str) -> Server {
    let config = ServerConfig::new(1, NAMES)
        .libraries(libraries)
        .as_source()
        .option(&format!("{}={timeout_ms}", NAMES.source_var("timeout")));
    let source = Server::start(config);
    source.prepare();
    source.allow_fakes();
    source
}

fn pair(libraries: Libraries, timeout_ms: &str) -> Topology {
    Topology::new(NAMES)
        .source_libraries(libraries.clone())
        .replica_libraries(libraries)
        .set("timeout", timeout_ms)
        .start_unlinked()
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

fn half_a_packet(libraries: Libraries) -> String {
    let pair = pair(libraries, A_DAY_MS);
    pair.link(&Link::default());
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
    seconds(slowest)
}

fn a_lie(libraries: Libraries) -> String {
    let source = lone_source(libraries, "300");
    let mut fake = FakeReplica::at_the_end(&source, 99);
    source.insert_while(|| {
        let end = fake.request().end;
        fake.say(&Place {
            position: end.position + (1 << 40),
            ..end
        });
    });
    thread::sleep(Duration::from_millis(100));
    fake.close();
    let before = source.counter("yes_tx");
    for _ in 0..5 {
        source.insert(1);
    }
    format!("{} of 5", source.counter("yes_tx") - before)
}

fn two_of_three(libraries: Libraries) -> String {
    let source = lone_source(libraries, A_DAY_MS);
    source.execute("SET GLOBAL binlog_order_commits = OFF");
    source.execute(&format!("SET GLOBAL {} = 3", NAMES.wait_count_var()));
    let mut fakes: Vec<FakeReplica> = (97..=99)
        .map(|id| FakeReplica::at_the_end(&source, id))
        .collect();
    source.wait_status("clients", "3");
    let commits: Vec<Waiting> = (1..=3).map(|n| Waiting::insert(&source, n)).collect();
    let ends: Vec<Place> = (0..3).map(|_| fakes[0].request().end).collect();
    for fake in &mut fakes[1..] {
        ends.iter()
            .for_each(|end| assert_eq!(&fake.request().end, end));
    }
    // The second replica has the first commit alone.
    for (fake, end) in fakes.iter_mut().zip([&ends[1], &ends[0], &ends[2]]) {
        fake.say(end);
        thread::sleep(Duration::from_millis(50));
    }
    eventually(PATIENCE, "the release of the first commit", || {
        commits[0].is_over()
    });
    thread::sleep(Duration::from_millis(300));
    let verdict = if commits[1].is_over() {
        "confirmed"
    } else {
        "waiting"
    };
    verdict.to_owned()
}

fn a_lost_acknowledgement(libraries: Libraries) -> String {
    let builder = Topology::new(NAMES)
        .source_libraries(libraries.clone())
        .replica_libraries(libraries)
        .set("timeout", "10000");
    let healing = Healing::of(builder);
    healing.link(Link::default());
    let commit = healing.lose(1);
    let took = healing.heal(commit, Cut::Rst, PATIENCE);
    let how = match healing.pair.source.counter("no_tx") {
        0 => "confirmed",
        _ => "unconfirmed",
    };
    format!("{}, then {how}", seconds(took))
}

fn a_replica_is_gone(libraries: Libraries) -> String {
    let pair = pair(libraries, A_DAY_MS);
    pair.link(&Link::default());
    pair.source.insert(0);
    pair.replica().kill9();
    seconds(
        pair.source
            .wait_status_within(Duration::from_secs(150), "clients", "0"),
    )
}

fn switching_off(libraries: Libraries) -> String {
    let pair = pair(libraries, A_DAY_MS);
    pair.link(&Link::default());
    let mut slowest = Duration::ZERO;
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(130));
        let begin = Instant::now();
        pair.source.set_source("enabled", "OFF");
        slowest = slowest.max(begin.elapsed());
        pair.source.set_source("enabled", "ON");
    }
    seconds(slowest)
}

fn main() {
    let chosen = match std::env::args().nth(1).map(|text| text.parse::<usize>()) {
        None => None,
        Some(Ok(number @ 1..=6)) => Some(number),
        Some(_) => {
            eprintln!("usage: stock-failures [1..6]");
            std::process::exit(2);
        }
    };
    for (number, failure) in (1..).zip(&FAILURES) {
        if chosen.is_some_and(|chosen| chosen != number) {
            continue;
        }
        println!("{number}. {}", failure.title);
        // One after the other: neither waits for a machine that the other keeps busy.
        for (who, libraries) in [("stock", Libraries::Stock), ("ours", Libraries::Ours)] {
            println!("   {who:<6} {}", (failure.measure)(libraries));
        }
    }
}
