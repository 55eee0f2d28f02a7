//! `semisync_replica_ack_after=SYNCED`: what is acknowledged is on the replica's disk. What a
//! replica tells its source of itself, and what it shows of its channels.
//!
//! The proof is in the system calls of the replica's server, in their order. A power cut is made of
//! them too: the server is killed, and of its relay logs only what was synced is left.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use semisync_live_tests::fake_replica::{Announce, FakeReplica};
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

/// The statements by which a replica announced itself, as the source's general log has them.
fn announcements(source: &Server) -> Vec<String> {
    let rows = source.rows(
        "SELECT CONVERT(argument USING utf8) FROM mysql.general_log \
         WHERE argument LIKE 'SET @rpl%'",
    );
    rows.into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn with_nothing_set_a_replica_announces_itself_as_ever_and_tells_what_is_set() {
    needs!(has_plugin(), NO_PLUGIN);
    let plain = "SET @rpl_semi_sync_replica = 1, @rpl_semi_sync_slave = 1";
    let pair = Topology::new(Names::newest())
        .source_option("general-log=ON")
        .source_option("log-output=TABLE")
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    assert_eq!(announcements(source), [plain]);
    for (set, told) in [
        (
            "semisync_replica_name = 'db-2'",
            ", @semisync_replica_name = 'db-2'",
        ),
        (
            "semisync_replica_name = 'a\\\\b'",
            ", @semisync_replica_name = x'615c62'",
        ),
        ("semisync_replica_name = ''", ""),
        (
            "semisync_replica_zone = 'east'",
            ", @semisync_replica_zone = 'east'",
        ),
        ("semisync_replica_zone = ''", ""),
        (
            "semisync_replica_ack_after = SYNCED",
            ", @semisync_replica_ack_after = 'SYNCED'",
        ),
    ] {
        replica.execute(&format!("SET GLOBAL {set}"));
        replica.restart_receiver();
        let expected = format!("{plain}{told}");
        eventually(PATIENCE, &expected, || {
            announcements(source).last() == Some(&expected)
        });
    }
    pair.wait_clients();
    source.insert(1);

    // Uninstalled, the replica connects again as if nothing had been set.
    replica.execute("UNINSTALL PLUGIN semisync_replica");
    eventually(PATIENCE, plain, || {
        announcements(source).last().map(String::as_str) == Some(plain)
    });
    source.insert(2);
    replica.wait_applied(source);
}

/// Words that a source cannot use are passed over, and the replica counts all the same.
#[test]
fn a_replica_that_misnames_itself_counts_under_its_uuid() {
    needs!(has_plugin(), NO_PLUGIN);
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    for (id, value, shown) in [
        (71, "REPEAT('x', 65)", "x".repeat(64).as_str()),
        (72, r"'a\nb'", "a?b"),
        (73, "'größe'", "größe"),
        (74, "'a b'", "a b"),
        (75, "17", "17"),
    ] {
        let mark = source.log_mark();
        let mut fake = FakeReplica::connect(&source, id).expect("a connection");
        fake.prepare(Announce::Both).expect("it announces itself");
        fake.set("NAMES utf8").expect("it is heard");
        let uuid = format!("00000000-0000-0000-0000-0000000000{id}");
        fake.set(&format!(
            "@replica_uuid = '{uuid}', @slave_uuid = '{uuid}', \
             @semisync_replica_name = {value}, @semisync_replica_zone = 'east'"
        ))
        .expect("it is heard");
        fake.dump(&source.newest()).expect("a dump");
        source.wait_status("clients", "1");
        let line = source.wait_log_since(mark, "says that its name is");
        assert!(
            line.contains(shown) && line.contains("This is ignored"),
            "{line}"
        );
        if source.dialect().has_tables() {
            let row = source.rows(
                "SELECT SERVER_ID, SERVER_UUID, NAME, ZONE, COUNTED \
                 FROM performance_schema.replication_semisync_replicas \
                 WHERE STATE <> 'GONE'",
            );
            assert_eq!(
                row,
                [[id.to_string().as_str(), &uuid, "NULL", "east", "YES"]]
            );
        }
        fake.close();
        source.wait_status("clients", "0");
    }
}

fn was_acker(replica: &Server) -> String {
    replica.global_status("Semisync_replica_was_acker")
}

#[test]
fn a_replica_tells_whether_it_acknowledged_when_its_source_died() {
    needs!(has_plugin(), NO_PLUGIN);
    let pair = pair("RECEIVED").start();
    let (source, replica) = (&pair.source, pair.replica());
    assert_eq!(was_acker(replica), "0");
    assert_eq!(replica.global_status("Semisync_replica_acks"), "0");
    source.insert(1);
    assert_eq!(was_acker(replica), "0", "the connection has not ended");
    source.kill9();
    eventually(PATIENCE, "it was an acker", || was_acker(replica) == "1");
    let age: u64 = replica
        .global_status("Semisync_replica_last_ack_age_us")
        .parse()
        .unwrap();
    assert!(age > 0);
    assert_ne!(replica.global_status("Semisync_replica_acks"), "0");
    // The question is asked of a replica that tries to connect, that was stopped, that started anew
    // and finds nobody.
    for statement in ["STOP REPLICA", "START REPLICA"] {
        replica.execute(statement);
        assert_eq!(was_acker(replica), "1", "{statement}");
    }
    if replica.dialect().has_tables() {
        let row = replica.rows(
            "SELECT CHANNEL_NAME, SEMI_SYNC, ACK_LEVEL, WAS_ACKER \
             FROM performance_schema.replication_semisync_channels",
        );
        assert_eq!(row, [["", "OFF", "RECEIVED", "YES"]]);
    }

    // A connection on which nothing came changes nothing. One on which it did not acknowledge does.
    source.start_again();
    pair.wait_clients();
    replica.restart_receiver();
    pair.wait_clients();
    assert_eq!(was_acker(replica), "1");
    source.set_source("enabled", "OFF");
    source.insert(2);
    replica.wait_applied(source);
    replica.execute("STOP REPLICA IO_THREAD");
    assert_eq!(was_acker(replica), "0");
}

#[test]
fn the_table_shows_each_channel() {
    needs!(has_plugin(), NO_PLUGIN);
    needs!(
        Dialect::of_run().has_tables(),
        "it has no tables of plugins"
    );
    let pair = pair("SYNCED").start();
    let (source, replica) = (&pair.source, pair.replica());
    source.insert(1);
    let table = "performance_schema.replication_semisync_channels";
    let rows = replica.rows(&format!(
        "SELECT SEMI_SYNC, SOURCE_UUID, LAST_ACK > NOW() - INTERVAL 1 MINUTE, \
         LAST_ACK_LOG_FILE, LAST_ACK_LOG_POS, ACKS, ACK_LEVEL, WAS_ACKER FROM {table}"
    ));
    let (file, position) = source.binlog_position();
    let position = position.to_string();
    let uuid = source.variable("server_uuid");
    let acks = replica.global_status("Semisync_replica_acks");
    let expected = ["ON", &uuid, "1", &file, &position, &acks, "SYNCED", "NO"];
    assert_eq!(rows, [expected]);
    let semi_sync = || replica.value(&format!("SELECT SEMI_SYNC FROM {table}"));
    source.set_source("enabled", "OFF");
    source.insert(2);
    eventually(PATIENCE, "the source refuses", || {
        semi_sync() == "REFUSED BY SOURCE"
    });
    replica.execute("STOP REPLICA");
    assert_eq!(semi_sync(), "OFF");
}
