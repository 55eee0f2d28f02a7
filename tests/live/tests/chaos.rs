//! Everything at once: writers, three replicas over three transports, and an operator who does at
//! random what operators and networks do. In the end the test repairs everything, and nothing of it
//! may be left.
//!
//! The test prints its seed. `SEMISYNC_SEED` repeats its choices (not their timing),
//! `SEMISYNC_CHAOS_SECONDS` sets how long it goes on.

use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::dice::{self, Dice, number_from_env};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::proxy::{Cut, Direction, Proxy};
use semisync_live_tests::{Dialect, Link, Load, Names, PATIENCE, Topology, Transport, wait_for};

const REPLICAS: usize = 3;
/// The replica that reaches its source through the proxy.
const PROXIED: usize = 2;
/// Between two steps of the operator, at most.
const PAUSE_MS: u64 = 120;
/// For how long a replica or a connection stays frozen, stopped or stalled, at most.
const SPELL_MS: u64 = 1500;
/// From the last repair until everything is as it should be.
const HEALED: Duration = Duration::from_secs(20);
/// `ER_NO_SUCH_THREAD`: the connection that was to be killed has ended by itself.
const NO_SUCH_THREAD: u16 = 1094;
const OBSERVE_COMMIT_ONLY: &str = "replication_sender_observe_commit_only";
/// "Relay log write failure" (a checksum) and "Failed to run 'after_read_event' hook". The first
/// two are of 8.0 and later, the others of servers before.
const STOPPED_BY: [&str; 4] = ["13122", "13117", "1595", "1593"];
/// What a source says to a dump whose session was not told how to send checksums.
const UNTOLD: &str = "will not send such events to ";

/// What is wrong with a replica for a while.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Frozen,
    Stopped,
}

struct Operator<'t> {
    pair: &'t Topology,
    proxy: &'t Proxy,
    dialect: Dialect,
    dice: Dice,
    troubles: [Option<(Trouble, Instant)>; REPLICAS],
    stalled_until: Option<Instant>,
    /// Statements that take their time. Some of them wait for commits that wait.
    running: Vec<(String, Waiting)>,
    steps: u64,
}

