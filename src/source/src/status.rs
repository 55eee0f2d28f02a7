//! The fourteen status variables, with stock's names, types and units
//! (microseconds). Read under the server's `LOCK_status`: no waiting here.
//!
//! Five are counters that the server reads by itself and that `FLUSH STATUS`
//! sets to 0, as stock's; the others are asked of the coordinator, or of the sessions
//! that have waited.

use crate::state::Source;
use semisync_core::{Coordinator, Stats};
use semisync_server::{
    callback::Callback,
    guard::guard,
    status::{Value, answer, leave_empty},
    sys,
};
use std::{
    ffi::{c_char, c_int},
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

pub static YES_TX: AtomicU64 = AtomicU64::new(0);
pub static NO_TX: AtomicU64 = AtomicU64::new(0);
pub static NO_TIMES: AtomicU64 = AtomicU64::new(0);
pub static TIMEFUNC_FAILURES: AtomicU64 = AtomicU64::new(0);
pub static WAIT_POS_BACKTRAVERSE: AtomicU64 = AtomicU64::new(0);

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
/// session went on. Counted by the sessions, without a lock; whoever timed out counts no
/// wait, as in stock's commitTrx.
pub struct Waits {
    /// Counts the resets: what began before the last one is not counted.
    era: AtomicU64,
    ended: AtomicU64,
    micros: AtomicU64,
}

pub static WAITS: Waits = Waits {
    era: AtomicU64::new(0),
    ended: AtomicU64::new(0),
    micros: AtomicU64::new(0),
};

/// A wait that goes on.
pub struct Wait {
    since: Instant,
    era: u64,
}

impl Waits {
    pub fn begin(&self) -> Wait {
        Wait {
            since: Instant::now(),
            era: self.era.load(Ordering::Acquire),
        }
    }

    pub fn end(&self, wait: &Wait) {
        if wait.era == self.era.load(Ordering::Acquire) {
            let micros = u64::try_from(wait.since.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.micros.fetch_add(micros, Ordering::Relaxed);
            self.ended.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn clear(&self) {
        self.era.fetch_add(1, Ordering::AcqRel);
        self.ended.store(0, Ordering::Relaxed);
        self.micros.store(0, Ordering::Relaxed);
    }

    fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    fn micros(&self) -> u64 {
        self.micros.load(Ordering::Relaxed)
    }

    fn average(&self) -> u64 {
        self.micros().checked_div(self.ended()).unwrap_or(0)
    }
}

/// A row that the server does not read by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Row {
    Status,
    Clients,
    WaitSessions,
    TxWaitTime,
    TxWaits,
    TxAvgWaitTime,
    NetWaitTime,
    NetWaits,
    NetAvgWaitTime,
}

const ROWS: [Row; 9] = [
    Row::Status,
    Row::Clients,
    Row::WaitSessions,
    Row::TxWaitTime,
    Row::TxWaits,
    Row::TxAvgWaitTime,
    Row::NetWaitTime,
    Row::NetWaits,
    Row::NetAvgWaitTime,
];

/// Answers the row `ROW as usize`.
///
/// # Safety
/// A show function's arguments, see [`answer`].
pub unsafe extern "C" fn show<const ROW: usize>(
    _: *mut sys::THD,
    out: *mut sys::st_mysql_show_var,
    buffer: *mut c_char,
) -> c_int {
    let row = const { ROWS[ROW] };
    // SAFETY: the arguments of a show function.
    unsafe { leave_empty(out) };
    guard(Callback::ShowStatus, 1, || {
        let value = match Source::get() {
            Some(source) => {
                if row == Row::Clients {
                    source.lose_hung_up();
                }
                source.look(|core| value(core, row))
            }
            None => value(&Coordinator::<()>::new(Default::default()), row),
        };
        // SAFETY: the arguments of a show function.
        unsafe { answer(out, buffer, value) }
    })
}

fn value<W>(core: &Coordinator<W>, row: Row) -> Value {
    let stats = core.stats();
    match row {
        Row::Status => Value::Bool(core.status()),
        Row::Clients => Value::Long(core.clients()),
        Row::WaitSessions => Value::Long(core.wait_sessions()),
        Row::TxWaitTime => Value::LongLong(WAITS.micros()),
        Row::TxWaits => Value::LongLong(WAITS.ended()),
        Row::TxAvgWaitTime => Value::Long(WAITS.average()),
        Row::NetWaitTime => Value::LongLong(stats.net_wait_time),
        Row::NetWaits => Value::LongLong(stats.net_waits),
        Row::NetAvgWaitTime => Value::Long(stats.net_avg_wait_time()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_as_they_are_listed() {
        for (number, row) in ROWS.iter().enumerate() {
            assert_eq!(*row as usize, number);
        }
    }

    #[test]
    fn a_wait_counts_until_its_session_goes_on_unless_a_reset_came_between() {
        let waits = Waits {
            era: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        };
        assert_eq!(waits.average(), 0);
        let wait = waits.begin();
        std::thread::sleep(std::time::Duration::from_millis(2));
        waits.end(&wait);
        assert!(waits.ended() == 1 && waits.micros() >= 2000);
        assert_eq!(waits.average(), waits.micros());
        let wait = waits.begin();
        waits.clear();
        waits.end(&wait);
        assert_eq!((waits.ended(), waits.micros()), (0, 0));
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
