//! The replica's machine loses its power, and the source is gone: only what was synced is left.
//!
//! The replica's data directory lies on a file system that forgets everything else
//! (`src/power.rs`). Each round is: clients commit and write down what was confirmed to them; the
//! replica is killed and its power goes; the source dies; the replica starts on what its disk has.
//! `SEMISYNC_POWER_ROUNDS=N` asks for more rounds than one, and prints the figures of each.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use semisync_live_tests::pair::{Builder, TABLE};
use semisync_live_tests::power::{Lost, Machine};
use semisync_live_tests::tables::REPLICAS;
use semisync_live_tests::{
    A_DAY_MS, Libraries, Link, Names, PATIENCE, Server, Topology, lock, needs, wait_for,
};

const NO_PLUGIN: &str = "its own library has no second plugin";
const CLIENTS: i64 = 4;

fn has_plugin() -> bool {
    Libraries::under_test() != Libraries::Stock
}

fn rounds() -> u32 {
    let asked = std::env::var("SEMISYNC_POWER_ROUNDS");
    asked.map_or(1, |text| text.parse().expect("a number of rounds"))
}

/// Clients that commit rows with numbers of their own, and know which were confirmed.
struct Clients {
    confirmed: Arc<Mutex<BTreeSet<i64>>>,
    clients: Vec<thread::JoinHandle<()>>,
}

impl Clients {
    fn start(source: &Server) -> Clients {
        let confirmed = Arc::new(Mutex::new(BTreeSet::new()));
        let next = Arc::new(AtomicI64::new(1));
        let client = |_| {
            let mut conn = source.conn();
            let (confirmed, next) = (confirmed.clone(), next.clone());
            thread::spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    // An error is the source's death, and no confirmation.
                    let commit = format!("INSERT INTO {TABLE} (n) VALUES ({n})");
                    if conn.query_drop(commit).is_err() {
                        break;
                    }
                    lock(&confirmed).insert(n);
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Clients { confirmed, clients }
    }

    fn wait_confirmed(&self, more: usize) {
        let goal = lock(&self.confirmed).len() + more;
        wait_for(PATIENCE, &format!("{goal} confirmed commits"), || {
            let seen = lock(&self.confirmed).len();
            (seen >= goal).then_some(()).ok_or(format!("{seen}"))
        });
    }

    /// After the source's death: what was confirmed.
    fn end(self) -> BTreeSet<i64> {
        for client in self.clients {
            client.join().expect("a client does not panic");
        }
        std::mem::take(&mut *lock(&self.confirmed))
    }
}

/// What a round came to.
struct Round {
    confirmed: usize,
    /// The confirmed rows that the replica does not have.
    missing: Vec<i64>,
    lost: Lost,
    /// The replica's error log says that its engine does not sync commits.
    is_warned: bool,
}

/// What the replica does meanwhile with what it receives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Applier {
    Runs,
    /// All that is confirmed is in relay logs alone.
    Stopped,
}

/// A source that waits for a day, and a replica that is durable in what it applies.
fn pair(ack_after: &str) -> Builder {
    Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .replica_option(&format!("semisync_replica_ack_after={ack_after}"))
        .replica_option("innodb-flush-log-at-trx-commit=1")
        .replica_option("sync-binlog=1")
        .replica_option("skip-slave-start")
        // The source is gone: what the relay log has is all there is.
        .replica_option("relay-log-recovery=OFF")
}

fn power_loss(builder: Builder, applier: Applier) -> Round {
    let mut machine = Machine::start(env!("CARGO_BIN_EXE_power-disk"));
    let place = machine.place().to_owned();
    let pair = builder
        .configure_replica(|config| config.data_in(&place))
        .start_unlinked();
    let (source, replica) = (&pair.source, pair.replica());
    replica.point_to(source, &Link::default());
    replica.execute("START REPLICA IO_THREAD");
    if applier == Applier::Runs {
        replica.execute("START REPLICA SQL_THREAD");
    }
    pair.wait_clients();
    // What the machine did before is on its disk.
    machine.sync();
    // Whoever asks the source sees what confirmations are worth.
    if source.dialect().has_tables() {
        let level = source.value(&format!("SELECT ACK_LEVEL FROM {REPLICAS}"));
        let asked = replica.value("SELECT @@global.semisync_replica_ack_after");
        assert_eq!(level, asked);
    }

    let clients = Clients::start(source);
    clients.wait_confirmed(40);
    replica.execute("FLUSH RELAY LOGS");
    clients.wait_confirmed(40);
    replica.kill9();
    let lost = machine.lose_power();
    // Whoever waits by now is never told that its commit is confirmed.
    source.kill9();
    let confirmed = clients.end();

    let log = replica.log();
    let is_warned = log.contains("innodb_flush_log_at_trx_commit is not 1");
    replica.start_again();
    // It cannot go on where it was, if that relay log was purged.
    if let Err(error) = replica.try_rows("START REPLICA SQL_THREAD") {
        println!("the applier does not start: {error}");
    }
    let missing = missing_on(replica, &confirmed);
    let round = Round {
        confirmed: confirmed.len(),
        missing,
        lost,
        is_warned,
    };
    let Round { confirmed, .. } = round;
    let missing = round.missing.len();
    println!("{confirmed} confirmed, {missing} of them missing, lost with the power: {lost:?}");
    drop(pair);
    round
}