impl Operator<'_> {
    /// A statement on the source, in the background. There are never more of them than a patient
    /// person would start.
    fn order(&mut self, sql: String) {
        if self.running.len() < 8 {
            let running = Waiting::start(&self.pair.source, &sql);
            self.running.push((sql, running));
        }
        let (over, running) = self.running.drain(..).partition(|(_, w)| w.is_over());
        self.running = running;
        over_without_error(over, PATIENCE);
    }

    fn set(&mut self, suffix: &str, value: &str) {
        let name = self.pair.source.names().source_var(suffix);
        self.order(format!("SET GLOBAL {name} = {value}"));
    }

    fn step(&mut self) {
        self.steps += 1;
        self.end_spells();
        let spell = Instant::now() + Duration::from_millis(1 + self.dice.below(SPELL_MS));
        let names = self.pair.source.names();
        match self.dice.below(16) {
            0 | 1 => {
                let replica = self.dice.index(REPLICAS);
                self.trouble(replica, Trouble::Stopped, spell);
            }
            2 | 3 => {
                let replica = self.dice.index(REPLICAS);
                self.trouble(replica, Trouble::Frozen, spell);
            }
            4 | 5 => {
                let dumps = self.pair.source.dumps();
                if !dumps.is_empty() {
                    let dump = dumps[self.dice.index(dumps.len())];
                    self.order(format!("KILL {dump}"));
                }
            }
            6 => {
                self.stalled_until = Some(spell);
                match self.dice.below(3) {
                    0 => self.proxy.stall(Direction::ToSource),
                    1 => self.proxy.stall(Direction::ToReplica),
                    _ => self.proxy.swallow_acknowledgements(),
                }
            }
            7 => match self.dice.below(2) {
                0 => self.proxy.cut(Cut::Fin),
                _ => self.proxy.cut(Cut::Rst),
            },
            8 => self.order("FLUSH BINARY LOGS".to_owned()),
            9 if self.dialect.has_wait_count() => {
                let count = 1 + self.dice.index(REPLICAS);
                self.order(format!("SET GLOBAL {} = {count}", names.wait_count_var()));
            }
            10 => {
                let value = self.dice.one_of(&["OFF", "ON"]);
                self.order(format!(
                    "SET GLOBAL {} = {value}",
                    names.wait_no_replica_var()
                ));
            }
            11 if self.dialect.has_wait_point() => {
                let value = self.dice.one_of(&["AFTER_SYNC", "AFTER_COMMIT"]);
                self.set("wait_point", value);
            }
            12 => {
                let value = self.dice.one_of(&["OFF", "ON", "ON"]);
                self.set("enabled", value);
            }
            13 => {
                let value = self.dice.one_of(&["500", "1000", "5000", "60000"]);
                self.set("timeout", value);
            }
            14 if self.dialect.has_observe_commit_only() => {
                let value = self.dice.one_of(&["OFF", "ON"]);
                self.order(format!("SET GLOBAL {OBSERVE_COMMIT_ONLY} = {value}"));
            }
            15 if self.dialect.has_order_commits()
                && !self.dialect.loses_gtids_of_waiting_commits() =>
            {
                let value = self.dice.one_of(&["OFF", "ON"]);
                self.order(format!("SET GLOBAL binlog_order_commits = {value}"));
            }
            // This series has no such setting: the operator reads.
            _ => self.order("SHOW PROCESSLIST".to_owned()),
        }
        thread::sleep(Duration::from_millis(self.dice.below(PAUSE_MS)));
    }

    fn trouble(&mut self, number: usize, trouble: Trouble, until: Instant) {
        if self.troubles[number].is_some() {
            return;
        }
        let replica = &self.pair.replicas[number];
        match trouble {
            Trouble::Frozen => replica.freeze(),
            Trouble::Stopped => replica.execute("STOP REPLICA IO_THREAD"),
        }
        self.troubles[number] = Some((trouble, until));
    }

    fn end_spells(&mut self) {
        let now = Instant::now();
        for (replica, slot) in self.pair.replicas.iter().zip(&mut self.troubles) {
            let Some((trouble, _)) = slot.take_if(|(_, until)| *until <= now) else {
                continue;
            };
            match trouble {
                Trouble::Frozen => replica.thaw(),
                Trouble::Stopped => replica.execute("START REPLICA IO_THREAD"),
            }
        }
        if self.stalled_until.take_if(|until| *until <= now).is_some() {
            self.proxy.pass();
        }
    }

    /// Repairs everything. An acknowledgement that was swallowed is lost, so its connection has to
    /// end.
    fn repair(mut self) {
        for spell in self.troubles.iter_mut().flatten() {
            spell.1 = Instant::now();
        }
        self.end_spells();
        self.proxy.pass();
        self.proxy.cut(Cut::Fin);
        let names = self.pair.source.names();
        let dialect = &self.dialect;
        let settings = [
            (dialect.has_wait_count(), names.wait_count_var(), "2"),
            (true, names.wait_no_replica_var(), "ON"),
            (true, names.source_var("timeout"), "60000"),
            (
                dialect.has_wait_point(),
                names.source_var("wait_point"),
                "AFTER_SYNC",
            ),
            (
                dialect.has_observe_commit_only(),
                OBSERVE_COMMIT_ONLY.to_owned(),
                "OFF",
            ),
            (
                dialect.has_order_commits(),
                "binlog_order_commits".to_owned(),
                "ON",
            ),
            (true, names.source_var("enabled"), "ON"),
        ];
        let running = std::mem::take(&mut self.running);
        over_without_error(running, HEALED);
        for (_, name, value) in settings.into_iter().filter(|(has, ..)| *has) {
            let sql = format!("SET GLOBAL {name} = {value}");
            let statement = Waiting::start(&self.pair.source, &sql);
            over_without_error(vec![(sql, statement)], HEALED);
        }
    }
}

#[track_caller]
fn over_without_error(statements: Vec<(String, Waiting)>, bound: Duration) {
    for (sql, statement) in statements {
        match statement.join_within(bound).0 {
            Ok(()) => {}
            Err(mysql::Error::MySqlError(e)) if e.code == NO_SUCH_THREAD => {}
            Err(e) => panic!("{sql}: {e}"),
        }
    }
}

