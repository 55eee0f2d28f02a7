//! What is noted beside the coordinator, under its lock, of what happens: when commit groups were
//! flushed, which transactions were counted, and since when semi-sync is OFF. It decides nothing.
//!
//! Times are microseconds of the monotonic clock.

use semisync_core::{CountedEnds, FlushTimes, Position};
use semisync_server::MonotonicMicros;

#[derive(Default)]
pub struct Observations {
    flush_times: FlushTimes,
    /// The end of the first commit group that was flushed.
    begin: Option<Position>,
    off_since: Option<u64>,
    /// Of transactions that were counted as confirmed or not.
    pub counted_ends: CountedEnds,
}

impl Observations {
    /// After each change. Reads the clock only when semi-sync goes OFF.
    pub fn on_change(&mut self, is_off: bool) {
        if is_off != self.off_since.is_some() {
            self.off_since = is_off.then(MonotonicMicros::now);
        }
    }

    pub fn on_flush(&mut self, end: Position, now: u64) {
        self.begin.get_or_insert(end);
        self.flush_times.on_flush(end, now);
    }

    /// The log begins anew, or nobody has watched it.
    pub fn forget_log(&mut self) {
        self.flush_times.clear();
        self.begin = None;
    }

    /// From where on the log is known.
    pub fn begin(&self) -> Option<Position> {
        self.begin
    }

    pub fn flush_times(&self) -> &FlushTimes {
        &self.flush_times
    }

    /// For how long semi-sync has been OFF although it is enabled.
    pub fn off_for(&self, now: u64) -> Option<u64> {
        self.off_since.map(|since| now.saturating_sub(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_is_counted_from_the_moment_when_it_went_off() {
        let mut observed = Observations::default();
        observed.on_change(false);
        assert_eq!(observed.off_for(u64::MAX), None);
        let before = MonotonicMicros::now();
        observed.on_change(true);
        let first = observed.off_for(before + 1_000_000);
        std::thread::sleep(std::time::Duration::from_millis(2));
        observed.on_change(true);
        assert_eq!(observed.off_for(before + 1_000_000), first);
        assert!(first.is_some_and(|micros| micros <= 1_000_000));
        observed.on_change(false);
        assert_eq!(observed.off_for(u64::MAX), None);
    }
}
