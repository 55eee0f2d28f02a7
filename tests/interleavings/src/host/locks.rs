//! The server's own locks.

use semisync_interleaved::On;
use semisync_interleaved::{Mutex, block, step, wake_all};
use std::cell::Cell;

/// Something to sleep on, and the lock around what is waited for.
pub struct Monitor<T> {
    value: Mutex<T>,
}

impl<T> Monitor<T> {
    pub const fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
        }
    }

    /// Changes the value and has those who wait look again.
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.value.lock();
        let result = change(&mut value);
        wake_all(self.on());
        result
    }

    /// Waits until `look` finds what it looks for.
    pub fn wait<R>(&self, mut look: impl FnMut(&mut T) -> Option<R>) -> R {
        loop {
            // Between the look and the sleep nobody steps.
            let mut value = self.value.lock();
            if let Some(found) = look(&mut value) {
                return found;
            }
            drop(value);
            block(self.on(), None);
        }
    }

    fn on(&self) -> On {
        On("a monitor of the server", (&raw const self.value).addr())
    }
}

/// A lock of readers and writers: of a delegate (sql/rpl_handler.h). Readers come first.
#[derive(Default)]
pub struct ReadWrite {
    /// Readers; -1: a writer.
    holders: Cell<i32>,
}

// SAFETY: tasks run in one thread of the system, one at a time between two steps.
unsafe impl Sync for ReadWrite {}

impl ReadWrite {
    pub const fn new() -> Self {
        Self {
            holders: Cell::new(0),
        }
    }

    pub fn read<R>(&self, body: impl FnOnce() -> R) -> R {
        step();
        while self.holders.get() < 0 {
            block(self.on(), None);
        }
        self.holders.set(self.holders.get() + 1);
        let result = body();
        self.holders.set(self.holders.get() - 1);
        wake_all(self.on());
        result
    }

    pub fn write<R>(&self, body: impl FnOnce() -> R) -> R {
        step();
        while self.holders.get() != 0 {
            block(self.on(), None);
        }
        self.holders.set(-1);
        let result = body();
        self.holders.set(0);
        wake_all(self.on());
        result
    }

    fn on(&self) -> On {
        On("a delegate's lock", (&raw const self.holders).addr())
    }
}