/// Waits until all replicas count. The server itself can have stopped one of them for good, with or
/// without semi-sync: if a connection is cut while the replica prepares it for the dump, the
/// server's client library connects again without a word, and the source does not know what the
/// replica had set. The source says so in its log.
#[track_caller]
fn wait_for_all(pair: &Topology) {
    let source = &pair.source;
    let mut started = 0;
    wait_for(HEALED, "all replicas count", || {
        for replica in &pair.replicas {
            let (state, error) = replica.receiver();
            if state == "No" && STOPPED_BY.contains(&error.as_str()) {
                started += 1;
                let untold = source.log().matches(UNTOLD).count();
                assert!(started <= untold, "{replica} was stopped by error {error}");
                println!(
                    "{replica}: its server lost what it had set (error {error}), started again"
                );
                replica.execute("START REPLICA IO_THREAD");
            }
        }
        match source.status("clients").as_str() {
            "3" => Ok(()),
            other => Err(format!("{other} clients")),
        }
    });
}

/// A link over TLS, or over plain TCP where the series is not semi-sync over TLS.
fn encrypted_if_semi_sync() -> Link {
    let encrypted = Transport::semi_sync_among(&[Transport::Tls]);
    encrypted.first().unwrap_or(&Transport::Plain).link()
}

#[test]
fn nothing_is_left_of_chaos() {
    let seed = dice::seed();
    let lasting = number_from_env("SEMISYNC_CHAOS_SECONDS").unwrap_or(45);
    let lasting = Duration::from_secs(lasting);
    let mut builder = Topology::new(Names::newest()).replicas(3);
    if Dialect::of_run().has_wait_count() {
        builder = builder.wait_count(2);
    }
    let pair = builder.start_unlinked();
    let source = &pair.source;
    let proxy = Proxy::in_front_of(source.port()).expect("a proxy");
    let links = [
        encrypted_if_semi_sync(),
        Transport::Zlib.link(),
        Link::default().port(proxy.port()),
    ];
    assert_eq!(links.len() - 1, PROXIED);
    for (replica, link) in pair.replicas.iter().zip(&links) {
        replica.replicate_from(source, link);
    }
    pair.wait_clients();
    let load = Load::paced(source, 8, Duration::from_millis(2), |_| {
        format!("INSERT INTO {TABLE} (n) VALUES (1)")
    });
    load.wait_progress(200);
    let before = source.resources();

    let mut operator = Operator {
        pair: &pair,
        proxy: &proxy,
        dialect: source.dialect(),
        dice: Dice::of(seed),
        troubles: [None; REPLICAS],
        stalled_until: None,
        running: Vec::new(),
        steps: 0,
    };
    let begin = Instant::now();
    while begin.elapsed() < lasting {
        operator.step();
    }
    let steps = operator.steps;
    println!(
        "seed {seed}: {steps} steps, {} commits, confirmed {}, not confirmed {}, \
         switched off {} times",
        load.committed(),
        source.counter("yes_tx"),
        source.counter("no_tx"),
        source.counter("no_times"),
    );
    let repair = Instant::now();
    operator.repair();
    wait_for_all(&pair);
    source.wait_status_within(HEALED, "status", "ON");
    load.wait_progress(200);
    println!("seed {seed}: healed within {:?}", repair.elapsed());

    // As before: each replica has its dump, and nothing is left of the dumps that ended.
    wait_for(
        PATIENCE,
        "three dumps, descriptors and threads as before",
        || {
            let now = (source.dumps().len(), source.resources());
            if now.0 == 3 && now.1.0 <= before.0 + 1 && now.1.1 <= before.1 + 1 {
                Ok(())
            } else {
                Err(format!("{before:?} before, {now:?} now"))
            }
        },
    );
    // A session that already waited has the timeout of that time. It may switch semi-sync off once
    // more.
    wait_for(HEALED, "every commit is confirmed", || {
        let unconfirmed = source.counter("no_tx");
        load.wait_progress(50);
        match source.counter("no_tx") - unconfirmed {
            0 => Ok(()),
            more => Err(format!("{more} were not")),
        }
    });
    let seen = load.finish_clean();
    assert_eq!(source.counter("wait_sessions"), 0);
    assert_eq!(source.count_rows(None), seen.committed);
    for replica in &pair.replicas {
        replica.assert_same_rows(source);
        replica.assert_no_crash();
    }
    let strays = source.stray_errors_since(0);
    assert!(strays.is_empty(), "{strays:#?}");
    println!("seed {seed}: the source stopped in {:?}", source.stop());
    for replica in &pair.replicas {
        replica.stop();
    }
}
