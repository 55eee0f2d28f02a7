//! When commit groups were flushed, so that a delay can be told in time: how long an
//! acknowledgement took, and how old it is what a replica has not acknowledged. The idea is
//! PostgreSQL's (LagTrackerWrite and LagTrackerRead in walsender.c), with one record for all
//! replicas.
//!
//! The times of the newest 8192 groups are known exactly. Of older groups every 16th is kept,
//! then every 256th, and so on: a replica that is stuck for hours must not seem to lag by what
//! the newest groups span. A lag that began with an old group is told a little too short, by at
//! most a sixtieth.
//!
//! Times are microseconds of a monotonic clock, which the caller reads.

use crate::position::Position;
use std::collections::VecDeque;

/// How many of the newest groups are known exactly.
const EXACT: usize = 8192;
/// How many groups each coarser level keeps. The level before must cover more than one step of
/// this one, so this is more than [`STRIDE`].
const COARSE: usize = 1024;
/// A level keeps one group of so many of the level before.
const STRIDE: u64 = 16;
const LEVELS: usize = 6;

/// The ends of commit groups, and when they were flushed.
#[derive(Debug)]
pub struct FlushTimes {
    /// From fine to coarse. In each, positions and times ascend.
    levels: [Level; LEVELS],
    /// How many groups there were.
    groups: u64,
}

#[derive(Debug)]
struct Level {
    groups: VecDeque<(Position, u64)>,
    size: usize,
    /// Every which group is kept.
    stride: u64,
}

impl Default for FlushTimes {
    fn default() -> Self {
        Self::with_sizes(EXACT, COARSE)
    }
}

impl FlushTimes {
    fn with_sizes(exact: usize, coarse: usize) -> Self {
        let mut stride = 1;
        let levels = std::array::from_fn(|level| {
            let size = if level == 0 { exact } else { coarse };
            let new = Level {
                groups: VecDeque::with_capacity(size),
                size,
                stride,
            };
            stride *= STRIDE;
            new
        });
        Self { levels, groups: 0 }
    }

    /// A commit group that ends at `end` was flushed at `now`. Allocates nothing. A log that
    /// goes back is another log.
    pub fn on_flush(&mut self, end: Position, now: u64) {
        let newest = self.newest();
        if newest.is_some_and(|(newest, _)| newest >= end) {
            self.clear();
        }
        // Times ascend, or they could not be searched.
        let now = newest.map_or(now, |(_, time)| now.max(time));
        for level in &mut self.levels {
            if !self.groups.is_multiple_of(level.stride) {
                break;
            }
            if level.groups.len() >= level.size {
                level.groups.pop_front();
            }
            level.groups.push_back((end, now));
        }
        self.groups += 1;
    }

    /// The log was reset, or nobody watched it.
    pub fn clear(&mut self) {
        for level in &mut self.levels {
            level.groups.clear();
        }
        self.groups = 0;
    }

    /// How long it took until an acknowledgement of `at` came, at `now`: since the newest group
    /// was flushed that ends no later. None: no such group is known.
    pub fn ack_took(&self, at: Position, now: u64) -> Option<u64> {
        let covers = |level: &&Level| level.oldest().is_some_and(|(oldest, _)| oldest <= at);
        let level = self.levels.iter().find(covers)?;
        let (_, time) = level.groups.get(level.after(at).checked_sub(1)?)?;
        Some(now.saturating_sub(*time))
    }

    /// For how long the oldest group has been there that ends behind `acked`, at `now`: the lag
    /// of a replica that has everything up to `acked`. None: there is no such group.
    pub fn lag(&self, acked: Option<Position>, now: u64) -> Option<u64> {
        let mut first = None;
        for level in &self.levels {
            let next = acked.map_or(0, |acked| level.after(acked));
            // The coarser levels may know an older one, unless this one knows what is before.
            if let Some((_, time)) = level.groups.get(next) {
                first = Some(*time);
            }
            if next > 0 {
                break;
            }
        }
        first.map(|time| now.saturating_sub(time))
    }

    fn newest(&self) -> Option<(Position, u64)> {
        let [exact, ..] = &self.levels;
        exact.groups.back().copied()
    }
}

impl Level {
    fn oldest(&self) -> Option<(Position, u64)> {
        self.groups.front().copied()
    }

