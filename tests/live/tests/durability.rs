//! What was confirmed is on the replica: the source is killed under load, and the test looks on the
//! replica for every commit that a client was told of.
//!
//! A round is 12 s of eight clients (`SEMISYNC_ROUND_SECONDS` sets it), then SIGKILL at a random
//! moment. `SEMISYNC_SEED` repeats the choices of a run.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mysql::Conn;
use mysql::prelude::Queryable;
use semisync_live_tests::dice::{self, Dice, number_from_env};
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Names, Server, Topology, Transport, wait_while_it_moves,
};

const CLIENTS: u64 = 8;
const ROUNDS: u64 = 5;

/// Commits until the server is gone. Returns the ids of the rows that the client was told are
/// committed.
fn client(mut conn: Conn, number: u64, seed: u64, stop: &AtomicBool) -> Vec<u64> {
    let mut dice = Dice::of(seed ^ number << 32);
    let mut confirmed = Vec::new();
    let mut next = number * 100_000_000 + 1;
    while !stop.load(Ordering::Relaxed) {
        let ids: Vec<u64> = (next..next + 1 + dice.below(3)).collect();
        next += ids.len() as u64;
        let outcome = if ids.len() == 1 {
            conn.query_drop(insert(ids[0], &mut dice))
        } else {
            transaction(&mut conn, &ids, &mut dice)
        };
        // The server is gone: nobody was told of these ids.
        if outcome.is_err() {
            break;
        }
        confirmed.extend(ids);
    }
    confirmed
}

fn insert(id: u64, dice: &mut Dice) -> String {
    let size = if dice.below(50) == 0 {
        200_000
    } else {
        10 + dice.below(500)
    };
    format!("INSERT INTO {TABLE} (id, body) VALUES ({id}, REPEAT('d', {size}))")
}

fn transaction(conn: &mut Conn, ids: &[u64], dice: &mut Dice) -> mysql::Result<()> {
    conn.query_drop("BEGIN")?;
    for id in ids {
        conn.query_drop(insert(*id, dice))?;
    }
    conn.query_drop("COMMIT")
}

/// Waits until the replica has applied all that it has received.
fn drain(replica: &Server) {
    replica.execute("STOP REPLICA IO_THREAD");
    if !replica.dialect().has_received_set() {
        let idle = "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                    WHERE STATE LIKE 'Slave has read all relay log%'";
        return wait_while_it_moves(&format!("all applied on {replica}"), || {
            match replica.value(idle).as_str() {
                "1" => Ok(()),
                _ => Err(format!("{:?}", replica.applied())),
            }
        });
    }
    let received =
        "SELECT RECEIVED_TRANSACTION_SET FROM performance_schema.replication_connection_status";
    let received = replica.value(received).replace('\n', "");
    wait_while_it_moves(&format!("{received} applied on {replica}"), || {
        let sql = format!("SELECT GTID_SUBSET('{received}', @@global.gtid_executed)");
        match replica.value(&sql).as_str() {
            "1" => Ok(()),
            _ => Err(replica.variable("gtid_executed")),
        }
    });
}

/// `encrypted`: the transport of every other round.
fn round(number: u64, seed: u64, seconds: u64, encrypted: Transport) {
    let mut dice = Dice::of(seed);
    let names =
        Names::available()[usize::try_from(number).expect("small") % Names::available().len()];
    let dialect = Dialect::of_run();
    let wait_point = if number.is_multiple_of(3) || !dialect.has_wait_point() {
        "AFTER_COMMIT"
    } else {
        "AFTER_SYNC"
    };
    let transport = match number.is_multiple_of(2) {
        true => Transport::Plain,
        false => encrypted,
    };
    let pair = Topology::new(names)
        .set("timeout", A_DAY_MS)
        .source_option("max-binlog-size=4M")
        .over(transport.link())
        .start();
    pair.source.set_wait_point(wait_point);
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<JoinHandle<Vec<u64>>> = (0..CLIENTS)
        .map(|client_number| {
            let conn = pair.source.conn();
            let stop = Arc::clone(&stop);
            thread::spawn(move || client(conn, client_number, seed, &stop))
        })
        .collect();
    thread::sleep(Duration::from_secs(seconds));
    assert_eq!(
        pair.source.counter("no_tx"),
        0,
        "commits were not confirmed at all"
    );
    assert_eq!(pair.source.status("status"), "ON");
    thread::sleep(Duration::from_micros(dice.below(1_000_000)));
    pair.source.kill9();
    stop.store(true, Ordering::Relaxed);
    let confirmed: Vec<u64> = clients
        .into_iter()
        .flat_map(|c| c.join().expect("a client"))
        .collect();

    drain(pair.replica());
    let rows = pair.replica().rows(&format!("SELECT id FROM {TABLE}"));
    let held: HashSet<u64> = rows
        .iter()
        .map(|row| row[0].parse().expect("an id"))
        .collect();
    let missing: Vec<&u64> = confirmed.iter().filter(|id| !held.contains(id)).collect();
    println!(
        "round {number} (seed {seed}, {names:?} names, {wait_point}): {} rows confirmed, \
         {} on the replica, {} missing",
        confirmed.len(),
        held.len(),
        missing.len()
    );
    assert!(confirmed.len() > 100, "the clients hardly committed");
    assert!(
        missing.is_empty(),
        "seed {seed}: confirmed, and missing on the replica: {missing:?}"
    );
}

#[test]
fn no_confirmed_commit_is_missing_after_the_source_is_killed() {
    let seed = dice::seed();
    let seconds = number_from_env("SEMISYNC_ROUND_SECONDS").unwrap_or(12);
    let encrypted = Transport::semi_sync_among(&[Transport::Tls]);
    let encrypted = *encrypted.first().unwrap_or(&Transport::Plain);
    for number in 1..=ROUNDS {
        round(number, seed + number, seconds, encrypted);
    }
}
