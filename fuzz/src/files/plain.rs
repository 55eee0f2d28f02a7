//! The second way: all that was flushed and all that was entered, in lists.

use semisync_core::{Claim, LogName, Place, Position};

/// As `core/log_files` and `core/sent` have it.
const REMEMBERED: usize = 1024;
const A_MINUTE: u64 = 60_000_000;

pub struct File {
    pub name: Vec<u8>,
    pub ordinal: u64,
    end: u64,
    /// The bytes of all files before it, without a limit.
    before: u128,
}

#[derive(Default)]
pub struct Log {
    /// Since nothing was known.
    flushes: Vec<(Vec<u8>, u64)>,
    /// How many files these make.
    number: u64,
    /// Files of which nothing is known any more.
    gone: u64,
    times_forgotten: u64,
    /// The time of the last RESET, and what the clock has shown since, when it was asked.
    since_reset: Vec<u64>,
    /// A flush has shown that RESET.
    by_flush: bool,
}

impl Log {
    pub fn last(&self) -> Option<(Vec<u8>, u64)> {
        self.flushes.last().cloned()
    }

    pub fn last_ordinal(&self) -> u64 {
        self.gone + self.number
    }

    pub fn flushed(&self) -> Option<Position> {
        let (_, offset) = self.flushes.last()?;
        Some(Position {
            file: self.last_ordinal(),
            offset: *offset,
        })
    }

    /// A file comes, or all go.
    pub fn version(&self) -> u64 {
        1 + self.last_ordinal() + self.times_forgotten
    }

    /// Those that are remembered, oldest first.
    pub fn files(&self) -> Vec<File> {
        let mut files: Vec<File> = Vec::new();
        let mut before = 0;
        for flushes in self.flushes.chunk_by(|(a, _), (b, _)| a == b) {
            let (name, end) = flushes.last().expect("no chunk is empty");
            files.push(File {
                name: name.clone(),
                ordinal: self.gone + files.len() as u64 + 1,
                end: *end,
                before,
            });
            before += u128::from(*end);
        }
        files.split_off(files.len().saturating_sub(REMEMBERED))
    }

    pub fn begins_anew(&self, name: &[u8], offset: u64, is_replaced: bool) -> bool {
        let Some((last, end)) = self.flushes.last() else {
            return false;
        };
        let may_go_on = if last == name {
            offset > *end
        } else if let (Some((base, last)), Some((new_base, number))) = (split(last), split(name)) {
            base == new_base && number > last
        } else {
            false
        };
        is_replaced || !may_go_on
    }

    pub fn on_flush(&mut self, name: &[u8], offset: u64) -> Position {
        let is_news = self.flushes.last().is_none_or(|(last, _)| last != name);
        self.number += u64::from(is_news);
        self.flushes.push((name.to_vec(), offset));
        self.flushed().expect("one was added")
    }

    pub fn forget(&mut self) {
        self.gone += std::mem::take(&mut self.number);
        self.flushes.clear();
        self.times_forgotten += 1;
    }

    pub fn on_reset(&mut self, now: u64) -> bool {
        let is_known = self.by_flush && now.saturating_sub(self.last_reset()) < A_MINUTE;
        self.by_flush = false;
        if !is_known {
            self.forget();
            self.since_reset = vec![now];
        }
        !is_known
    }

    pub fn on_noticed_reset(&mut self, now: u64) {
        self.forget();
        self.since_reset = vec![now];
        self.by_flush = true;
    }

    /// By the clock as it is now: no later than the clock has ever shown since.
    fn last_reset(&self) -> u64 {
        self.since_reset.iter().copied().min().unwrap_or_default()
    }

    pub fn reset_since(&mut self, began: u64, now: u64) -> bool {
        if self.since_reset.is_empty() {
            return false;
        }
        self.since_reset.push(now);
        let is_certainly_later = self.last_reset() < began && began <= now;
        !is_certainly_later
    }
}

pub fn find(files: &[File], name: &[u8], offset: u64) -> Option<Position> {
    let of_that_name = files.iter().filter(|file| file.name == name);
    let file = of_that_name.map(|file| file.ordinal).max()?;
    Some(Position { file, offset })
}

pub fn named(files: &[File], at: Position) -> Option<(Vec<u8>, u64)> {
    let file = files.iter().find(|file| file.ordinal == at.file)?;
    Some((file.name.clone(), at.offset.min(file.end)))
}

