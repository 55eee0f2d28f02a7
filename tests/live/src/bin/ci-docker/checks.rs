//! What must be true, and how often it was. The first check that fails ends the run.

use std::fmt::Display;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::console::Stop;

use crate::servers::Servers;

impl Servers<'_> {
    /// How many checks have passed.
    pub fn passed(&self) -> u32 {
        self.passed.load(Ordering::Relaxed)
    }

    pub fn check<T: PartialEq + Display>(
        &self,
        what: &str,
        expected: T,
        found: T,
    ) -> Result<(), Stop> {
        if expected != found {
            return Err(failed(what, &expected, &found));
        }
        self.passed.fetch_add(1, Ordering::Relaxed);
        println!("   ok      {what}: {found}");
        Ok(())
    }

    /// As `check`, of what has no one right value.
    pub fn check_that(&self, what: &str, found: impl Display, holds: bool) -> Result<(), Stop> {
        let what = format!("{what} ({found})");
        self.check(&what, "yes", if holds { "yes" } else { "no" })
    }

    /// Waits until it is so, at most `seconds`.
    pub fn wait(
        &self,
        seconds: u64,
        what: &str,
        expected: &str,
        found: impl Fn() -> Result<String, Stop>,
    ) -> Result<(), Stop> {
        let begin = Instant::now();
        loop {
            // What cannot be answered yet may be answered later.
            let seen = found().unwrap_or_default();
            if seen == expected || begin.elapsed() >= Duration::from_secs(seconds) {
                return self.check(what, expected, &seen);
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// Waits until a status variable has the value.
    pub fn wait_status(
        &self,
        seconds: u64,
        what: &str,
        expected: &str,
        server: &str,
        suffix: &str,
    ) -> Result<(), Stop> {
        self.wait(seconds, what, expected, || self.status(server, suffix))
    }
}

fn failed(what: &str, expected: &dyn Display, found: &dyn Display) -> Stop {
    let found = match found.to_string() {
        nothing if nothing.is_empty() => "nothing".to_owned(),
        something => something,
    };
    println!("   FAILED  {what}: expected {expected}, found {found}");
    let reason = format!("{what}: expected {expected}, found {found}");
    Stop::failed(reason).remedy("see the logs above")
}
