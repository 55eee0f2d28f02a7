//! How long things took, counted in buckets. The buckets are those of the server's statement
//! histograms (`events_statements_histogram_global`), so that the same queries serve for both:
//! storage/perfschema/pfs_histogram.cc and time_normalizer::bucket_index in pfs_timer.cc.
//!
//! A bucket holds times from its lower limit up to below its upper limit. From 10 microseconds
//! on, fifty buckets are a factor of ten, so a percentile is right to 4.8 percent. Times are
//! counted in microseconds; only the limits are in picoseconds, as the server has them.

/// How many buckets there are.
pub const BUCKETS: usize = 450;

const PICOS_IN_A_MICRO: u64 = 1_000_000;

/// Where the buckets begin, in picoseconds; the last number is the end of the last bucket.
static LIMITS: [u64; BUCKETS + 1] = limits();

/// As PFS_histogram_timers::init: the same products of the same doubles, in the same order.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the server cuts the fraction off; the greatest number is 2^53"
)]
const fn limits() -> [u64; BUCKETS + 1] {
    let mut limits = [0; BUCKETS + 1];
    let mut limit = 10_000_000.0_f64;
    let mut bucket = 1;
    while bucket < BUCKETS {
        limits[bucket] = limit as u64;
        limit *= 1.047_128_548_050_899_6;
        bucket += 1;
    }
    limits[BUCKETS] = u64::MAX;
    limits
}

/// The bucket of a time in microseconds.
pub fn bucket_of(micros: u64) -> usize {
    let picos = micros.saturating_mul(PICOS_IN_A_MICRO);
    let not_above = LIMITS.partition_point(|limit| *limit <= picos);
    not_above.saturating_sub(1).min(BUCKETS - 1)
}

/// From where to where a bucket goes, in picoseconds: BUCKET_TIMER_LOW and BUCKET_TIMER_HIGH.
/// The last bucket has no end. None: there is no such bucket.
pub fn bucket_limits(bucket: usize) -> Option<(u64, u64)> {
    Some((*LIMITS.get(bucket)?, *LIMITS.get(bucket + 1)?))
}

/// How many times fell into each bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    /// The longest time, in microseconds.
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::of([0; BUCKETS], 0)
    }
}

impl Histogram {
    /// What was counted elsewhere. `max`: the longest time, in microseconds.
    pub fn of(counts: [u64; BUCKETS], max: u64) -> Self {
        Self { counts, max }
    }

    /// Counts one more time. Allocates nothing.
    pub fn add(&mut self, micros: u64) {
        if let Some(count) = self.counts.get_mut(bucket_of(micros)) {
            *count = count.saturating_add(1);
        }
        self.max = self.max.max(micros);
    }

    pub fn counts(&self) -> &[u64; BUCKETS] {
        &self.counts
    }

    /// How many times were counted.
    pub fn total(&self) -> u64 {
        let counts = self.counts.iter();
        counts.fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The longest time, in microseconds. None: nothing was counted.
    pub fn max(&self) -> Option<u64> {
        self.counts
            .iter()
            .any(|count| *count > 0)
            .then_some(self.max)
    }

    /// The time, in microseconds, that so many percent of all times do not exceed: the upper
    /// limit of a bucket, as in the server's QUANTILE columns, and never more than the longest
    /// time. None: nothing was counted.
    pub fn percentile(&self, percent: u8) -> Option<u64> {
        let total = u128::from(self.total());
        let wanted = (total * u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut so_far: u128 = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            so_far += u128::from(*count);
            if so_far >= wanted {
                let (_, high) = bucket_limits(bucket)?;
                return Some(high.div_ceil(PICOS_IN_A_MICRO).min(self.max));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*, test_runner::Config};

    /// What MySQL 9.7.4 shows in `events_statements_histogram_global`.
    #[test]
    fn the_buckets_are_the_servers() {
        for (bucket, low, high) in [
            (0, 0, 10_000_000),
            (1, 10_000_000, 10_471_285),
            (2, 10_471_285, 10_964_781),
            (51, 100_000_000, 104_712_854),
            (101, 1_000_000_000, 1_047_128_548),
            (449, 9_120_108_393_559_408, u64::MAX),
        ] {
            assert_eq!(bucket_limits(bucket), Some((low, high)), "{bucket}");
        }
        assert_eq!(bucket_limits(BUCKETS), None);
        assert!(LIMITS.is_sorted());
    }

    #[test]
    fn a_limit_belongs_to_the_bucket_that_begins_there() {
        for (micros, bucket) in [
            (0, 0),
            (9, 0),
            (10, 1),
            (11, 3),
            (99, 50),
            (100, 51),
            (1000, 101),
            (u64::MAX, 449),
        ] {
            assert_eq!(bucket_of(micros), bucket, "{micros}");
        }
    }

    #[test]
    fn an_empty_histogram_has_no_percentiles() {
        let histogram = Histogram::default();
        assert_eq!(histogram.percentile(50), None);
        assert_eq!((histogram.max(), histogram.total()), (None, 0));
    }

    #[test]
    fn a_percentile_of_one_time_is_that_time() {
        let mut histogram = Histogram::default();
        histogram.add(1234);
        for percent in [0, 50, 99, 100, 255] {
            assert_eq!(histogram.percentile(percent), Some(1234), "{percent}");
        }
        assert_eq!(histogram.max(), Some(1234));
        histogram = Histogram::default();
        histogram.add(0);
        assert_eq!(
            (histogram.percentile(99), histogram.max()),
            (Some(0), Some(0))
        );
    }

    proptest! {
        #![proptest_config(Config {
            cases: if cfg!(miri) { 4 } else { 256 },
            failure_persistence: None,
            ..Config::default()
        })]

        #[test]
        fn a_time_lies_within_its_bucket(micros in 0..u64::MAX / PICOS_IN_A_MICRO) {
            let (low, high) = bucket_limits(bucket_of(micros)).unwrap();
            let picos = micros * PICOS_IN_A_MICRO;
            prop_assert!(low <= picos && picos < high);
        }

        /// Against all times, sorted: the percentile is no smaller than the true one, and
        /// greater by no more than the width of a bucket.
        #[test]
        fn a_percentile_is_right_to_a_bucket(
            times in vec(prop_oneof![0..30_u64, 0..3_000_000_000_u64], 1..80),
            percent in 1..=100_u8,
        ) {
            let mut histogram = Histogram::default();
            for time in &times {
                histogram.add(*time);
            }
            let mut sorted = times;
            sorted.sort_unstable();
            let rank = (sorted.len() * usize::from(percent)).div_ceil(100).max(1);
            let naive = sorted[rank - 1];
            let found = histogram.percentile(percent).unwrap();
            prop_assert!(found >= naive && found <= naive.max(10) * 1048 / 1000 + 1);
            prop_assert!(found <= *sorted.last().unwrap());
            prop_assert_eq!(histogram.total(), u64::try_from(sorted.len()).unwrap());
            prop_assert_eq!(histogram.max(), sorted.last().copied());
        }
    }
}
