//! What is counted for the status variables outside of the coordinator.
//!
//! Five counters the server reads by itself, and `FLUSH STATUS` sets them to 0, as stock's.
//! The waits are counted by the sessions that have waited, without a lock.

use crate::wait_histogram::WaitHistogram;
use semisync_core::{Outcome, Stats};
use semisync_server::MonotonicMicros;
use std::sync::atomic::{AtomicU64, Ordering};

pub static YES_TX: AtomicU64 = AtomicU64::new(0);
pub static NO_TX: AtomicU64 = AtomicU64::new(0);
pub static NO_TIMES: AtomicU64 = AtomicU64::new(0);
pub static TIMEFUNC_FAILURES: AtomicU64 = AtomicU64::new(0);
pub static WAIT_POS_BACKTRAVERSE: AtomicU64 = AtomicU64::new(0);

/// Transactions that were confirmed when their clients were told OK, while the operator's plugin is
/// installed. One for each transaction, also of a group, unlike `YES_TX` at AFTER_SYNC.
pub static CONFIRMED_TX: AtomicU64 = AtomicU64::new(0);
/// The others: committed here, perhaps nowhere else.
pub static UNCONFIRMED_TX: AtomicU64 = AtomicU64::new(0);
/// Transactions that were refused before they were written.
pub static REFUSED_TX: AtomicU64 = AtomicU64::new(0);
/// Acknowledgements that were not believed, of all connections.
pub static ACKS_REFUSED: AtomicU64 = AtomicU64::new(0);

/// Counts a transaction whose client is about to be told OK.
pub fn count_transaction(is_confirmed: bool) {
    let counter = if is_confirmed {
        &CONFIRMED_TX
    } else {
        &UNCONFIRMED_TX
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A new installation.
pub fn forget_transactions() {
    for counter in [&CONFIRMED_TX, &UNCONFIRMED_TX, &REFUSED_TX, &ACKS_REFUSED] {
        counter.store(0, Ordering::Relaxed);
    }
}

/// Carries what was counted since `before` over to the counters; they begin
/// anew where the coordinator has begun anew.
pub fn publish(before: &Stats, now: &Stats) {
    for (counter, before, now) in [
        (&YES_TX, before.yes_tx, now.yes_tx),
        (&NO_TX, before.no_tx, now.no_tx),
        (&NO_TIMES, before.no_times, now.no_times),
        (
            &TIMEFUNC_FAILURES,
            before.timefunc_failures,
            now.timefunc_failures,
        ),
        (
            &WAIT_POS_BACKTRAVERSE,
            before.wait_pos_backtraverse,
            now.wait_pos_backtraverse,
        ),
    ] {
        if now > before {
            counter.fetch_add(now - before, Ordering::Relaxed);
        } else if now < before {
            counter.store(now, Ordering::Relaxed);
        }
    }
}

/// How many waits have ended, and how long they were, from the wish to wait until the
/// session went on. Whoever timed out counts no wait, as in stock's commitTrx.
pub struct Waits {
    /// Counts the resets: what began before the last one is not counted.
    era: AtomicU64,
    ended: AtomicU64,
    micros: AtomicU64,
    /// All waits, also those that stock does not count, until their session was released.
    pub histogram: WaitHistogram,
}

pub static WAITS: Waits = Waits::new();

/// A wait that goes on.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// Microseconds of the monotonic clock.
    pub since: u64,
    era: u64,
}

impl Waits {
    const fn new() -> Self {
        Self {
            era: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            micros: AtomicU64::new(0),
            histogram: WaitHistogram::new(),
        }
    }

    pub fn begin(&self) -> Wait {
        Wait {
            since: MonotonicMicros::now(),
            era: self.era.load(Ordering::Acquire),
        }
    }

    /// The session goes on. Its own thread, unless it timed out.
    pub fn end(&self, wait: &Wait) {
        if self.counts(wait) {
            let micros = MonotonicMicros::now().saturating_sub(wait.since);
            self.micros.fetch_add(micros, Ordering::Relaxed);
            self.ended.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The session was released at `now`, however its wait ends. Whoever releases it.
    pub fn on_release(&self, wait: &Wait, outcome: Outcome, now: u64) {
        if self.counts(wait) {
            self.histogram.add(now.saturating_sub(wait.since), outcome);
        }
    }

    /// Whether the wait began after the last reset.
    fn counts(&self, wait: &Wait) -> bool {
        wait.era == self.era.load(Ordering::Acquire)
    }

    pub fn clear(&self) {
        self.era.fetch_add(1, Ordering::AcqRel);
        self.histogram.clear();
        self.ended.store(0, Ordering::Relaxed);
        self.micros.store(0, Ordering::Relaxed);
    }

    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    /// Microseconds of all waits together.
    pub fn micros(&self) -> u64 {
        self.micros.load(Ordering::Relaxed)
    }

    /// Microseconds of one wait.
    pub fn average(&self) -> u64 {
        self.micros().checked_div(self.ended()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_until_its_session_goes_on_unless_a_reset_came_between() {
        let waits = Waits::new();
        assert_eq!(waits.average(), 0);
        let wait = waits.begin();
        std::thread::sleep(std::time::Duration::from_millis(2));
        waits.end(&wait);
        assert!(waits.ended() == 1 && waits.micros() >= 2000);
        assert_eq!(waits.average(), waits.micros());
        let wait = waits.begin();
        waits.clear();
        waits.on_release(&wait, Outcome::Asynchronous, MonotonicMicros::now());
        waits.end(&wait);
        assert_eq!((waits.ended(), waits.micros()), (0, 0));
        assert_eq!(waits.histogram.rounded().unconfirmed, 0);
    }

    #[test]
    fn a_release_counts_however_the_wait_ends() {
        let waits = Waits::new();
        let wait = waits.begin();
        waits.on_release(&wait, Outcome::Acknowledged, wait.since + 300);
        waits.on_release(&wait, Outcome::Asynchronous, wait.since + 5);
        let rounded = waits.histogram.rounded();
        assert_eq!((rounded.all, rounded.sum, rounded.unconfirmed), (1, 300, 1));
        assert_eq!(waits.ended(), 0);
    }

    #[test]
    fn flushed_counters_go_on_from_zero_and_a_reset_clears_them() {
        let counted = |yes_tx| Stats {
            yes_tx,
            ..Stats::default()
        };
        publish(&counted(0), &counted(7));
        assert_eq!(YES_TX.load(Ordering::Relaxed), 7);
        YES_TX.store(0, Ordering::Relaxed); // FLUSH STATUS
        publish(&counted(7), &counted(8));
        assert_eq!(YES_TX.load(Ordering::Relaxed), 1);
        publish(&counted(8), &counted(0)); // RESET
        assert_eq!(YES_TX.load(Ordering::Relaxed), 0);
    }
}
