//! How long sessions have waited: in the server's buckets for the table, and in few buckets with
//! round limits for exporters. Counted without a lock by whoever ends a wait.

use semisync_core::{BUCKETS, Histogram, Outcome, bucket_of};
use std::sync::atomic::{AtomicU64, Ordering};

/// The limits of the status rows, in microseconds. A wait counts up to and including the limit,
/// as Prometheus wants it.
pub const LIMITS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// The waits, told apart by how they ended.
pub struct WaitHistogram {
    acknowledged: Counts,
    unconfirmed: Counts,
    /// Acknowledged waits by [`LIMITS`], not cumulative; the last are those beyond all limits.
    rounded: [AtomicU64; LIMITS.len() + 1],
    /// Microseconds of all acknowledged waits together.
    sum: AtomicU64,
}

struct Counts {
    buckets: [AtomicU64; BUCKETS],
    max: AtomicU64,
}

/// What the status rows show of the waits that ended by acknowledgement, and how many did not.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RoundedWaits {
    /// How many waits were no longer than each of [`LIMITS`].
    pub up_to: [u64; LIMITS.len()],
    pub all: u64,
    /// Microseconds of all together.
    pub sum: u64,
    /// Waits that ended without acknowledgement: by timeout, KILL, release, or because semi-sync
    /// went OFF.
    pub unconfirmed: u64,
}

/// A copy, for the table.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct WaitHistograms {
    pub acknowledged: Histogram,
    pub unconfirmed: Histogram,
}

impl WaitHistogram {
    pub const fn new() -> Self {
        Self {
            acknowledged: Counts::new(),
            unconfirmed: Counts::new(),
            rounded: [const { AtomicU64::new(0) }; LIMITS.len() + 1],
            sum: AtomicU64::new(0),
        }
    }

    /// A wait has ended after `micros`.
    pub fn add(&self, micros: u64, outcome: Outcome) {
        match outcome {
            Outcome::Asynchronous => self.unconfirmed.add(micros),
            Outcome::Acknowledged => {
                self.acknowledged.add(micros);
                let limit = LIMITS.partition_point(|limit| *limit < micros);
                if let Some(count) = self.rounded.get(limit) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                self.sum.fetch_add(micros, Ordering::Relaxed);
            }
        }
    }

    /// The log begins anew.
    pub fn clear(&self) {
        self.acknowledged.clear();
        self.unconfirmed.clear();
        for count in self.rounded.iter().chain([&self.sum]) {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// For the status rows: their counts are of one moment, so they ascend.
    pub fn rounded(&self) -> RoundedWaits {
        let mut so_far = 0;
        let mut cumulative = self.rounded.iter().map(|count| {
            so_far += count.load(Ordering::Relaxed);
            so_far
        });
        let up_to = std::array::from_fn(|_| cumulative.next().unwrap_or_default());
        RoundedWaits {
            up_to,
            all: cumulative.next().unwrap_or_default(),
            sum: self.sum.load(Ordering::Relaxed),
            unconfirmed: self.unconfirmed.copy().total(),
        }
    }

    /// For the table.
    pub fn copy(&self) -> WaitHistograms {
        WaitHistograms {
            acknowledged: self.acknowledged.copy(),
            unconfirmed: self.unconfirmed.copy(),
        }
    }
}

impl Counts {
    const fn new() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            max: AtomicU64::new(0),
        }
    }

    fn add(&self, micros: u64) {
        if let Some(count) = self.buckets.get(bucket_of(micros)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        // Rarely a write.
        if self.max.load(Ordering::Relaxed) < micros {
            self.max.fetch_max(micros, Ordering::Relaxed);
        }
    }

    fn clear(&self) {
        for count in self.buckets.iter().chain([&self.max]) {
            count.store(0, Ordering::Relaxed);
        }
    }

    fn copy(&self) -> Histogram {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = self.buckets.each_ref().map(load);
        Histogram::of(counts, load(&self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_in_all_limits_from_its_own_on() {
        let waits = WaitHistogram::new();
        for micros in [0, 100, 101, 1_000_000, 10_000_000, 10_000_001] {
            waits.add(micros, Outcome::Acknowledged);
        }
        let rounded = waits.rounded();
        assert_eq!(rounded.up_to[..3], [2, 3, 3]);
        assert_eq!(rounded.up_to[11..], [3, 4, 4, 4, 5]);
        assert_eq!((rounded.all, rounded.sum), (6, 21_000_202));
        assert_eq!(rounded.unconfirmed, 0);
    }

    #[test]
    fn waits_are_told_apart_by_their_end_and_a_new_log_has_none() {
        let waits = WaitHistogram::new();
        waits.add(700, Outcome::Acknowledged);
        waits.add(9000, Outcome::Asynchronous);
        waits.add(9001, Outcome::Asynchronous);
        let copy = waits.copy();
        assert_eq!(copy.acknowledged.total(), 1);
        assert_eq!(copy.acknowledged.max(), Some(700));
        assert_eq!(copy.unconfirmed.total(), 2);
        assert_eq!(copy.unconfirmed.percentile(100), Some(9001));
        assert_eq!((waits.rounded().all, waits.rounded().unconfirmed), (1, 2));
        waits.clear();
        assert_eq!(waits.copy(), WaitHistograms::default());
        assert_eq!(waits.rounded(), RoundedWaits::default());
    }
}
