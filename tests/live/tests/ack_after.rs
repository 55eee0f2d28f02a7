//! `semisync_replica_ack_after=SYNCED`: what is acknowledged is on the replica's disk.
//!
//! The proof is in the system calls of the replica's server, in their order. A power cut is made of
//! them too: the server is killed, and of its relay logs only what was synced is left.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::{Builder, TABLE};
use semisync_live_tests::tracer::{Call, Disk, Log, Tracer};
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Link, Load, Names, PATIENCE, Server, Topology, eventually, needs,
};

const NO_PLUGIN: &str = "its own library has no second plugin";
/// So small that a relay log holds a few transactions; the server's least.
const SMALL: &str = "max-relay-log-size=4096";

fn has_plugin() -> bool {
    Libraries::under_test() != Libraries::Stock
}

/// A source that waits for a day, and a replica whose acknowledgements mean this.
fn pair(ack_after: &str) -> Builder {
    Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .replica_option(&format!("semisync_replica_ack_after={ack_after}"))
}

/// A file of the relay log: `relay.000001`, or `relay-<channel>.000001`.
fn is_relay_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = name.rsplit_once('.').map_or("", |(_, number)| number);
    name.starts_with("relay") && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

fn relay_logs(replica: &Server) -> BTreeMap<PathBuf, u64> {
    let entries = fs::read_dir(replica.data_dir()).expect("the data directory");
    let files = entries.flatten().map(|entry| entry.path());
    let logs = files.filter(|path| is_relay_log(path));
    logs.map(|path| {
        let size = fs::metadata(&path).map_or(0, |about| about.len());
        (path, size)
    })
    .collect()
}

/// A replica that is linked under the tracer's eyes.
struct Traced {
    pair: Topology,
    tracer: Tracer,
    there: BTreeMap<PathBuf, u64>,
}

fn traced(builder: Builder) -> Traced {
    let pair = builder.start_unlinked();
    let there = relay_logs(pair.replica());
    let tracer = Tracer::attach(pair.replica(), &[]);
    pair.link(&Link::default());
    Traced {
        pair,
        tracer,
        there,
    }
}

/// What of the relay log was not on disk when an acknowledgement left.
#[derive(Default, Debug)]
struct Seen {
    acknowledgements: usize,
    too_early: Vec<String>,
    logs: BTreeMap<PathBuf, Log>,
}

fn look(there: &BTreeMap<PathBuf, u64>, calls: &[Call]) -> Seen {
    let mut seen = Seen::default();
    for ack in calls.iter().filter(|call| call.is_acknowledgement()) {
        seen.acknowledgements += 1;
        let before: Vec<Call> = calls
            .iter()
            .filter(|call| call.ended < ack.began)
            .cloned()
            .collect();
        seen.logs = Disk::new(there, &is_relay_log).after(&before);
        let unsynced = |log: &Log| log.synced < log.written || !log.named;
        if let Some((path, log)) = seen.logs.iter().find(|(_, log)| unsynced(log)) {
            let path = path.display();
            seen.too_early
                .push(format!("line {}: {path}: {log:?}", ack.began));
        }
    }
    seen
}

/// Ten commits, with a rotation by hand in between, and by size if the logs are small.
fn commit_over_rotations(pair: &Topology) {
    for n in 0..10 {
        if n == 5 {
            pair.replica().execute("FLUSH RELAY LOGS");
        }
        let row = format!("INSERT INTO {TABLE} (n, body) VALUES ({n}, REPEAT('x', 1500))");
        pair.source.execute(&row);
    }
    assert_eq!(pair.source.counter("no_tx"), 0);
}

#[test]
fn with_synced_an_acknowledgement_leaves_when_the_relay_log_is_on_disk_over_rotations_too() {
    needs!(has_plugin(), NO_PLUGIN);
    let builder = pair("SYNCED")
        .replica_option(SMALL)
        .replica_option("relay-log-purge=OFF");
    let Traced {
        pair,
        tracer,
        there,
    } = traced(builder);
    commit_over_rotations(&pair);
    let seen = look(&there, &tracer.detach());
    println!(
        "{} acknowledgements, logs: {:?}",
        seen.acknowledgements, seen.logs
    );
    assert!(seen.acknowledgements >= 10, "{seen:?}");
    assert!(seen.too_early.is_empty(), "{seen:#?}");
    assert!(
        seen.logs.len() > there.len() + 3,
        "the log rotated: {:?}",
        seen.logs
    );
}

