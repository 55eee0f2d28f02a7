//! When the coordinator wants to be told the time, and the thread that watches that.
//!
//! The receiver of acknowledgements watches: it runs for as long as semi-sync is enabled.

use semisync_server::{
    MonotonicMicros, Poller,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use std::{sync::Arc, time::Duration};

/// No time.
const NEVER: u64 = u64::MAX;

pub struct Alarm {
    /// Microseconds of the monotonic clock.
    at: AtomicU64,
    /// What the thread sleeps on. The lock is held for a copy.
    watcher: Mutex<Option<Arc<Poller>>>,
}

impl Default for Alarm {
    fn default() -> Self {
        Self {
            at: AtomicU64::new(NEVER),
            watcher: Mutex::default(),
        }
    }
}

impl Alarm {
    /// true: it rings earlier than before, so the thread must be woken. No lock.
    pub fn set(&self, at: Option<u64>) -> bool {
        let at = at.unwrap_or(NEVER);
        at < self.at.swap(at, Ordering::AcqRel)
    }

    /// How long the thread may sleep. None: until it is woken. No lock.
    pub fn left(&self) -> Option<Duration> {
        let at = self.at.load(Ordering::Acquire);
        let left = || Duration::from_micros(at.saturating_sub(MonotonicMicros::now()));
        (at != NEVER).then(left)
    }

    /// Whether the time has come. No lock.
    pub fn is_due(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// None: the thread ends. A thread that has begun already is woken if there is a time: it may
    /// have looked before it could be woken.
    pub fn watch(&self, watcher: Option<Arc<Poller>>) {
        *self.watcher.lock() = watcher;
        if self.left().is_some() {
            self.wake();
        }
    }

    /// Has the thread look at the alarm anew.
    pub fn wake(&self) {
        let watcher = self.watcher.lock().clone();
        if let Some(watcher) = watcher {
            watcher.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use semisync_server::Ready;

    #[test]
    fn a_thread_that_sleeps_for_ever_is_woken_for_an_earlier_time() {
        let alarm = Alarm::default();
        let poller = Arc::new(Poller::new().unwrap());
        alarm.watch(Some(Arc::clone(&poller)));
        assert_eq!(alarm.left(), None);
        assert!(alarm.set(Some(MonotonicMicros::now())));
        alarm.wake();
        poller.wait(&mut Ready::default(), None).unwrap();
        assert!(alarm.is_due());
        assert!(!alarm.set(Some(u64::MAX - 1)), "later");
        assert!(!alarm.is_due());
        assert!(!alarm.set(None));
        assert!(!alarm.is_due());
    }
}
