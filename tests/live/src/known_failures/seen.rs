//! What a case has shown on one side.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::{Case, Side};
use crate::server::crashes_seen;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// The failure did not show, and what did instead.
    Holds(String),
    /// It showed, and how.
    Fails(String),
    /// There is nothing to try: why.
    Absent(&'static str),
    /// The try itself went wrong.
    NotMeasured(String),
}

impl Seen {
    pub fn holds_if(holds: bool, what: impl Into<String>) -> Seen {
        match holds {
            true => Seen::Holds(what.into()),
            false => Seen::Fails(what.into()),
        }
    }

    pub fn is_failure(&self) -> bool {
        matches!(self, Seen::Fails(_))
    }

    pub fn verdict(&self) -> &'static str {
        match self {
            Seen::Holds(_) => "holds",
            Seen::Fails(_) => "FAILS",
            Seen::Absent(_) => "-",
            Seen::NotMeasured(_) => "not measured",
        }
    }

    pub fn words(&self) -> &str {
        match self {
            Seen::Holds(what) | Seen::Fails(what) | Seen::NotMeasured(what) => what,
            Seen::Absent(why) => why,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<6} {}", self.verdict(), self.words())
    }
}

/// Tries a case. The harness panics when a server of its own crashes: that is a finding here.
pub fn try_on(case: &Case, side: &Side) -> Seen {
    let before = crashes_seen();
    match catch_unwind(AssertUnwindSafe(|| (case.measure)(side))) {
        Ok(seen) => seen,
        Err(_) if crashes_seen() > before => Seen::Fails("a server crashed".to_owned()),
        Err(panic) => Seen::NotMeasured(first_line(panic.as_ref())),
    }
}

fn first_line(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let line = text.and_then(|text| text.lines().next());
    line.unwrap_or("a panic").to_owned()
}

/// As people read it.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 0.000_1 => "less than 0.1 ms".to_owned(),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_in_a_try_is_no_finding() {
        let case = Case {
            measure: |_| panic!("waited for a row\nand its log"),
            ..*Case::of("a-lie")
        };
        let seen = try_on(&case, &Side::under_test());
        assert_eq!(seen, Seen::NotMeasured("waited for a row".to_owned()));
    }
}
