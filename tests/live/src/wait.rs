//! Waiting with a bound. A test never sleeps for a guess: it polls, and when the bound is over it
//! says what it saw instead.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// The bound of waits whose length is no claim: long enough for a machine on which three times as
/// many servers run as it has processors, short enough for a person.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked: each look is a statement for a server, which takes processor time from
/// all. Who has waited long can wait a little longer: a twentieth of it, and never more than this.
const STEP: Duration = Duration::from_millis(5);
const LONGEST_STEP: Duration = Duration::from_millis(25);

/// Waits until `seen` gives a value; after `bound` fails with `what` and the last thing seen
/// instead. Returns the value and how long it took.
#[track_caller]
pub fn wait_for<T>(
    bound: Duration,
    what: &str,
    mut seen: impl FnMut() -> Result<T, String>,
) -> (T, Duration) {
    let begin = Instant::now();
    loop {
        match seen() {
            Ok(value) => return (value, begin.elapsed()),
            Err(instead) if begin.elapsed() > bound => {
                panic!("waited {bound:?} for {what}; seen instead: {instead}")
            }
            Err(_) => sleep((begin.elapsed() / 20).clamp(STEP, LONGEST_STEP)),
        }
    }
}

/// As `wait_for`, for what takes as long as there is work, like an applier that catches up: the
/// bound is for standing still.
#[track_caller]
pub fn wait_while_it_moves<T>(what: &str, mut seen: impl FnMut() -> Result<T, String>) -> T {
    let mut last = String::new();
    let mut moved = Instant::now();
    let unless_still = || match seen() {
        Err(now) if now != last => {
            moved = Instant::now();
            last = now;
            Err(format!("still moving: {last}"))
        }
        Err(now) if moved.elapsed() > PATIENCE => {
            panic!("waited {PATIENCE:?} for {what}, with nothing moving; seen instead: {now}")
        }
        result => result,
    };
    wait_for(10 * PATIENCE, what, unless_still).0
}

/// Waits until `holds`, at most `bound`; returns how long it took.
#[track_caller]
pub fn eventually(bound: Duration, what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let seen = || {
        if holds() {
            Ok(())
        } else {
            Err("it does not hold".to_owned())
        }
    };
    wait_for(bound, what, seen).1
}
