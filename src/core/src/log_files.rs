//! The files of the binary log, in the order in which the server writes them.
//!
//! A file gets an ordinal when the first commit group is flushed into the file, under the
//! server's `LOCK_log`. The ordinals make positions comparable. Names do not: the base name
//! may change, numbers may begin anew, and after a RESET an old name means a new file.
//! Ordinals are never given twice, so a position of a log that is gone lies before every
//! position of the present log.
//!
//! A dump also reads files without an ordinal: those that were written before semi-sync was
//! enabled, and those that hold no commit yet. The index tells where they lie among the
//! others. It is the server's own list of its files in their order (sql/binlog_index.cc of
//! MySQL, MYSQL_BIN_LOG in log.cc of MariaDB).

use crate::position::{Position, split_name};
use std::{collections::VecDeque, sync::Arc};

/// The name of a binary log file, without its directory.
pub type LogName = Arc<[u8]>;

/// How many files are remembered. Nobody waits for what a dump sends that is further behind.
const REMEMBERED: usize = 1024;

/// The files that commits were flushed into.
#[derive(Debug)]
pub struct LogFiles {
    files: VecDeque<LogFile>,
    /// The end of the newest commit group; in the last of the files.
    flushed: Option<Position>,
    last_ordinal: u64,
    version: u64,
    /// When the log was reset last: microseconds of the system's clock.
    last_reset: Option<u64>,
    /// A reset was noticed by a flush that came after it. The server has yet to tell of it.
    noticed: bool,
}

#[derive(Debug)]
struct LogFile {
    name: LogName,
    ordinal: u64,
    /// How many bytes all files before have, since the log was known first.
    before: u64,
    /// The end of the newest commit group in the file: its size, as far as it matters.
    end: u64,
}

/// Where a file that a dump reads lies.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Place {
    /// The file has this ordinal.
    In(u64),
    /// No commit was flushed into the file. Everything up to this position lies before it.
    Behind(Position),
    /// This is not known, or not certain, or the file is older than all that can be waited
    /// for.
    #[default]
    Unknown,
}

impl Place {
    /// The position up to which a replica has the log, if the replica has everything up to
    /// `offset` in this file.
    pub fn at(self, offset: u64) -> Option<Position> {
        match self {
            Self::In(file) => Some(Position { file, offset }),
            Self::Behind(position) => Some(position),
            Self::Unknown => None,
        }
    }

    /// No commit group that was flushed into an earlier file ends behind this position.
    pub fn begins_behind(self) -> Option<Position> {
        match self {
            Self::In(file) => Some(Position {
                file: file.checked_sub(1)?,
                offset: u64::MAX,
            }),
            Self::Behind(position) => Some(position),
            Self::Unknown => None,
        }
    }
}

impl Default for LogFiles {
    fn default() -> Self {
        Self {
            files: VecDeque::new(),
            flushed: None,
            last_ordinal: 0,
            version: 1,
            last_reset: None,
            noticed: false,
        }
    }
}

impl LogFiles {
    /// Changes whenever a [`Place`] may have changed: when a file comes, and when all go.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether a group that ends here belongs to another log than the last group: the log
    /// was reset, and the server has not said so yet. (The server first lets commits go on,
    /// and then says so.) While a server runs, its log goes on in the same file, or in a file
    /// with the same base name and a higher number. `is_replaced`: the last group's file is
    /// another one by now, under its name.
    pub fn begins_anew(&self, name: &[u8], offset: u64, is_replaced: bool) -> bool {
        let (Some(last), Some(flushed)) = (self.files.back(), self.flushed) else {
            return false;
        };
        if is_replaced {
            return true;
        }
        if *last.name == *name {
            return offset <= flushed.offset;
        }
        match (split_name(&last.name), split_name(name)) {
            (Some((base, last)), Some((new_base, number))) => base != new_base || number <= last,
            _ => true,
        }
    }

    /// A commit group was written and ends at `offset` of the file `name`; the log has
    /// not begun anew.
    pub fn on_flush(&mut self, name: &[u8], offset: u64) -> Position {
        if self.files.back().is_none_or(|file| *file.name != *name) {
            self.last_ordinal += 1;
            self.version += 1;
            let last = self.files.back();
            self.files.push_back(LogFile {
                name: name.into(),
                ordinal: self.last_ordinal,
                before: last.map_or(0, |last| last.before.saturating_add(last.end)),
                end: offset,
            });
            if self.files.len() > REMEMBERED {
                self.files.pop_front();
            }
        }
        if let Some(file) = self.files.back_mut() {
            file.end = offset;
        }
        let end = Position {
            file: self.last_ordinal,
            offset,
        };
        self.flushed = Some(end);
        end
    }

    /// The server tells of RESET BINARY LOGS AND GTIDS: every file is gone. `now`:
    /// microseconds of the system's clock. false: the reset was noticed before, and what
    /// there is now belongs to the new log.
    pub fn on_reset(&mut self, now: u64) -> bool {
        /// Between the end of a log and the server's hook lie milliseconds.
        const SOON: u64 = 60_000_000;
        let is_soon = |reset: u64| now.saturating_sub(reset) < SOON;
        let news = !(std::mem::take(&mut self.noticed) && self.last_reset.is_some_and(is_soon));
        if news {
            self.forget();
            self.last_reset = Some(now);
        }
        news
    }

