//! Which transactions were counted, by where they end in the binary log: each is counted once.
//!
//! The server names the end of a session's last transaction again for what the session ends
//! afterwards without writing: in a stored procedure, in DDL, in an applier.

use crate::position::Position;
use std::collections::VecDeque;

/// The newest ends that were counted.
#[derive(Default, Debug)]
pub struct CountedEnds(VecDeque<Position>);

impl CountedEnds {
    /// How many are remembered. Members of a group are counted in any order, and within moments
    /// after the group was written: whoever comes after so many others has been here before.
    const REMEMBERED: usize = 4096;

    /// true: the end is to be counted. false: it has been counted.
    pub fn insert(&mut self, end: Position) -> bool {
        let ends = &mut self.0;
        let Err(place) = ends.binary_search(&end) else {
            return false;
        };
        if ends.len() == Self::REMEMBERED {
            if place == 0 {
                return false;
            }
            ends.pop_front();
            ends.insert(place - 1, end);
        } else {
            ends.insert(place, end);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Position {
        Position { file: 1, offset }
    }

    #[test]
    fn each_end_is_counted_once_in_any_order() {
        let mut counted = CountedEnds::default();
        for offset in [300, 100, 200] {
            assert!(counted.insert(at(offset)));
        }
        for offset in [100, 200, 300] {
            assert!(!counted.insert(at(offset)));
        }
        assert!(counted.insert(at(250)));
    }

    #[test]
    fn an_end_that_is_forgotten_counts_as_counted() {
        let mut counted = CountedEnds::default();
        let many = u64::try_from(CountedEnds::REMEMBERED).unwrap() + 10;
        for offset in 1..=many {
            assert!(counted.insert(at(offset * 10)));
        }
        assert_eq!(counted.0.len(), CountedEnds::REMEMBERED);
        assert!(!counted.insert(at(10)), "forgotten");
        assert!(counted.insert(at(many * 10 - 5)), "late");
        assert!(!counted.insert(at(many * 10 - 5)));
        assert!(counted.insert(Position { file: 2, offset: 4 }));
    }
}
