//! Acknowledgements are not to be trusted: replicas that misbehave can do nothing to commits.
//!
//! Fakes made of a socket attach beside an honest replica, or alone, and answer in every form that
//! `hostile.rs` has. Stock's plugin fails most of these tests, which shows that the tests can fail.

use std::fmt::Write;
use std::time::{Duration, Instant};

use semisync_live_tests::fake_replica::{Announce, FakeReplica, Place, Start, acknowledgement};
use semisync_live_tests::hostile::{HostileReplica, Hostility};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::process::{descriptors, threads};
use semisync_live_tests::{
    A_DAY_MS, Dialect, Load, Names, PATIENCE, Server, Topology, eventually, needs,
};

/// A commit that nothing delays takes a millisecond. A loaded machine gets this much, for commits
/// and for what the source has to notice. Stock takes 30 s.
const DELAYED: Duration = Duration::from_secs(20);

/// Faults take as long as their bounds. After so much of it no more forms are tried, so that those
/// faults are told before the test's own time is over.
const ENOUGH_OF_FAULTS: Duration = Duration::from_secs(240);

/// Warnings and errors of the log that name the server id.
fn complaints(log: &str, server_id: u32) -> Vec<String> {
    log.lines()
        .filter(|line| line.contains("[Warning]") || line.contains("[ERROR]"))
        .filter(|line| line.contains(&server_id.to_string()))
        .map(str::to_owned)
        .collect()
}

/// What one form did beside an honest replica.
struct Trial {
    form: Hostility,
    slowest: Duration,
    clients: String,
    logged: Vec<String>,
    faults: Vec<String>,
}

/// Commits until the hostile replica has acted and a few commits have followed.
fn try_form(source: &Server, form: Hostility, server_id: u32) -> Trial {
    let mut faults = Vec::new();
    if !becomes(source, "clients", "1") {
        faults.push("the one before still counts".to_owned());
    }
    let mark = source.log_mark();
    let fake = FakeReplica::at_the_end(source, server_id);
    let hostile = HostileReplica::unleash(fake, form).expect("it acts");
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut after = 0;
    while after < 10 && begin.elapsed() < PATIENCE {
        let commit = Instant::now();
        source.insert(1);
        slowest = slowest.max(commit.elapsed());
        after += i32::from(hostile.acts() > 0 || form == Hostility::Silence);
    }
    let counts = !(form.breaks_the_protocol() || form.leaves());
    let wanted = if counts { "2" } else { "1" };
    let settled = becomes(source, "clients", wanted);
    let clients = source.status("clients");
    let logged = complaints(&source.log_since(mark), server_id);

    if hostile.acts() == 0 && form != Hostility::Silence {
        faults.push("it never acted".to_owned());
    }
    if slowest > DELAYED {
        faults.push(format!("a commit took {slowest:?}"));
    }
    if !settled {
        faults.push(format!("clients is {clients}, not {wanted}"));
    }
    if form.breaks_the_protocol() || form.lies() {
        if logged.len() != 1 {
            faults.push(format!("{} lines in the log name it, not 1", logged.len()));
        }
        if !logged.iter().all(|line| line.contains("127.0.0.1")) {
            faults.push(format!("the log lacks its address {}", hostile.address));
        }
    } else if !logged.is_empty() {
        faults.push("the log complains of it".to_owned());
    }
    Trial {
        form,
        slowest,
        clients,
        logged,
        faults,
    }
}

