//! How many replicas must have a commit, or which ones.

use std::fmt;

use semisync_live_tests::Dice;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    Count(u32),
    Quorum { text: String, copies: u32 },
}

impl Rule {
    /// On how many replicas a confirmed commit is, at least.
    pub fn copies(&self) -> u32 {
        match self {
            Rule::Count(copies) | Rule::Quorum { copies, .. } => *copies,
        }
    }

    /// A rule that three replicas can meet. `replicas`: their server ids, of both zones.
    pub fn throw(dice: &mut Dice, replicas: &[u32], has_count: bool, has_quorum: bool) -> Rule {
        if !has_count && !has_quorum {
            return Rule::Count(1);
        }
        let quorum = |text: String, copies| Rule::Quorum { text, copies };
        let [x, y, z] = replicas else {
            unreachable!("there are three replicas");
        };
        match dice.below(if has_quorum { 12 } else { 6 }) {
            0..3 => Rule::Count(1),
            3..5 => Rule::Count(2),
            5 => Rule::Count(3),
            6 => quorum("ANY 1 (*)".to_owned(), 1),
            7 => quorum(format!("ANY 2 ({x}, {y}, {z})"), 2),
            8 => quorum(format!("FIRST 1 ({z}, {x}, {y})"), 1),
            9 => quorum(format!("FIRST 2 ({y}, {z}, {x})"), 2),
            10 => quorum("ANY 1 (zone:a) AND ANY 1 (zone:b)".to_owned(), 2),
            _ => quorum("ZONES 2".to_owned(), 2),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Count(count) => write!(f, "count {count}"),
            Rule::Quorum { text, .. } => f.write_str(text),
        }
    }
}
