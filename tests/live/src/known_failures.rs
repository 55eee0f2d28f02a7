//! The known failures of semi-sync as cases that can be tried on anybody's, in the order of
//! `docs/history.md`. `ci/stock-failures` tries them side by side; the suite `history` tries some
//! on ours.
//!
//! | file | owns |
//! |---|---|
//! | `list.rs` | all cases |
//! | `side.rs` | whose semi-sync runs, and its servers |
//! | `seen.rs` | what a case has shown, and trying one although a server may crash |
//! | `lost.rs` | cases: commits confirmed that no replica has |
//! | `hangs.rs`, `locks.rs` | cases: waits that do not end, and what stands still behind them |
//! | `crashes.rs` | cases: servers that ended |
//! | `cost.rs` | cases: what a commit costs |
//! | `operations.rs` | cases: what operators are told, and what stops replication |

mod cost;
mod crashes;
mod hangs;
mod list;
mod locks;
mod lost;
mod operations;
mod seen;
mod side;

use std::fmt;

pub use list::CASES;
pub use seen::{Seen, try_on};
pub use side::Side;

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

    /// The case of that name.
    pub fn of(name: &str) -> &'static Case {
        let case = CASES.iter().find(|case| case.name == name);
        case.unwrap_or_else(|| panic!("no case {name:?}"))
    }

    /// A name, a kind, or a public number with or without its maker.
    pub fn is_meant_by(&self, word: &str) -> bool {
        let is_number = |number: &&str| {
            let bare = number.rsplit([' ', '-']).next();
            number.eq_ignore_ascii_case(word) || bare == Some(word)
        };
        self.name == word || self.kind.to_string() == word || self.numbers.iter().any(is_number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_no_kind_has_the_name_of_a_case() {
        let mut words = BTreeSet::new();
        for case in &CASES {
            assert!(words.insert(case.name), "{} twice", case.name);
        }
        for case in &CASES {
            assert!(!words.contains(case.kind.to_string().as_str()));
        }
    }
}
