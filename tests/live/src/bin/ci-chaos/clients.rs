//! Sixteen clients that commit, and write down when they asked and when they were told OK.
//!
//! Each of them is connected to whoever is the source at the moment, over its socket, so that no
//! trouble of the network keeps an OK from them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{Dice, Server, lock};

pub const CLIENTS: u64 = 16;
/// No statement takes so long, unless something hangs.
const ANSWER: Duration = Duration::from_secs(90);
/// Between two commits of a client, at most.
const PAUSE_US: u64 = 6_000;
const AFTER_ERROR: Duration = Duration::from_millis(5);

/// One transaction of a client.
#[derive(Clone, Debug)]
pub struct Note {
    /// The first of its rows, and how many.
    pub id: u64,
    pub rows: u64,
    pub begin: Instant,
    /// When it was over, well or not; `None`: it was not over when the notes were read.
    pub end: Option<Instant>,
    /// The client was told OK.
    pub told: bool,
}

/// The server that clients write to.
#[derive(Clone)]
struct Target {
    socket: PathBuf,
    /// Another number means to connect anew.
    generation: u64,
}

/// A connection over the socket, with a bound for each answer.
pub fn connect(socket: &Path) -> mysql::Result<Conn> {
    let options = OptsBuilder::new()
        .socket(Some(socket.display().to_string()))
        .user(Some("root"))
        .read_timeout(Some(ANSWER))
        .write_timeout(Some(ANSWER));
    Conn::new(options)
}

/// What a client does again and again with its connection; an error ends one turn.
pub trait Work: Send + 'static {
    fn prepare(&mut self, conn: &mut Conn) -> mysql::Result<()>;
    fn turn(&mut self, conn: &mut Conn) -> mysql::Result<()>;
}

#[derive(Default)]
struct Shared {
    target: Mutex<Option<Target>>,
    generations: AtomicU64,
    over: AtomicBool,
    /// The numbers of the clients' connections, for KILL.
    connections: Mutex<Vec<u32>>,
}

/// The clients end when it is dropped, after a panic too.
pub struct Fleet {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
    }
}

impl Fleet {
    pub fn start<W: Work>(works: impl Iterator<Item = W>, seed: u64) -> Fleet {
        let shared = Arc::new(Shared::default());
        let start = |(number, work): (u64, W)| {
            let shared = Arc::clone(&shared);
            let dice = Dice::of(seed ^ (number << 32));
            thread::spawn(move || live(&shared, work, dice))
        };
        let threads = (0..).zip(works).map(start).collect();
        Fleet { shared, threads }
    }

    /// From now on clients write there, over new connections, as soon as the statement that they
    /// run is over.
    pub fn send_to(&self, server: Option<&Server>) {
        let generation = 1 + self.shared.generations.fetch_add(1, Ordering::SeqCst);
        lock(&self.shared.connections).clear();
        *lock(&self.shared.target) = server.map(|server| Target {
            socket: server.socket(),
            generation,
        });
    }

    pub fn connections(&self) -> Vec<u32> {
        lock(&self.shared.connections).clone()
    }

    /// Ends the clients, each after the statement that it runs.
    pub fn finish(mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().expect("a client does not panic");
        }
    }
}

fn live(shared: &Shared, mut work: impl Work, mut dice: Dice) {
    let mut open: Option<(u64, Conn)> = None;
    while !shared.over.load(Ordering::SeqCst) {
        let target = lock(&shared.target).clone();
        let Some(target) = target else {
            open = None;
            thread::sleep(AFTER_ERROR);
            continue;
        };
        let mut conn = match open.take() {
            Some((generation, conn)) if generation == target.generation => conn,
            _ => match open_for(&target, &mut work) {
                Ok(conn) => {
                    lock(&shared.connections).push(conn.connection_id());
                    conn
                }
                Err(_) => {
                    thread::sleep(AFTER_ERROR);
                    continue;
                }
            },
        };
        match work.turn(&mut conn) {
            Ok(()) => open = Some((target.generation, conn)),
            // The server's own word; the connection goes on, unless it was killed.
            Err(mysql::Error::MySqlError(_)) => {
                open = Some((target.generation, conn));
                thread::sleep(AFTER_ERROR);
            }
            Err(_) => thread::sleep(AFTER_ERROR),
        }
        thread::sleep(Duration::from_micros(dice.below(PAUSE_US)));
    }
}

fn open_for(target: &Target, work: &mut impl Work) -> mysql::Result<Conn> {
    let mut conn = connect(&target.socket)?;
    work.prepare(&mut conn)?;
    Ok(conn)
}

/// The notes of all writers.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    pub fn read(&self) -> Vec<Note> {
        lock(&self.0).clone()
    }

    /// How many transactions their clients were told OK of.
    pub fn told(&self) -> usize {
        lock(&self.0).iter().filter(|note| note.told).count()
    }

    fn begin(&self, id: u64, rows: u64) -> usize {
        let mut notes = lock(&self.0);
        notes.push(Note {
            id,
            rows,
            begin: Instant::now(),
            end: None,
            told: false,
        });
        notes.len() - 1
    }

    fn end(&self, number: usize, told: bool) {
        let now = Instant::now();
        let note = &mut lock(&self.0)[number];
        (note.end, note.told) = (Some(now), told);
    }
}

/// Inserts rows with ids of its own, one or a few in a transaction, most of them small.
pub struct Writer {
    next: u64,
    dice: Dice,
    notes: Notes,
}

impl Writer {
    pub fn all(seed: u64, notes: &Notes) -> impl Iterator<Item = Writer> {
        (1..=CLIENTS).map(move |number| Writer {
            next: number << 32,
            dice: Dice::of(seed.wrapping_mul(31).wrapping_add(number)),
            notes: notes.clone(),
        })
    }

    fn insert(&mut self, id: u64) -> String {
        let size = match self.dice.below(100) {
            0 => 100_000,
            _ => 10 + self.dice.below(400),
        };
        format!("INSERT INTO {TABLE} (id, body) VALUES ({id}, REPEAT('c', {size}))")
    }

    fn transaction(&mut self, conn: &mut Conn, first: u64, rows: u64) -> mysql::Result<()> {
        if rows == 1 {
            return conn.query_drop(self.insert(first));
        }
        conn.query_drop("BEGIN")?;
        for id in first..first + rows {
            conn.query_drop(self.insert(id))?;
        }
        conn.query_drop("COMMIT")
    }
}

impl Work for Writer {
    fn prepare(&mut self, _: &mut Conn) -> mysql::Result<()> {
        Ok(())
    }

    fn turn(&mut self, conn: &mut Conn) -> mysql::Result<()> {
        let rows = if self.dice.below(4) == 0 {
            1 + self.dice.below(3)
        } else {
            1
        };
        let first = self.next;
        self.next += rows;
        let note = self.notes.begin(first, rows);
        let result = self.transaction(conn, first, rows);
        self.notes.end(note, result.is_ok());
        if result.is_err() && rows > 1 {
            // Of a transaction that was refused in the middle nothing may be left open.
            conn.query_drop("ROLLBACK")?;
        }
        result
    }
}
