//! What a case is, and trying one.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::seen::Seen;
use super::side::Side;
use crate::server::crashes_seen;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Lost,
    Hangs,
    Crashes,
    Cost,
    Operations,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Lost => "lost",
            Kind::Hangs => "hangs",
            Kind::Crashes => "crashes",
            Kind::Cost => "cost",
            Kind::Operations => "operations",
        })
    }
}

#[derive(Debug)]
pub struct Case {
    pub name: &'static str,
    pub kind: Kind,
    /// As people search for them. Empty: no public report is known.
    pub numbers: &'static [&'static str],
    /// What is done, and what is measured.
    pub title: &'static str,
    pub measure: fn(&Side) -> Seen,
    /// Why it fails with ours too. `docs/history.md` must say so.
    pub ours_too: Option<&'static str>,
}

impl Case {
    pub fn line(&self) -> String {
        let numbers = match self.numbers {
            [] => String::new(),
            numbers => format!(" ({})", numbers.join(", ")),
        };
        format!("{}{numbers}: {}", self.name, self.title)
    }

    /// A name, a kind, or a public number with or without its maker.
    pub fn is_meant_by(&self, word: &str) -> bool {
        let is_number = |number: &&str| {
            let bare = number.rsplit([' ', '-']).next();
            number.eq_ignore_ascii_case(word) || bare == Some(word)
        };
        self.name == word || self.kind.to_string() == word || self.numbers.iter().any(is_number)
    }

    /// Tries it. The harness panics when a server of its own crashes: that is a finding here.
    pub fn try_on(&self, side: &Side) -> Seen {
        let before = crashes_seen();
        match catch_unwind(AssertUnwindSafe(|| (self.measure)(side))) {
            Ok(seen) => seen,
            Err(_) if crashes_seen() > before => Seen::Fails("a server crashed".to_owned()),
            Err(panic) => Seen::NotMeasured(first_line(panic.as_ref())),
        }
    }
}

fn first_line(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let line = text.and_then(|text| text.lines().next());
    line.unwrap_or("a panic").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_in_a_try_is_no_finding() {
        let case = Case {
            name: "broken",
            kind: Kind::Hangs,
            numbers: &[],
            title: "nothing is measured",
            measure: |_| panic!("waited for a row\nand its log"),
            ours_too: None,
        };
        let seen = case.try_on(&Side::under_test());
        assert_eq!(seen, Seen::NotMeasured("waited for a row".to_owned()));
    }
}