/// The same eyes see what stock's way leaves undone.
#[test]
fn with_received_an_acknowledgement_does_not_wait_for_the_disk() {
    needs!(has_plugin(), NO_PLUGIN);
    let Traced {
        pair,
        tracer,
        there,
    } = traced(pair("RECEIVED"));
    commit_over_rotations(&pair);
    let seen = look(&there, &tracer.detach());
    assert!(seen.acknowledgements >= 10, "{seen:?}");
    assert!(seen.too_early.len() >= 10, "{seen:#?}");
}

#[test]
fn where_the_server_syncs_each_event_nothing_is_synced_twice() {
    needs!(has_plugin(), NO_PLUGIN);
    let reports = Dialect::of_run().reports_relay_log_failures();
    needs!(
        reports,
        "it passes over a failed sync of its relay log, so ours comes on top"
    );
    let Traced {
        pair,
        tracer,
        there,
    } = traced(pair("SYNCED").replica_option("sync-relay-log=1"));
    pair.source.insert(0);
    pair.replica().execute("FLUSH RELAY LOGS");
    pair.source.insert(1);
    let (first, calls) = (1, 20);
    for n in 0..calls {
        pair.source.insert(first + n);
    }
    let calls_seen = tracer.detach();
    let seen = look(&there, &calls_seen);
    assert!(seen.too_early.is_empty(), "{seen:#?}");
    // Between an event's write and its acknowledgement there is one sync: the server's.
    let acks: Vec<&Call> = calls_seen
        .iter()
        .filter(|call| call.is_acknowledgement())
        .collect();
    let [.., before, last] = &acks[..] else {
        panic!("acknowledgements: {acks:?}")
    };
    let between = |call: &&Call| call.began > before.ended && call.ended < last.began;
    let of_log = |call: &&Call| is_relay_log(call.file());
    let between: Vec<&Call> = calls_seen.iter().filter(between).filter(of_log).collect();
    let count = |name: &str| between.iter().filter(|call| call.name == name).count();
    let syncs = count("fdatasync") + count("fsync");
    assert_eq!(syncs, count("write"), "a sync for each event: {between:#?}");
}

/// No event of these tests is longer.
const ONE_EVENT: u64 = 1024;

/// Cuts the power of the replica's machine: only synced bytes of its relay logs are left. How many
/// are gone. (The names are left, as most file systems have it; `look` checks that they are
/// synced.)
fn cut_power(replica: &Server, there: &BTreeMap<PathBuf, u64>, tracer: Tracer) -> u64 {
    replica.kill9();
    let logs = Disk::new(there, &is_relay_log).after(&tracer.end());
    let mut gone = 0;
    for (path, log) in &logs {
        println!("{}: {log:?}", path.display());
        let file = OpenOptions::new().write(true).open(path);
        let file = file.expect("a relay log that was not purged");
        let size = file.metadata().expect("a size").len();
        // The kill may have come between a write and what strace tells of its end.
        let expected = log.written..log.written + ONE_EVENT;
        assert!(
            expected.contains(&size),
            "{}: strace missed a write: {size}, {expected:?}",
            path.display()
        );
        file.set_len(log.synced).expect("the file is cut");
        gone += size - log.synced;
    }
    gone
}

struct PowerCut {
    pair: Topology,
    /// Commits of which clients were told.
    confirmed: u64,
    /// Bytes of relay logs.
    gone: u64,
}

/// Commits on a replica whose applier stands still, then a power cut there and the source's death.
/// Afterwards the applier applies what is left.
fn power_cut(builder: Builder) -> PowerCut {
    let builder = builder
        .replica_option("skip-slave-start")
        .replica_option("relay-log-recovery=OFF");
    let pair = builder.start_unlinked();
    let (source, replica) = (&pair.source, pair.replica());
    let there = relay_logs(replica);
    let tracer = Tracer::attach(replica, &[]);
    replica.point_to(source, &Link::default());
    replica.execute("START REPLICA IO_THREAD");
    pair.wait_clients();
    let load = Load::start(source, 4);
    load.wait_progress(40);
    replica.execute("FLUSH RELAY LOGS");
    load.wait_progress(40);
    // Whoever waits from now on is never told of its commit.
    let gone = cut_power(replica, &there, tracer);
    let confirmed = load.committed();
    source.kill9();
    load.finish();
    replica.start_again();
    replica.execute("START REPLICA SQL_THREAD");
    PowerCut {
        pair,
        confirmed,
        gone,
    }
}

#[test]
fn with_synced_every_confirmed_commit_survives_a_power_cut_of_the_replica() {
    needs!(has_plugin(), NO_PLUGIN);
    let cut = power_cut(pair("SYNCED").replica_option(SMALL));
    assert!(cut.confirmed >= 80);
    let replica = cut.pair.replica();
    eventually(PATIENCE, "every confirmed row is there", || {
        replica.count_rows(None) >= cut.confirmed
    });
}

