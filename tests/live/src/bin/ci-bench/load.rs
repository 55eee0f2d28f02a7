//! Clients of one side. Each is a thread with a connection of its own, and both stay between
//! slices, so that a slice begins without connecting. A client works when it is told to.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;
use semisync_live_tests::Server;
use semisync_live_tests::pair::TABLE;

use crate::turns::Figures;

/// When a slice begins to count, and when it ends.
#[derive(Clone, Copy)]
pub struct Window {
    pub settled: Instant,
    pub end: Instant,
}

impl Window {
    /// From now on: `settle` does not count yet, `length` does.
    pub fn opening(settle: Duration, length: Duration) -> Window {
        let settled = Instant::now() + settle;
        let end = settled + length;
        Window { settled, end }
    }

    pub fn length(&self) -> Duration {
        self.end - self.settled
    }
}

/// What one client saw in a slice.
struct Seen {
    /// Of the commits that ended in the window.
    latencies: Vec<Duration>,
    /// Of those too that ended after the window.
    longest: Duration,
    /// With those before and after the window.
    commits: u64,
}

/// The clients of one side.
pub struct Clients {
    orders: Vec<Sender<Window>>,
    seen: Receiver<Seen>,
    threads: Vec<JoinHandle<()>>,
}

/// What all clients saw.
pub struct Work {
    /// Of the commits that ended in the window, the shortest first.
    latencies: Vec<Duration>,
    longest: Duration,
    /// With those before and after the window.
    pub commits: u64,
    window: Window,
}

impl Clients {
    /// Connects `count` clients to `source`; they wait.
    pub fn connect(source: &Server, count: usize) -> Clients {
        let (answer, seen) = channel();
        let mut clients = Clients {
            orders: Vec::new(),
            seen,
            threads: Vec::new(),
        };
        for _ in 0..count {
            let (order, orders) = channel();
            let (conn, answer) = (source.conn(), answer.clone());
            clients.orders.push(order);
            clients
                .threads
                .push(thread::spawn(move || client(conn, &orders, &answer)));
        }
        clients
    }

    /// Lets all clients commit as fast as they are answered, until the window's end.
    pub fn work(&self, window: Window) -> Work {
        for order in &self.orders {
            order.send(window).expect("a client waits for orders");
        }
        let mut work = Work {
            latencies: Vec::new(),
            longest: Duration::ZERO,
            commits: 0,
            window,
        };
        for _ in &self.orders {
            let seen = self.seen.recv().expect("a client answers");
            work.latencies.extend(seen.latencies);
            work.longest = work.longest.max(seen.longest);
            work.commits += seen.commits;
        }
        work.latencies.sort_unstable();
        work
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.orders.clear();
        for thread in self.threads.drain(..) {
            // A client that failed has said so by its panic.
            let _ = thread.join();
        }
    }
}

impl Work {
    /// The longest commit that began in the window, whenever it ended.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Throughput and latencies; without a commit in the window all of them are 0.
    pub fn figures(&self) -> Figures {
        let count = self.latencies.len() as f64;
        let total: Duration = self.latencies.iter().sum();
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let at = |percent: usize| {
            let place = self.latencies.len() * percent / 100;
            self.latencies.get(place).copied().map_or(0.0, us)
        };
        let pairs = [
            ("tx_per_second", count / self.window.length().as_secs_f64()),
            ("mean_us", us(total) / count.max(1.0)),
            ("p50_us", at(50)),
            ("p99_us", at(99)),
        ];
        pairs.map(|(key, value)| (key.to_owned(), value)).into()
    }
}

/// The transaction of all clients: one small row.
pub fn insert(table: &str) -> String {
    format!("INSERT INTO {table} (n, body) VALUES (1, REPEAT('b', 100))")
}

fn client(mut conn: Conn, orders: &Receiver<Window>, answer: &Sender<Seen>) {
    let sql = insert(TABLE);
    for window in orders {
        let mut seen = Seen {
            latencies: Vec::new(),
            longest: Duration::ZERO,
            commits: 0,
        };
        let mut begin = Instant::now();
        while begin < window.end {
            conn.query_drop(&sql).expect("a commit");
            let end = Instant::now();
            seen.commits += 1;
            if end >= window.settled {
                seen.longest = seen.longest.max(end - begin);
            }
            if end >= window.settled && end < window.end {
                seen.latencies.push(end - begin);
            }
            begin = end;
        }
        if answer.send(seen).is_err() {
            return;
        }
    }
}