pub fn distance(files: &[File], from: Position, to: Position) -> Option<u64> {
    let most = u128::from(u64::MAX);
    let bytes_up_to = |at: Position| {
        let file = files.iter().find(|file| file.ordinal == at.file)?;
        let bytes = file.before + u128::from(at.offset.min(file.end));
        Some(bytes.min(most))
    };
    let (from, to) = (bytes_up_to(from)?, bytes_up_to(to)?);
    u64::try_from(to.saturating_sub(from)).ok()
}

pub fn place(
    files: &[File],
    flushed: Option<Position>,
    name: &[u8],
    index: Option<&[LogName]>,
) -> Place {
    let with_commits = find(files, name, 0).map(|at| Place::In(at.file));
    let Some(index) = index else {
        return with_commits.unwrap_or(Place::Unknown);
    };
    let lines = |name: &[u8]| {
        (0..index.len())
            .filter(|nth| *index[*nth] == *name)
            .collect()
    };
    let lines_of_name: Vec<usize> = lines(name);
    if lines_of_name.len() > 1 {
        return Place::Unknown; // in doubt
    }
    if let Some(place) = with_commits {
        return place; // purged perhaps: the order of what was flushed tells
    }
    let [line] = lines_of_name[..] else {
        return Place::Unknown;
    };
    // The nearest file before it that has commits, unless that one is in doubt.
    let has_commits = |nth: &usize| files.iter().any(|file| *file.name == *index[*nth]);
    let Some(before) = (0..line).rev().find(has_commits) else {
        return Place::Unknown;
    };
    let nearest = &index[before];
    if lines(nearest).len() > 1 {
        return Place::Unknown;
    }
    let oldest = files.iter().find(|file| *file.name == **nearest);
    let file = oldest.expect("it has commits").ordinal;
    let end = match flushed {
        Some(flushed) if flushed.file == file => flushed.offset,
        _ => u64::MAX,
    };
    Place::Behind(Position { file, offset: end })
}

#[derive(Default)]
pub struct Connection {
    /// All that were ever entered.
    entered: Vec<(Vec<u8>, Place)>,
}

impl Connection {
    /// A file that is entered again at once lies where it is said to lie last.
    pub fn enter(&mut self, name: &[u8], place: Place) {
        if self.entered.last().is_some_and(|(last, _)| last == name) {
            self.entered.pop();
        }
        self.entered.push((name.to_vec(), place));
    }

    fn remembered(&self) -> &[(Vec<u8>, Place)] {
        &self.entered[self.entered.len().saturating_sub(REMEMBERED)..]
    }

    pub fn current(&self) -> Option<(Vec<u8>, Place)> {
        self.entered.last().cloned()
    }

    pub fn reach(&self, offset: u64) -> Option<Position> {
        let mut reached = None;
        let (current, before) = self.remembered().split_last()?;
        for (_, place) in before {
            reached = position(*place, u64::MAX).or(reached);
        }
        position(current.1, offset).or(reached)
    }

    pub fn claim(&self, name: &[u8], offset: u64) -> Claim {
        let mut claim = None;
        for (file, place) in self.remembered() {
            if file == name {
                claim = Some(Claim::Has(position(*place, offset)));
            }
        }
        let base = |name| split(name).map(|(base, _)| base);
        let mut names = self.remembered().iter().map(|(file, _)| file);
        claim.unwrap_or_else(|| {
            if self.entered.len() > REMEMBERED {
                Claim::Has(None)
            } else if names.any(|file| base(file) == base(name)) {
                Claim::Unsent
            } else {
                Claim::Foreign
            }
        })
    }
}

fn position(place: Place, offset: u64) -> Option<Position> {
    match place {
        Place::In(file) => Some(Position { file, offset }),
        Place::Behind(end) => Some(end),
        Place::Unknown => None,
    }
}

/// The base and the number of a binary log's file.
pub fn split(name: &[u8]) -> Option<(String, u64)> {
    if !crate::acknowledgements::is_log_name(name) {
        return None;
    }
    let text: String = name.iter().copied().map(char::from).collect();
    let file = text.rsplit('/').next()?;
    let (base, number) = file.rsplit_once('.')?;
    Some((base.to_owned(), number.parse().ok()?))
}

/// The names in an index file.
pub fn index(content: &[u8]) -> Vec<Vec<u8>> {
    let Some(end) = content.iter().rposition(|byte| *byte == b'\n') else {
        return Vec::new();
    };
    let lines = content[..end].split(|byte| *byte == b'\n');
    let name = |line: &[u8]| {
        let slash = line.iter().rposition(|byte| *byte == b'/');
        line[slash.map_or(0, |at| at + 1)..].to_vec()
    };
    lines.map(name).filter(|name| !name.is_empty()).collect()
}