/// Whether the status variable has the value soon.
fn becomes(source: &Server, suffix: &str, wanted: &str) -> bool {
    let begin = Instant::now();
    while source.status(suffix) != wanted {
        if begin.elapsed() > DELAYED {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn a_hostile_replica_delays_no_commit() {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    let source = &pair.source;
    source.allow_fakes();
    let mut faults = String::new();
    println!(
        "{:<22} {:>10} {:>7}  the log",
        "form", "slowest ms", "clients"
    );
    let begin = Instant::now();
    for (server_id, form) in (7_770_000..).zip(Hostility::ALL) {
        if begin.elapsed() > ENOUGH_OF_FAULTS {
            let _ = writeln!(faults, "{form:?}: not tried");
            continue;
        }
        let trial = try_form(source, form, server_id);
        let form = format!("{:?}", trial.form);
        let slowest = trial.slowest.as_secs_f64() * 1e3;
        let logged = trial.logged.first().map_or("-", String::as_str);
        println!("{form:<22} {slowest:>10.1} {:>7}  {logged}", trial.clients);
        for fault in trial.faults {
            let _ = writeln!(faults, "{form}: {fault}");
        }
    }
    assert_eq!(source.counter("no_tx"), 0, "commits went on unconfirmed");
    assert!(faults.is_empty(), "\n{faults}");
}

/// Alone with a source, a liar confirms nothing: neither the commit it lies about nor any later
/// one.
fn lie_alone(names: Names, form: Hostility) {
    const ID: u32 = 7_780_001;
    let source = Server::lone_source(names, A_DAY_MS);
    let mut fake = FakeReplica::at_the_end(&source, ID);
    source.insert_while(|| {
        fake.answer();
    });
    assert_eq!(
        source.counter("yes_tx"),
        1,
        "an honest acknowledgement is believed"
    );

    source.set_source("timeout", "700");
    let mut lie = || {
        let event = fake.request();
        form.act(&mut fake, &event.end).expect("the lie goes out");
    };
    let took = source.insert_while(&mut lie);
    assert_eq!(
        source.counter("yes_tx"),
        1,
        "the lie confirmed its commit, in {took:?}"
    );
    assert_eq!(source.counter("no_tx"), 1);
    assert!(
        took >= Duration::from_millis(700),
        "released after {took:?}"
    );
    assert_eq!(source.status("status"), "OFF");
    for _ in 0..3 {
        source.insert(1);
        // Nobody asks a replica that does not count.
        if !form.breaks_the_protocol() {
            lie();
        }
    }
    eventually(PATIENCE, "the lie is refused", || {
        !complaints(&source.log(), ID).is_empty()
    });
    std::thread::sleep(Duration::from_millis(100));
    source.insert(1);
    assert_eq!(
        source.counter("yes_tx"),
        1,
        "a later commit was confirmed by the lie"
    );
    assert_eq!(source.counter("no_tx"), 5);
    assert_eq!(
        source.status("status"),
        "OFF",
        "the lie switched semi-sync on"
    );
    let logged = complaints(&source.log(), ID);
    assert_eq!(logged.len(), 1, "once for each connection: {logged:#?}");

    // The truth is believed as before: from the same connection, or from a new one if the form
    // broke the protocol.
    source.set_source("timeout", A_DAY_MS);
    if form.breaks_the_protocol() {
        fake = FakeReplica::at_the_end(&source, ID);
    } else {
        fake.answer();
    }
    source.wait_status("status", "ON");
    source.insert_while(|| {
        fake.answer();
    });
    assert_eq!(source.counter("yes_tx"), 2);
}

#[test]
fn a_position_from_the_future_confirms_nothing() {
    lie_alone(Names::newest(), Hostility::PositionFromTheFuture);
}

#[test]
fn a_file_from_the_future_confirms_nothing() {
    for names in Names::available() {
        lie_alone(*names, Hostility::FileFromTheFuture);
    }
}

#[test]
fn a_file_of_another_base_confirms_nothing() {
    lie_alone(Names::newest(), Hostility::OtherBase);
}

/// The position exists, but the source has not served that connection so far: the dump is blocked,
/// because the fake does not read.
#[test]
fn a_position_that_was_never_sent_confirms_nothing() {
    const ID: u32 = 7_780_002;
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    let mut fake = FakeReplica::at_the_end(&source, ID);
    source.insert_while(|| {
        fake.answer();
    });
    assert_eq!(source.counter("yes_tx"), 1);

    // More than the buffers of both sockets hold.
    let rows = vec!["(REPEAT('x', 512 << 10))"; 48].join(",");
    let before = source.newest_place();
    source.set_source("timeout", "1500");
    let big = Waiting::start(&source, &format!("INSERT INTO app.t (body) VALUES {rows}"));
    // On a loaded machine the wait may be over before anybody looks. The log tells all the same.
    eventually(PATIENCE, "the position exists", || {
        source.newest_place() != before
    });
    fake.say(&source.newest_place());
    eventually(PATIENCE, "the lie is refused", || {
        !complaints(&source.log(), ID).is_empty()
    });
    let took = big.done_within(PATIENCE);
    assert_eq!(
        source.counter("yes_tx"),
        1,
        "confirmed in {took:?} without having been sent"
    );
    assert_eq!(source.counter("no_tx"), 1);
    source.insert(1);
    assert_eq!(
        source.counter("no_tx"),
        2,
        "the lie confirmed a later commit"
    );
    assert_eq!(
        source.status("status"),
        "OFF",
        "the lie switched semi-sync on"
    );
    let logged = complaints(&source.log(), ID);
    assert_eq!(logged.len(), 1, "once for each connection: {logged:#?}");
    source.set_source("timeout", A_DAY_MS);

    // Once the fake has been served so far, the same acknowledgement is believed.
    while fake.answer().end != source.newest_place() {}
    source.wait_status("status", "ON");
    source.insert_while(|| {
        fake.answer();
    });
    assert_eq!(source.counter("yes_tx"), 2);
}

/// Some servers tell the plugin where a dump is to begin before they find that there is no such
/// place.
#[test]
fn a_dump_from_beyond_the_log_confirms_nothing() {
    let source = Server::lone_source(Names::newest(), "1500");
    let honest = FakeReplica::at_the_end(&source, 7_825_001);
    for (server_id, far) in [(7_825_002, 1 << 20), (7_825_003, 1 << 30)] {
        let (yes_tx, no_tx) = (source.counter("yes_tx"), source.counter("no_tx"));
        let commit = Waiting::start(&source, "INSERT INTO app.t (n) VALUES (1)");
        let Place { file, position } = source.newest_place();
        let position = u32::try_from(position).expect("a short log") + far;
        let beyond = Start::At { file, position };
        // The server may refuse it now, or with the first packet.
        let liar = FakeReplica::attach_to(&source, server_id, Announce::Both, &beyond);
        let refused = liar.and_then(|mut liar| liar.next_request(Duration::from_millis(300)));
        println!("beyond the log: {refused:?}");
        let took = commit.done_within(PATIENCE);
        source.insert(1);
        assert_eq!(source.counter("yes_tx"), yes_tx, "confirmed in {took:?}");
        assert_eq!(source.counter("no_tx"), no_tx + 2);
    }
    drop(honest);
}

/// With auto-position the source does not serve what a replica says it has. The replica can
/// acknowledge no more than that.
#[test]
fn a_claimed_gtid_set_confirms_no_later_commit() {
    needs!(Dialect::of_run().has_gtid(), "it has no auto-position");
    let source = Server::lone_source(Names::newest(), "700");
    source.insert(1);
    let no_tx = source.counter("no_tx");
    let held = Start::Gtids(source.variable("gtid_executed"));
    let fake = FakeReplica::attach_to(&source, 7_820_001, Announce::Both, &held);
    let mut fake = fake.expect("a fake attaches");
    source.wait_status("clients", "1");
    fake.say(&Place {
        file: source.newest_place().file,
        position: 1 << 40,
    });
    source.insert(1);
    assert_eq!(
        source.counter("yes_tx"),
        0,
        "confirmed by a replica that never read"
    );
    assert_eq!(source.counter("no_tx"), no_tx + 1);
}

/// A replica whose connection ends stops counting, also without a write: the next one would be a
/// heartbeat, after 30 s.
#[test]
fn a_replica_that_is_gone_stops_counting_at_once() {
    type End = fn(FakeReplica);
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    let ends: [(&str, End); 3] = [
        ("close", FakeReplica::close),
        ("reset", FakeReplica::reset),
        ("quit", |mut fake| fake.quit().expect("COM_QUIT goes out")),
    ];
    for (server_id, (how, end)) in (7_830_001..).zip(ends) {
        let fake = FakeReplica::at_the_end(&source, server_id);
        source.wait_status("clients", "1");
        end(fake);
        let took = source.wait_status_within(DELAYED, "clients", "0");
        println!(
            "after {how}: clients 0 in {:.1} ms",
            took.as_secs_f64() * 1e3
        );
    }
}

/// The next connection reuses a descriptor at once: nothing of the connection before may cling to
/// it.
#[test]
fn two_hundred_short_lived_replicas_leave_nothing_behind() {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    let source = &pair.source;
    source.allow_fakes();
    let load = Load::start(source, 4);
    load.wait_progress(20);
    let before = (threads(source.pid()), descriptors(source.pid()));
    let begin = Instant::now();
    for number in 0..200 {
        let start = source.newest();
        let fake = FakeReplica::attach_to(source, 7_840_000 + number, Announce::Both, &start);
        let mut fake = fake.expect("a fake attaches");
        match number % 4 {
            // The fake is gone before it is served anything.
            0 => fake.close(),
            1 => {
                fake.answer();
                fake.close();
            }
            2 => {
                fake.request();
                fake.reset();
            }
            _ => {
                let bytes = acknowledgement(&fake.request().end);
                fake.send_raw(&bytes[..bytes.len() / 2])
                    .expect("half of it");
                fake.close();
            }
        }
    }
    println!("200 connections in {:?}", begin.elapsed());
    source.wait_status("clients", "1");
    load.wait_progress(50);
    let summary = load.finish_clean();
    println!(
        "{} commits, the slowest in {:?}",
        summary.committed, summary.slowest
    );
    assert!(
        summary.slowest < DELAYED,
        "a commit took {:?}",
        summary.slowest
    );
    assert_eq!(source.counter("no_tx"), 0);
    let strays = source.stray_errors_since(0);
    assert!(strays.is_empty(), "{strays:#?}");
    // The server keeps some threads of connections for reuse.
    eventually(PATIENCE, "the threads and descriptors of before", || {
        threads(source.pid()) <= before.0 + 10 && descriptors(source.pid()) <= before.1 + 10
    });
}
