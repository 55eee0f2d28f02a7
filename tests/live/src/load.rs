//! Writers in the background: each commits one row after the other on a connection of its own, and
//! keeps count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::pair::TABLE;
use crate::server::Server;
use crate::wait::{PATIENCE, wait_for};

pub struct Load {
    stop: Arc<AtomicBool>,
    committed: Arc<AtomicU64>,
    writers: Vec<JoinHandle<Seen>>,
}

/// What one writer saw.
#[derive(Default)]
struct Seen {
    slowest: Duration,
    error: Option<String>,
}

/// What all writers saw together.
#[derive(Debug, Default)]
pub struct Summary {
    pub committed: u64,
    pub slowest: Duration,
    /// A writer ends at its first error.
    pub errors: Vec<String>,
}

impl Load {
    /// Single-row inserts into the test table.
    #[track_caller]
    pub fn start(server: &Server, writers: usize) -> Load {
        Load::with(server, writers, |_| {
            format!("INSERT INTO {TABLE} (n) VALUES (1)")
        })
    }

    /// The statements that `statement` makes from the number of the writer.
    #[track_caller]
    pub fn with(
        server: &Server,
        writers: usize,
        statement: impl Fn(usize) -> String + Clone + Send + 'static,
    ) -> Load {
        Load::paced(server, writers, Duration::ZERO, statement)
    }

    /// As `with`, each writer with a pause after each commit: for long loads with which the replica
    /// keeps up.
    #[track_caller]
    pub fn paced(
        server: &Server,
        writers: usize,
        pause: Duration,
        statement: impl Fn(usize) -> String + Clone + Send + 'static,
    ) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let committed = Arc::new(AtomicU64::new(0));
        let start = |number: usize| {
            let mut conn = server.conn();
            let (stop, committed) = (stop.clone(), committed.clone());
            let statement = statement.clone();
            thread::spawn(move || write(&mut conn, &stop, &committed, pause, || statement(number)))
        };
        let writers = (0..writers).map(start).collect();
        Load {
            stop,
            committed,
            writers,
        }
    }

    /// Commits so far.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }

    /// Waits until `more` further commits have ended.
    #[track_caller]
    pub fn wait_progress(&self, more: u64) {
        let goal = self.committed() + more;
        wait_for(PATIENCE, &format!("{more} more commits"), || {
            let seen = self.committed();
            if seen >= goal {
                Ok(())
            } else {
                Err(format!("{} still to come", goal - seen))
            }
        });
    }

    /// Ends the writers, each after the statement that it is running.
    pub fn finish(self) -> Summary {
        self.stop.store(true, Ordering::Relaxed);
        let mut summary = Summary {
            committed: 0,
            ..Summary::default()
        };
        for writer in self.writers {
            let seen = writer.join().expect("a writer does not panic");
            summary.slowest = summary.slowest.max(seen.slowest);
            summary.errors.extend(seen.error);
        }
        summary.committed = self.committed.load(Ordering::Relaxed);
        summary
    }

    /// As `finish`; no writer may have seen an error.
    #[track_caller]
    pub fn finish_clean(self) -> Summary {
        let summary = self.finish();
        assert!(
            summary.errors.is_empty(),
            "writers failed: {:?}",
            summary.errors
        );
        summary
    }
}

fn write(
    conn: &mut Conn,
    stop: &AtomicBool,
    committed: &AtomicU64,
    pause: Duration,
    statement: impl Fn() -> String,
) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let begin = Instant::now();
        if let Err(error) = conn.query_drop(statement()) {
            seen.error = Some(error.to_string());
            break;
        }
        seen.slowest = seen.slowest.max(begin.elapsed());
        committed.fetch_add(1, Ordering::Relaxed);
        thread::sleep(pause);
    }
    seen
}

/// One statement on a connection of its own, in the background: a commit that waits.
pub struct Waiting {
    /// The connection's number in SHOW PROCESSLIST.
    pub connection: u32,
    begin: Instant,
    thread: JoinHandle<(mysql::Result<()>, Duration)>,
}

impl Waiting {
    #[track_caller]
    pub fn start(server: &Server, sql: &str) -> Waiting {
        Waiting::on(server.conn(), server.dialect().spell(sql))
    }

    /// As `start`, on a connection of the caller's.
    pub fn on(mut conn: Conn, sql: String) -> Waiting {
        let connection = conn.connection_id();
        let begin = Instant::now();
        let thread = thread::spawn(move || {
            let result = conn.query_drop(sql);
            (result, begin.elapsed())
        });
        Waiting {
            connection,
            begin,
            thread,
        }
    }

    /// An insert into the test table; returns when its session waits for acknowledgements.
    #[track_caller]
    pub fn insert(server: &Server, n: i64) -> Waiting {
        let waiting = Waiting::start(server, &format!("INSERT INTO {TABLE} (n) VALUES ({n})"));
        server.wait_state(waiting.connection, &server.names().waiting_state());
        waiting
    }

    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Whether the statement ends within `bound`.
    pub fn is_over_within(&self, bound: Duration) -> bool {
        let deadline = Instant::now() + bound;
        while !self.is_over() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        self.is_over()
    }

    /// Waits for the end of the statement, for `bound` at most. Returns its result and how long it
    /// took.
    #[track_caller]
    pub fn join_within(self, bound: Duration) -> (mysql::Result<()>, Duration) {
        wait_for(bound, "the end of a statement", || {
            let running = || format!("it runs for {:?}", self.begin.elapsed());
            if self.thread.is_finished() {
                Ok(())
            } else {
                Err(running())
            }
        });
        self.thread.join().expect("no panic in a statement")
    }

    /// As `join_within`; the statement must have succeeded.
    #[track_caller]
    pub fn done_within(self, bound: Duration) -> Duration {
        let (result, took) = self.join_within(bound);
        result.unwrap_or_else(|e| panic!("the statement failed: {e}"));
        took
    }
}
