//! What the time is: a step takes a microsecond, and when all sleep it jumps, see [`crate::Time`].

use std::{
    cell::Cell,
    ops::{Add, Sub},
    time::Duration,
};

/// Where the clock begins, in microseconds: nothing happened at 0.
const BEGIN: u64 = 1_000_000;
/// The system's clock at that moment, in seconds since 1970.
const EPOCH: Duration = Duration::from_secs(1_700_000_000);

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(BEGIN) };
    static JUMPED: Cell<u64> = const { Cell::new(0) };
}

pub(crate) fn now() -> u64 {
    NOW.get()
}

/// A step takes a moment.
pub(crate) fn tick() {
    NOW.set(now() + 1);
}

/// All sleep until then.
pub(crate) fn jump_to(micros: u64) {
    let jump = micros.saturating_sub(now());
    JUMPED.set(JUMPED.get() + jump);
    NOW.set(now() + jump);
}

/// For how long all have slept.
pub fn slept() -> Duration {
    Duration::from_micros(JUMPED.get())
}

/// How much time has passed in this execution.
pub fn elapsed() -> Duration {
    Duration::from_micros(now() - BEGIN)
}

/// As of the system's clock.
pub fn since_epoch() -> Duration {
    EPOCH + Duration::from_micros(now())
}

/// As [`std::time::Instant`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(u64);

impl Instant {
    pub fn now() -> Self {
        Self(now())
    }

    pub fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    pub fn checked_add(&self, time: Duration) -> Option<Self> {
        let micros = u64::try_from(time.as_micros()).ok()?;
        self.0.checked_add(micros).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        self.checked_add(time).expect("a time within reach")
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}
