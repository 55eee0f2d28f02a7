//! The files that were sent over one connection. An honest replica acknowledges nothing
//! else. A file is understood as it lay in the log when it was sent: later another file may
//! have the same name, and lie elsewhere.
//!
//! What was skipped because the replica had it counts as sent.

use crate::{
    log_files::{LogName, Place},
    position::{Position, split_name},
};
use std::collections::VecDeque;

/// How many files are remembered.
const REMEMBERED: usize = 1024;

/// The files of one connection, oldest first.
#[derive(Default, Debug)]
pub struct SentFiles {
    files: VecDeque<(LogName, Place)>,
    forgot: bool,
}

/// What an acknowledgement says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// The replica has everything up to here. None: the replica has nothing that matters.
    Has(Option<Position>),
    /// The file belongs to this server's log, and was not sent over this connection.
    Unsent,
    /// The file does not belong to this server's log.
    Foreign,
}

impl SentFiles {
    /// From now on this file is sent. If it was sent before, more is known now of where the
    /// file lies.
    pub fn enter(&mut self, name: &[u8], place: Place) {
        match self.files.back_mut() {
            Some((last, known)) if **last == *name => *known = place,
            _ => {
                self.files.push_back((name.into(), place));
                if self.files.len() > REMEMBERED {
                    self.files.pop_front();
                    self.forgot = true;
                }
            }
        }
    }

    /// The file that is being sent.
    pub fn current(&self) -> Option<(&LogName, Place)> {
        self.files.back().map(|(name, place)| (name, *place))
    }

    /// How far the log was sent: up to `offset` of the file that was entered last. Where that
    /// file lies is perhaps not known yet: no commit was flushed into the file, and the index
    /// could not be read. All files before it were sent whole.
    pub fn reach(&self, offset: u64) -> Option<Position> {
        let mut newest_first = self.files.iter().rev().map(|(_, place)| *place);
        let current = newest_first.next()?;
        let whole = |place: Place| place.at(u64::MAX);
        current.at(offset).or_else(|| newest_first.find_map(whole))
    }

    /// What the replica says when it acknowledges `offset` in the file `name`.
    pub fn claim(&self, name: &[u8], offset: u64) -> Claim {
        let mut newest_first = self.files.iter().rev();
        if let Some((_, place)) = newest_first.find(|(file, _)| **file == *name) {
            return Claim::Has(place.at(offset));
        }
        if self.forgot {
            return Claim::Has(None);
        }
        let base = |name| split_name(name).map(|(base, _)| base);
        let wanted = base(name);
        match self.files.iter().any(|(file, _)| base(file) == wanted) {
            true => Claim::Unsent,
            false => Claim::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_knows_takes_nothing_back_of_the_files_before_it() {
        let mut sent = SentFiles::default();
        assert_eq!(sent.reach(4), None);
        sent.enter(b"b.000001", Place::Unknown);
        assert_eq!(sent.reach(900), None);
        sent.enter(b"b.000002", Place::In(7));
        let (file, offset) = (7, 900);
        assert_eq!(sent.reach(900), Some(Position { file, offset }));
        // The last acknowledgement of the file before is still on its way.
        sent.enter(b"b.000003", Place::Unknown);
        let end = u64::MAX;
        assert_eq!(sent.reach(4), Some(Position { file, offset: end }));
        sent.enter(b"b.000003", Place::In(8));
        let (file, offset) = (8, 245);
        assert_eq!(sent.reach(245), Some(Position { file, offset }));
    }

    #[test]
    fn an_acknowledgement_means_the_file_that_was_sent() {
        let mut sent = SentFiles::default();
        assert_eq!(sent.claim(b"b.000001", 4), Claim::Foreign);
        sent.enter(b"b.000006", Place::Unknown);
        sent.enter(b"c.000001", Place::In(7));
        let seven = |offset| Some(Position { file: 7, offset });
        assert_eq!(sent.claim(b"c.000001", 99), Claim::Has(seven(99)));
        assert_eq!(sent.claim(b"b.000006", 99), Claim::Has(None));
        assert_eq!(sent.claim(b"c.000002", 4), Claim::Unsent);
        assert_eq!(sent.claim(b"d.000001", 4), Claim::Foreign);
        // A file of the same name, later in the log.
        sent.enter(b"b.000006", Place::In(8));
        let eight = Position { file: 8, offset: 4 };
        assert_eq!(sent.claim(b"b.000006", 4), Claim::Has(Some(eight)));
        assert_eq!(sent.current().unwrap().1, Place::In(8));
    }

    #[test]
    fn a_replica_far_behind_is_no_stranger_and_memory_is_bounded() {
        let mut sent = SentFiles::default();
        for number in 0..2 * REMEMBERED {
            sent.enter(format!("b.{number:06}").as_bytes(), Place::Unknown);
        }
        assert_eq!(sent.files.len(), REMEMBERED);
        assert_eq!(sent.claim(b"b.000000", 4), Claim::Has(None));
    }
}
