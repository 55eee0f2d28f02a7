//! What a case has shown on one side.

use std::fmt;
use std::time::Duration;

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

/// As people read it.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 0.000_1 => "less than 0.1 ms".to_owned(),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}
