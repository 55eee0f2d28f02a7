//! Connections that have nothing to do with replication: they come, ask, check every byte of the
//! answer, and go.
//!
//! What they open gets the descriptor numbers that others have just closed. So they notice a thread
//! that reads from, or writes to, a connection that is not its own any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mysql::prelude::Queryable;

use crate::server::Server;

pub struct Strangers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Strangers {
    /// `count` of them, each with one connection after the other.
    pub fn visit(server: &Server, count: usize) -> Strangers {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |_| {
            let opts = server.client_options();
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                let mut visits = 0;
                while !stop.load(Ordering::Relaxed) {
                    let seen = visit(opts.clone());
                    seen.unwrap_or_else(|e| panic!("a stranger's connection was disturbed: {e}"));
                    visits += 1;
                    thread::sleep(Duration::from_millis(1));
                }
                visits
            })
        };
        let threads = (0..count).map(start).collect();
        Strangers { stop, threads }
    }

    /// Ends them. Returns how many connections there were. Fails if one of them was disturbed.
    #[track_caller]
    pub fn leave(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let visits = |thread: JoinHandle<u64>| thread.join().expect("no stranger was disturbed");
        self.threads.into_iter().map(visits).sum()
    }
}

fn visit(opts: mysql::OptsBuilder) -> mysql::Result<()> {
    let mut conn = mysql::Conn::new(opts)?;
    for length in [1, 100, 20_000] {
        let answer: Option<(String, u32)> =
            conn.query_first(format!("SELECT REPEAT('x', {length}), CONNECTION_ID()"))?;
        let expected = ("x".repeat(length), conn.connection_id());
        assert!(answer == Some(expected), "another answer came back");
    }
    Ok(())
}
