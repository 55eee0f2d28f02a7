//! A short poll before a session sleeps: waking a core that sleeps costs more than what is waited
//! for takes, where replicas answer at once.
//!
//! It gives way to every thread that wants the core, and stops by itself where it does not pay:
//! after a poll that found nothing, or that others have kept from looking, the next waits do not
//! poll, first one of them, then three, then seven, up to 255.

use semisync_server::sync::{Instant, yield_now};
use std::time::Duration;

/// A thread that gets its core back so late has not been alone on it.
const BUSY: Duration = Duration::from_micros(100);
/// So many waits in a row do not poll at most.
const LONGEST_BREAK: u32 = 255;

/// What polling has been good for so far.
#[derive(Default)]
pub struct Spin {
    /// So many waits are to come that do not poll.
    breaks: u32,
    /// So many will not after the next failure.
    last_break: u32,
}

impl Spin {
    /// Polls for `limit` at most, and not at all if that did not pay. `has_come` looks without
    /// sleeping. Whether it has.
    pub fn poll(&mut self, limit: Duration, mut has_come: impl FnMut() -> bool) -> bool {
        if let Some(left) = self.breaks.checked_sub(1) {
            self.breaks = left;
            return false;
        }
        let begun = Instant::now();
        let mut before = begun;
        loop {
            if has_come() {
                self.last_break = 0;
                return true;
            }
            let now = Instant::now();
            if now - begun >= limit || now - before >= BUSY {
                self.last_break = (self.last_break * 2 + 1).min(LONGEST_BREAK);
                self.breaks = self.last_break;
                return false;
            }
            before = now;
            yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn it_polls_until_something_comes() {
        let mut looks = 0;
        let comes = || {
            looks += 1;
            looks == 3
        };
        // Another thread may take the core for longer than `BUSY` between two looks.
        let came = Spin::default().poll(LONG, comes);
        assert!(came || looks < 3);
        assert!(Spin::default().poll(Duration::ZERO, || true));
    }

    #[test]
    fn it_takes_longer_breaks_while_nothing_comes_and_none_once_something_has() {
        let mut spin = Spin::default();
        for length in [1, 3, 7, 15, 31, 63, 127, 255, 255] {
            assert!(!spin.poll(Duration::ZERO, || false));
            for _ in 0..length {
                assert!(!spin.poll(LONG, || panic!("a break")));
            }
        }
        assert!(spin.poll(LONG, || true));
        assert!(!spin.poll(Duration::ZERO, || false));
        assert!(!spin.poll(LONG, || panic!("a break")));
        assert!(spin.poll(LONG, || true));
    }

    #[test]
    fn it_stops_where_others_want_the_core() {
        let mut spin = Spin::default();
        let busy = || {
            std::thread::sleep(BUSY);
            false
        };
        assert!(!spin.poll(LONG, busy));
        assert!(!spin.poll(LONG, || panic!("a break")));
    }
}