/// Waits until the applier has nothing left to apply, or all is there.
fn missing_on(replica: &Server, confirmed: &BTreeSet<i64>) -> Vec<i64> {
    let look = || {
        let rows = replica.rows(&format!("SELECT n FROM {TABLE}"));
        let there: BTreeSet<i64> = rows
            .iter()
            .map(|row| row[0].parse().expect("a number"))
            .collect();
        confirmed.difference(&there).copied().collect::<Vec<i64>>()
    };
    let at_the_end = || {
        let columns = replica.replica_columns().unwrap_or_default();
        let column = |name: &str| columns.get(name).cloned().unwrap_or_default();
        column("Replica_SQL_Running") == "No"
            || column("Replica_SQL_Running_State").contains("has read all relay log")
            || !matches!(column("Last_SQL_Errno").as_str(), "" | "0")
    };
    wait_for(PATIENCE, "the applier at the end of the relay log", || {
        // Asked before the rows: what is applied between the two is seen.
        let end = at_the_end();
        let missing = look();
        if missing.is_empty() || end {
            // MySQL 5.6 counts a transaction among the executed ones before its rows can be seen.
            thread::sleep(Duration::from_millis(if end { 200 } else { 0 }));
            return Ok(look());
        }
        Err(format!("{} missing, the applier goes on", missing.len()))
    })
    .0
}

#[test]
fn with_synced_every_confirmed_commit_outlives_power_and_source() {
    needs!(has_plugin(), NO_PLUGIN);
    for _ in 0..rounds() {
        let round = power_loss(pair("SYNCED"), Applier::Stopped);
        assert!(round.confirmed >= 80);
        assert!(round.missing.is_empty(), "{:?}", round.missing);
    }
}

/// A new relay log every few transactions: what is applied is soon in the engine alone. The engine
/// syncs only where a commit has it do so, and not once a second.
fn soon_purged(builder: Builder) -> Builder {
    builder
        .replica_option("max-relay-log-size=4096")
        .replica_option("innodb-flush-log-at-timeout=2700")
}

/// Rows come from the engine and from the relay log: the position between the two is right, and no
/// relay log was removed too early, also where the binary log is not synced.
#[test]
fn with_synced_every_confirmed_commit_outlives_them_while_the_applier_runs() {
    needs!(has_plugin(), NO_PLUGIN);
    for sync_binlog in [1, 0] {
        for _ in 0..rounds() {
            let option = format!("sync-binlog={sync_binlog}");
            let applies = soon_purged(pair("SYNCED")).replica_option(&option);
            println!("{option}:");
            let round = power_loss(applies, Applier::Runs);
            assert!(round.confirmed >= 80 && !round.is_warned);
            assert!(round.missing.is_empty(), "{:?}", round.missing);
        }
    }
}

/// An engine that does not sync what it has applied forgets it. So `SYNCED` promises what it says
/// only where the engine syncs, and the error log says where not.
#[test]
fn with_synced_confirmed_commits_are_lost_by_an_engine_that_does_not_sync() {
    // The engine syncs its log before it writes a page, too. If that has just happened, or no relay
    // log was purged yet, a round loses nothing.
    const TRIES: u32 = 5;
    needs!(has_plugin(), NO_PLUGIN);
    for _ in 0..rounds() {
        let loses = |_| {
            let forgets = "innodb-flush-log-at-trx-commit=2";
            let unsynced = soon_purged(pair("SYNCED")).replica_option(forgets);
            let round = power_loss(unsynced, Applier::Runs);
            assert!(round.confirmed >= 80 && round.is_warned);
            !round.missing.is_empty()
        };
        assert!((0..TRIES).any(loses), "nothing in {TRIES} rounds");
    }
}

/// The file system does lose what was not synced; without this test the others could not fail.
#[test]
fn with_received_confirmed_commits_are_lost_with_the_power() {
    needs!(has_plugin(), NO_PLUGIN);
    for _ in 0..rounds() {
        let unsynced = pair("RECEIVED").replica_option("sync-relay-log=0");
        let round = power_loss(unsynced, Applier::Stopped);
        assert!(round.confirmed >= 80);
        assert!(
            !round.missing.is_empty() && round.lost.bytes > 0,
            "nothing of {} is missing, {:?}",
            round.confirmed,
            round.lost
        );
    }
}