    /// How many groups end at `at` or before. Looks at the newest first, which is what is asked
    /// for mostly, in steps that double.
    fn after(&self, at: Position) -> usize {
        let is_behind = |index: usize| self.groups.get(index).is_some_and(|(end, _)| *end > at);
        let (mut low, mut high, mut step) = (0, self.groups.len(), 1);
        while let Some(index) = high.checked_sub(step) {
            if !is_behind(index) {
                low = index + 1;
                break;
            }
            (high, step) = (index, step * 2);
        }
        while low < high {
            let middle = low.midpoint(high);
            if is_behind(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*, test_runner::Config};

    fn at(offset: u64) -> Position {
        Position { file: 1, offset }
    }

    #[test]
    fn an_acknowledgement_takes_as_long_as_its_group_has_been_flushed() {
        let mut times = FlushTimes::default();
        assert_eq!(times.ack_took(at(100), 50), None);
        assert_eq!(times.lag(None, 50), None);
        for (end, now) in [(100, 1000), (200, 1300), (300, 1700)] {
            times.on_flush(at(end), now);
        }
        assert_eq!(times.ack_took(at(99), 2000), None, "nobody saw its flush");
        assert_eq!(times.ack_took(at(100), 2000), Some(1000));
        assert_eq!(times.ack_took(at(250), 2000), Some(700));
        assert_eq!(times.ack_took(at(900), 2000), Some(300));
    }

    #[test]
    fn the_lag_is_the_age_of_the_first_group_that_is_missing() {
        let mut times = FlushTimes::default();
        for (end, now) in [(100, 1000), (200, 1300), (300, 1700)] {
            times.on_flush(at(end), now);
        }
        assert_eq!(times.lag(None, 2000), Some(1000));
        assert_eq!(times.lag(Some(at(99)), 2000), Some(1000));
        assert_eq!(times.lag(Some(at(100)), 2000), Some(700));
        assert_eq!(times.lag(Some(at(200)), 2000), Some(300));
        assert_eq!(times.lag(Some(at(300)), 2000), None, "nothing is missing");
    }

    #[test]
    fn a_replica_that_is_stuck_lags_on_however_many_commits_come() {
        let mut times = FlushTimes::default();
        // A commit each millisecond, for a quarter of an hour and more.
        const COMMITS: u64 = if cfg!(miri) { 40_000 } else { 1_000_000 };
        for commit in 1..=COMMITS {
            times.on_flush(at(commit), commit * 1000);
        }
        let now = COMMITS * 1000;
        for missing in [
            1,
            8191,
            8192,
            8300,
            16_500,
            20_000,
            COMMITS / 2,
            COMMITS - 1,
        ] {
            let lag = times.lag(Some(at(COMMITS - missing)), now).unwrap();
            let truth = (missing - 1) * 1000;
            assert!(
                lag <= truth && lag >= truth - truth / 60,
                "{missing}: {lag}"
            );
            assert!(lag == truth || missing > 8191, "{missing}: {lag}");
        }
        let lag = times.lag(None, now).unwrap();
        assert!(lag > (COMMITS - COMMITS / 60) * 1000, "{lag}");
    }

    #[test]
    fn a_log_that_goes_back_is_another_log() {
        let mut times = FlushTimes::default();
        times.on_flush(at(100), 10);
        times.on_flush(at(100), 20);
        assert_eq!(times.lag(None, 50), Some(30));
        times.clear();
        assert_eq!(times.lag(None, 50), None);
        times.on_flush(at(7), 40);
        assert_eq!(times.lag(None, 50), Some(10));
    }

    #[test]
    fn nothing_is_allocated_once_it_is_there() {
        let mut times = FlushTimes::default();
        let room = |times: &FlushTimes| -> Vec<_> {
            let levels = times.levels.iter();
            levels.map(|level| level.groups.capacity()).collect()
        };
        let before = room(&times);
        for commit in 1..20_000 {
            times.on_flush(at(commit), commit);
        }
        assert_eq!(room(&times), before);
    }

    proptest! {
        #![proptest_config(Config {
            cases: if cfg!(miri) { 4 } else { 128 },
            failure_persistence: None,
            ..Config::default()
        })]

        /// Against a list of all groups. A small record overflows into all its levels.
        #[test]
        fn what_is_said_is_exact_for_new_groups_and_no_more_than_the_truth_for_old_ones(
            steps in vec((1..3_u64, 0..50_u64), 0..3000),
            asked in vec(0..7000_u64, 1..20),
        ) {
            const SIZE: usize = 32;
            let mut times = FlushTimes::with_sizes(SIZE, SIZE);
            let mut all = Vec::new();
            let (mut end, mut now) = (0, 0);
            for (bytes, pause) in steps {
                (end, now) = (end + bytes, now + pause);
                times.on_flush(at(end), now);
                all.push((end, now));
            }
            let exactly_known = all.len().checked_sub(SIZE).map(|old| all[old].0);
            for acked in asked {
                let missing = all.iter().find(|(end, _)| *end > acked);
                let truth = missing.map(|(_, time)| now - time);
                let lag = times.lag(Some(at(acked)), now);
                prop_assert_eq!(lag.is_some(), truth.is_some());
                prop_assert!(lag <= truth);
                let last = all.iter().rfind(|(end, _)| *end <= acked);
                let truth_took = last.map(|(_, time)| now - time);
                let took = times.ack_took(at(acked), now);
                prop_assert_eq!(took.is_some(), truth_took.is_some());
                prop_assert!(took >= truth_took);
                if exactly_known.is_none_or(|first| first <= acked) {
                    prop_assert_eq!(lag, truth);
                    prop_assert_eq!(took, truth_took);
                }
            }
        }
    }
}
