//! What one connection has acknowledged, in figures for the operator. The receiver thread
//! notes, others look.
//!
//! A delay is told as PostgreSQL tells it (`pg_stat_replication`, walsender.c): from the local
//! flush to the acknowledgement; nothing when the replica is idle.

use crate::counters::ACKS_REFUSED;
use semisync_core::{Histogram, Position};
use semisync_server::sync::Mutex;
use std::sync::atomic::Ordering;

/// How long the delay of the last acknowledgement is shown while nothing more happens, in
/// microseconds: PostgreSQL's `wal_receiver_status_interval`.
const SHOWN_FOR: u64 = 10_000_000;

/// See the top of the file. Nothing nests in the lock.
#[derive(Default)]
pub struct AckFigures(Mutex<Noted>);

#[derive(Clone, Default)]
struct Noted {
    acks: u64,
    refused: u64,
    last: Option<LastAck>,
    took: Histogram,
}

/// The acknowledgement that came last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastAck {
    /// None: it said nothing that matters.
    pub at: Option<Position>,
    /// When it came: microseconds of the monotonic clock, and of the system's clock since 1970.
    pub since: u64,
    pub time: u64,
    /// How long it took since the flush of what it acknowledges. None: it said nothing new.
    pub took: Option<u64>,
}

/// A copy.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AckSummary {
    pub acks: u64,
    pub refused: u64,
    pub last: Option<LastAck>,
    /// How long acknowledgements took, in microseconds: half of them, 99 percent, all.
    pub p50: Option<u64>,
    pub p99: Option<u64>,
    pub max: Option<u64>,
}

impl AckFigures {
    /// An acknowledgement came. Allocates nothing.
    pub fn on_ack(&self, ack: LastAck) {
        let mut noted = self.0.lock();
        noted.acks += 1;
        if let Some(took) = ack.took {
            noted.took.add(took);
        }
        // One that says nothing new must not hide how long the last took, or up to where.
        let before = noted.last;
        noted.last = Some(LastAck {
            at: ack.at.max(before.and_then(|last| last.at)),
            took: ack.took.or(before.and_then(|last| last.took)),
            ..ack
        });
    }

    /// An acknowledgement came that is not believed.
    pub fn on_refused(&self) {
        ACKS_REFUSED.fetch_add(1, Ordering::Relaxed);
        self.0.lock().refused += 1;
    }

    /// How far the acknowledgements that counted went.
    pub fn last_position(&self) -> Option<Position> {
        self.0.lock().last?.at
    }

    /// The lock is held for a copy only, so that readers do not hold up the receiver.
    pub fn summary(&self) -> AckSummary {
        let noted = self.0.lock().clone();
        AckSummary {
            acks: noted.acks,
            refused: noted.refused,
            last: noted.last,
            p50: noted.took.percentile(50),
            p99: noted.took.percentile(99),
            max: noted.took.max(),
        }
    }
}

impl AckSummary {
    /// The replica's delay at `now`, in microseconds. `missing`: for how long there has been
    /// something that it has not acknowledged. None: it is idle.
    pub fn lag(&self, missing: Option<u64>, now: u64) -> Option<u64> {
        let last = self.last.and_then(|last| Some((last.since, last.took?)));
        match missing {
            Some(missing) => Some(last.map_or(missing, |(_, took)| missing.max(took))),
            None => {
                let (since, took) = last?;
                (now.saturating_sub(since) < SHOWN_FOR).then_some(took)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(offset: u64, since: u64, took: Option<u64>) -> LastAck {
        LastAck {
            at: Some(Position { file: 1, offset }),
            since,
            time: since + 1_000_000,
            took,
        }
    }

    #[test]
    fn what_says_nothing_new_counts_and_hides_nothing() {
        let figures = AckFigures::default();
        assert_eq!(figures.summary(), AckSummary::default());
        figures.on_ack(ack(100, 5, Some(300)));
        figures.on_ack(ack(70, 9, None));
        figures.on_refused();
        let summary = figures.summary();
        assert_eq!((summary.acks, summary.refused), (2, 1));
        let last = summary.last.unwrap();
        assert_eq!((last.since, last.took), (9, Some(300)));
        assert_eq!(last.at, ack(100, 0, None).at);
        assert_eq!((summary.p50, summary.max), (Some(300), Some(300)));
    }

    #[test]
    fn the_delay_grows_while_something_is_missing_and_goes_when_all_is_idle() {
        let figures = AckFigures::default();
        assert_eq!(figures.summary().lag(None, 50), None);
        assert_eq!(figures.summary().lag(Some(7), 50), Some(7));
        figures.on_ack(ack(100, 1000, Some(300)));
        let summary = figures.summary();
        assert_eq!(summary.lag(None, 2000), Some(300));
        assert_eq!(summary.lag(Some(20), 2000), Some(300));
        assert_eq!(summary.lag(Some(4000), 6000), Some(4000));
        assert_eq!(summary.lag(None, 1000 + SHOWN_FOR), None);
    }
}
