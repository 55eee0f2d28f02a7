//! How many servers may run at once, so that `cargo test` with its default threads does not thrash a small machine.
//!
//! A thread that already holds slots is never made to wait for more: otherwise two tests, each with its first server and
//! in need of a second, could wait for each other. Whoever needs several servers asks for all at once.

use std::cell::Cell;
use std::sync::{Condvar, Mutex, PoisonError};

const LIMIT: usize = 6;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

thread_local! {
    static HELD_HERE: Cell<usize> = const { Cell::new(0) };
}

/// One server's right to run; given back on drop.
pub struct Slot {
    owner: std::thread::ThreadId,
}

pub fn take(count: usize) -> Vec<Slot> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    while HELD_HERE.get() == 0 && *taken > 0 && *taken + count > LIMIT {
        taken = FREED.wait(taken).unwrap_or_else(PoisonError::into_inner);
    }
    *taken += count;
    HELD_HERE.set(HELD_HERE.get() + count);
    let owner = std::thread::current().id();
    (0..count).map(|_| Slot { owner }).collect()
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Dropped on another thread, the count of the taking thread stays too high: it then never waits, which is harmless.
        if std::thread::current().id() == self.owner {
            HELD_HERE.set(HELD_HERE.get().saturating_sub(1));
        }
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_all();
    }
}