    /// A flush has shown that the log [begins anew](Self::begins_anew).
    pub fn on_noticed_reset(&mut self, now: u64) {
        self.forget();
        self.last_reset = Some(now);
        self.noticed = true;
    }

    /// Nothing is known of the log.
    pub fn forget(&mut self) {
        self.files.clear();
        self.flushed = None;
        self.version += 1;
    }

    /// Whether the log may have been reset since `began`; both times are microseconds of the
    /// system's clock. If so, what the server has checked since then, or compared GTIDs with,
    /// may belong to the log that is gone. A clock that was set back must not keep everything
    /// in doubt until the clock has caught up. Nor must it let through what began before the
    /// clock was set back.
    pub fn reset_since(&mut self, began: u64, now: u64) -> bool {
        self.last_reset = self.last_reset.map(|reset| reset.min(now));
        let Some(last_reset) = self.last_reset else {
            return false;
        };
        began <= last_reset || began > now
    }

    /// The position that a commit names, in the newest file of this name. None: no commit was
    /// flushed into such a file.
    pub fn find(&self, name: &[u8], offset: u64) -> Option<Position> {
        let mut newest_first = self.files.iter().rev();
        let file = newest_first.find(|file| *file.name == *name)?.ordinal;
        Some(Position { file, offset })
    }

    /// The name of the file with this ordinal, while it is remembered.
    pub fn name(&self, ordinal: u64) -> Option<LogName> {
        Some(Arc::clone(&self.file(ordinal)?.name))
    }

    /// A position as people read it: a file's name, and an offset no further than the last commit
    /// in the file. None: the file is not remembered.
    pub fn named(&self, at: Position) -> Option<(LogName, u64)> {
        let file = self.file(at.file)?;
        Some((Arc::clone(&file.name), at.offset.min(file.end)))
    }

    /// The ordinals of the files follow each other without gaps.
    fn file(&self, ordinal: u64) -> Option<&LogFile> {
        let oldest = self.files.front()?.ordinal;
        let index = usize::try_from(ordinal.checked_sub(oldest)?).ok()?;
        self.files.get(index)
    }

    /// How many bytes lie between two positions, over all files in between, of which the last
    /// commit is taken for the end; 0 if `to` is not behind `from`. None: one of the files is
    /// not remembered. Takes no longer for far positions than for near ones.
    pub fn distance(&self, from: Position, to: Position) -> Option<u64> {
        let place = |at: Position| {
            let file = self.file(at.file)?;
            Some(file.before.saturating_add(at.offset.min(file.end)))
        };
        Some(place(to)?.saturating_sub(place(from)?))
    }

    /// Where the file lies that a dump reads under this name. `index`: the server's list of
    /// its files now. None: the index cannot be read.
    ///
    /// The index may list one name twice, in two directories. It does not tell which of the
    /// two a dump reads, so nothing is concluded.
    pub fn place(&self, name: &[u8], index: Option<&[LogName]>) -> Place {
        let here = self.find(name, 0).map(|position| Place::In(position.file));
        let Some(index) = index else {
            return here.unwrap_or_default();
        };
        let listed = |wanted: &[u8]| index.iter().filter(|file| ***file == *wanted).count();
        match (here, listed(name)) {
            (_, 2..) | (None, 0) => Place::Unknown,
            (Some(place), _) => place,
            (None, 1) => {
                let older = index.iter().take_while(|file| ***file != *name);
                let last = older.filter(|file| self.ordinal(file).is_some()).last();
                let last = last.filter(|file| listed(file) == 1);
                match last.and_then(|file| self.ordinal(file)) {
                    Some(file) => Place::Behind(self.end_of(file)),
                    None => Place::Unknown,
                }
            }
        }
    }

    /// The end of a file that another file follows.
    fn end_of(&self, file: u64) -> Position {
        let last = self.flushed.filter(|flushed| flushed.file == file);
        last.unwrap_or(Position {
            file,
            offset: u64::MAX,
        })
    }

    /// The ordinal of the oldest file of this name.
    fn ordinal(&self, name: &[u8]) -> Option<u64> {
        let file = self.files.iter().find(|file| *file.name == *name)?;
        Some(file.ordinal)
    }

    /// Whether the present log reaches this position. Only then is a replica believed that
    /// says it has everything up to there. A server's own check may be older than a RESET.
    pub fn reaches(&self, place: Place, offset: u64) -> bool {
        match place {
            Place::In(_) => place.at(offset) <= self.flushed,
            Place::Behind(_) => true,
            Place::Unknown => false,
        }
    }
}

/// The file names in an index file, without their directories. A last line without an end
/// is still being written, and left out.
pub fn index_names(content: &[u8]) -> Vec<LogName> {
    content
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .filter_map(|line| line.rsplit(|byte| *byte == b'/').next())
        .filter(|name| !name.is_empty())
        .map(LogName::from)
        .collect()
}

#[cfg(test)]
mod tests;
