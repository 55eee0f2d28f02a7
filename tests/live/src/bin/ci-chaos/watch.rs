//! Whether semi-sync was ON all the time while a client waited for its OK.
//!
//! With a short timeout semi-sync may go OFF, and an OK proves nothing then. So somebody looks at
//! the source all the time, and a commit counts only if the last look before it and the first look
//! after it saw semi-sync ON, and the same numbers of times that it went OFF and of commits that
//! nobody confirmed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;
use semisync_live_tests::{Names, Server, lock};

use crate::clients::connect;

const BETWEEN: Duration = Duration::from_millis(4);

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// It saw something of the time between these.
    pub asked: Instant,
    pub answered: Instant,
    pub on: bool,
    pub times_off: u64,
    pub unconfirmed: u64,
    /// Another connection: perhaps the server has started anew, with all numbers at zero.
    pub connection: u64,
}

pub struct Watch {
    looks: Arc<Mutex<Vec<Look>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

impl Watch {
    pub fn start(source: &Server) -> Watch {
        let looks = Arc::<Mutex<Vec<Look>>>::default();
        let over = Arc::<AtomicBool>::default();
        let (socket, names) = (source.socket(), source.names());
        let (seen, end) = (Arc::clone(&looks), Arc::clone(&over));
        let thread = thread::spawn(move || watch(&socket, names, &seen, &end));
        Watch {
            looks,
            over,
            thread: Some(thread),
        }
    }

    /// Ends it. The source is gone.
    pub fn finish(mut self) -> Vec<Look> {
        self.over.store(true, Ordering::SeqCst);
        let thread = self.thread.take();
        if let Some(thread) = thread {
            thread.join().expect("a watch does not panic");
        }
        let looks = lock(&self.looks);
        looks.clone()
    }
}

fn watch(socket: &Path, names: Names, looks: &Mutex<Vec<Look>>, over: &AtomicBool) {
    let mut connection = 0;
    while !over.load(Ordering::SeqCst) {
        connection += 1;
        let Ok(mut conn) = connect(socket) else {
            sleep(BETWEEN);
            continue;
        };
        while !over.load(Ordering::SeqCst) {
            let Ok(look) = look(&mut conn, names, connection) else {
                break;
            };
            lock(looks).push(look);
            sleep(BETWEEN);
        }
    }
}

fn look(conn: &mut Conn, names: Names, connection: u64) -> mysql::Result<Look> {
    let asked = Instant::now();
    let like = names.source_status("%");
    let rows: Vec<(String, String)> = conn.query(format!("SHOW GLOBAL STATUS LIKE '{like}'"))?;
    let answered = Instant::now();
    let value = |suffix: &str| {
        let name = names.source_status(suffix);
        let row = rows.iter().find(|(one, _)| *one == name);
        row.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    Ok(Look {
        asked,
        answered,
        on: value("status") == "ON",
        times_off: value("no_times").parse().unwrap_or(u64::MAX),
        unconfirmed: value("no_tx").parse().unwrap_or(u64::MAX),
        connection,
    })
}

/// Whether it was ON from `begin` to `end`. `looks` are in the order of time.
pub fn was_on(looks: &[Look], begin: Instant, end: Instant) -> bool {
    let before = looks.partition_point(|look| look.answered <= begin);
    let after = looks.partition_point(|look| look.asked < end);
    let (Some(before), Some(after)) = (before.checked_sub(1), looks.get(after)) else {
        return false;
    };
    let before = &looks[before];
    before.on
        && after.on
        && (before.times_off, before.unconfirmed, before.connection)
            == (after.times_off, after.unconfirmed, after.connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(all: &[(u64, bool, u64, u64)], zero: Instant) -> Vec<Look> {
        let look = |&(at, on, times_off, connection): &(u64, bool, u64, u64)| Look {
            asked: zero + Duration::from_millis(at),
            answered: zero + Duration::from_millis(at + 1),
            on,
            times_off,
            unconfirmed: 0,
            connection,
        };
        all.iter().map(look).collect()
    }

    #[test]
    fn a_commit_counts_only_between_two_looks_that_saw_the_same() {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let steady = looks(&[(0, true, 0, 1), (10, true, 0, 1), (20, true, 0, 1)], zero);
        assert!(was_on(&steady, at(2), at(9)));
        assert!(was_on(&steady, at(2), at(15)));
        // Nobody looked before, or after.
        assert!(!was_on(&steady, at(0), at(9)));
        assert!(!was_on(&steady, at(2), at(21)));
        // It went OFF and ON again between the looks.
        let flapped = looks(&[(0, true, 0, 1), (10, true, 1, 1)], zero);
        assert!(!was_on(&flapped, at(2), at(9)));
        let off = looks(&[(0, true, 0, 1), (10, false, 0, 1)], zero);
        assert!(!was_on(&off, at(2), at(9)));
        // A server that has started anew counts from zero.
        let another = looks(&[(0, true, 0, 1), (10, true, 0, 2)], zero);
        assert!(!was_on(&another, at(2), at(9)));
    }
}
