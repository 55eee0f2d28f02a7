//! The ends of commit groups that were written to the binary log and are not confirmed yet.
//! They ascend, because the server writes groups under one lock.

use crate::{failpoint, position::Position};
use std::collections::VecDeque;

#[derive(Default, Debug)]
pub struct Pending(VecDeque<Position>);

/// A group was written that does not end behind the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfOrder {
    pub last: Position,
    pub new: Position,
}

impl Pending {
    pub fn push(&mut self, end: Position) -> Result<(), OutOfOrder> {
        failpoint::hit();
        match self.0.back() {
            Some(&last) if last >= end => Err(OutOfOrder { last, new: end }),
            _ => {
                self.0.push_back(end);
                Ok(())
            }
        }
    }

    /// The end of the oldest group.
    pub fn first(&self) -> Option<Position> {
        self.0.front().copied()
    }

    /// Whether a group ends exactly here.
    pub fn contains(&self, end: Position) -> bool {
        self.0.binary_search(&end).is_ok()
    }

    /// Whether a group ends behind `after`, and at `up_to` or earlier.
    pub fn has_any(&self, after: Option<Position>, up_to: Position) -> bool {
        let first = self.0.partition_point(|end| Some(*end) <= after);
        self.0.get(first).is_some_and(|end| *end <= up_to)
    }

    /// Whether the group that `at` belongs to is pending.
    pub fn covers(&self, at: Position) -> bool {
        failpoint::hit();
        self.0.back().is_some_and(|last| *last >= at)
    }

    pub fn release_up_to(&mut self, confirmed: Position) {
        failpoint::hit();
        while self.0.front().is_some_and(|end| *end <= confirmed) {
            self.0.pop_front();
        }
    }

    /// In bytes; the room that is kept for later groups counts too.
    pub fn memory(&self) -> usize {
        self.0.capacity() * size_of::<Position>()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Position {
        Position { file: 1, offset }
    }

    #[test]
    fn groups_come_in_order_and_leave_when_confirmed() {
        let mut pending = Pending::default();
        for end in [10, 20, 30] {
            assert_eq!(pending.push(at(end)), Ok(()));
        }
        let again = OutOfOrder {
            last: at(30),
            new: at(30),
        };
        assert_eq!(pending.push(at(30)), Err(again));
        assert!(pending.contains(at(20)) && !pending.contains(at(15)));
        assert!(pending.covers(at(15)) && !pending.covers(at(31)));
        assert!(pending.has_any(None, at(10)) && !pending.has_any(None, at(9)));
        assert!(pending.has_any(Some(at(10)), at(20)) && !pending.has_any(Some(at(10)), at(19)));
        assert!(!pending.has_any(Some(at(30)), at(99)));
        pending.release_up_to(at(25));
        assert!(!pending.contains(at(20)) && pending.contains(at(30)));
        pending.clear();
        assert!(!pending.covers(at(1)));
        assert!(pending.memory() >= 3 * size_of::<Position>());
    }
}