#[test]
fn with_received_a_power_cut_of_the_replica_may_lose_confirmed_commits() {
    needs!(has_plugin(), NO_PLUGIN);
    // One long log after the rotation by hand: the server syncs a log when it closes it.
    let cut = power_cut(pair("RECEIVED"));
    assert!(
        cut.confirmed >= 80 && cut.gone > 0,
        "{} bytes are gone",
        cut.gone
    );
    let replica = cut.pair.replica();
    eventually(
        PATIENCE,
        "the applier has come to the end of the log",
        || {
            let columns = replica.replica_columns().unwrap_or_default();
            let column = |name: &str| columns.get(name).cloned().unwrap_or_default();
            column("Replica_SQL_Running_State").contains("has read all relay log")
                || !matches!(column("Last_SQL_Errno").as_str(), "" | "0")
        },
    );
    let left = replica.count_rows(None);
    assert!(left < cut.confirmed, "{left} of {} are left", cut.confirmed);
}

/// The kernel reports a failure once; after that the file looks well.
#[test]
fn what_could_not_be_synced_is_never_acknowledged_and_replication_goes_on() {
    needs!(has_plugin(), NO_PLUGIN);
    let pair = pair("SYNCED").replica_option("relay-log-purge=OFF").start();
    let (source, replica) = (&pair.source, pair.replica());
    source.insert(0);
    assert_eq!(source.counter("yes_tx"), 1);

    let newest = relay_logs(replica)
        .into_keys()
        .next_back()
        .expect("a relay log");
    let mark = replica.log_mark();
    let newest = newest.display().to_string();
    let broken = ["-e", "inject=fdatasync:error=EIO", "-P", &newest];
    let disk = Tracer::attach(replica, &broken);
    let waiting = Waiting::insert(source, 1);
    let line = replica.wait_log_since(mark, "could not be synced");
    println!("{line}");
    disk.detach();
    // The disk is well again.
    let has_rows = |count| eventually(PATIENCE, "the rows", || replica.count_rows(None) == count);
    has_rows(2);
    assert!(
        !waiting.is_over(),
        "a commit that may be lost was confirmed"
    );
    // A source takes the position that a semi-sync replica asks for as acknowledged.
    replica.restart_receiver();
    replica.wait_log_since(mark, "could not be synced some time ago");
    let next = Waiting::start(source, &format!("INSERT INTO {TABLE} (n) VALUES (2)"));
    has_rows(3);
    assert_eq!(source.status("clients"), "0");
    assert!(!waiting.is_over() && !next.is_over());

    // The log is thrown away.
    replica.script("STOP REPLICA;\nRESET REPLICA;\nSTART REPLICA;");
    waiting.done_within(PATIENCE);
    next.done_within(PATIENCE);
    source.insert(3);
    assert_eq!(source.counter("no_tx"), 0);
    assert_eq!(source.status("status"), "ON");
}

#[test]
fn a_relay_log_that_is_thrown_away_by_a_restart_is_told_once() {
    needs!(has_plugin(), NO_PLUGIN);
    let line = "relay_log_recovery is ON: a start of this server throws its relay logs away";
    for (recovery, lines) in [("ON", 1), ("OFF", 0)] {
        let option = format!("relay-log-recovery={recovery}");
        let pair = pair("SYNCED").replica_option(&option).start();
        pair.replica().restart_receiver();
        pair.wait_clients();
        pair.source.insert(1);
        assert_eq!(
            pair.replica().log().matches(line).count(),
            lines,
            "{recovery}"
        );
    }
}

/// Names with characters that file names have not, or not as they are.
#[test]
fn each_channel_finds_its_own_relay_log() {
    needs!(has_plugin(), NO_PLUGIN);
    needs!(Dialect::of_run().has_channels(), "a replica has one source");
    for channel in ["east-1", "a.b c$", "größe", "Ost_2"] {
        let pair = pair("SYNCED").start_unlinked();
        let there = relay_logs(pair.replica());
        let tracer = Tracer::attach(pair.replica(), &[]);
        pair.link(&Link::default().channel(channel));
        pair.source.insert(1);
        let seen = look(&there, &tracer.detach());
        assert!(
            seen.acknowledgements >= 1 && seen.too_early.is_empty(),
            "{channel}: {seen:#?}"
        );
        assert_eq!(pair.source.counter("no_tx"), 0);
    }
}
