//! What ThreadSanitizer wrote, read.
//!
//! A report is a text between two lines of `=`. Its stacks have the frames of marked code, and the
//! callers of what the runtime looks at itself (locks, threads, allocations, copies):
//! `#0 <null> <null> (semisync_source.so+0x1234) (BuildId: ...)`.

use std::collections::BTreeSet;

/// How the names of our libraries begin, the one with planted faults included.
const OURS: &str = "semisync_";
const PLANTED: &str = "semisync_planted.so";
const BORDER: &str = "==================";
pub const DATA_RACE: &str = "data race";

/// Where the runtime itself is, when it looks at what the C library is asked for.
const RUNTIME: &str = "libclang_rt.tsan";

#[derive(Debug)]
pub struct Report {
    /// Such as `data race`.
    pub kind: String,
    lines: Vec<String>,
    /// Of a data race the first two are its accesses.
    stacks: Vec<Vec<Frame>>,
}

/// A file, and a place in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Frame {
    pub object: String,
    pub place: String,
}

/// All reports in the text.
pub fn read(text: &str) -> Vec<Report> {
    text.split(BORDER).filter_map(report).collect()
}

fn report(text: &str) -> Option<Report> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next()?.strip_prefix("WARNING: ThreadSanitizer: ")?;
    let kind = first.split(" (").next().unwrap_or(first).to_owned();
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    let frames: Vec<_> = lines.iter().map(|line| frame(line)).collect();
    let stacks = frames.split(Option::is_none);
    let stacks = stacks.filter(|stack| !stack.is_empty());
    let stacks = stacks.map(|stack| stack.iter().flatten().cloned().collect());
    Some(Report {
        kind,
        stacks: stacks.collect(),
        lines,
    })
}

fn frame(line: &str) -> Option<Frame> {
    if !line.trim_start().starts_with('#') {
        return None;
    }
    let (_, rest) = line.split_once('(')?;
    let (file, rest) = rest.split_once('+')?;
    let (place, _) = rest.split_once(')')?;
    Some(Frame {
        object: file.rsplit('/').next().unwrap_or(file).to_owned(),
        place: place.to_owned(),
    })
}

impl Frame {
    fn is_ours(&self) -> bool {
        self.object.starts_with(OURS)
    }
}

impl Report {
    /// A data race is ours if our code makes one of its accesses, itself or by a function of the C
    /// library. What the server does with its own memory while we have called it is not. Anything
    /// else is ours by any frame.
    pub fn is_ours(&self) -> bool {
        if self.kind == DATA_RACE {
            return self.accesses().any(Frame::is_ours);
        }
        self.stacks.iter().flatten().any(Frame::is_ours)
    }

    /// Where the two accesses are made.
    pub fn accesses(&self) -> impl Iterator<Item = &Frame> {
        let is_runtime = |frame: &&Frame| frame.object.starts_with(RUNTIME);
        let accesses = self.stacks.iter().take(2);
        accesses.filter_map(move |stack| stack.iter().find(|frame| !is_runtime(frame)))
    }

    pub fn is_planted(&self) -> bool {
        let mut frames = self.stacks.iter().flatten();
        frames.any(|frame| frame.object == PLANTED)
    }

    /// The places of our libraries in it, each once.
    pub fn own_frames(&self) -> BTreeSet<Frame> {
        let frames = self.stacks.iter().flatten();
        frames.filter(|frame| frame.is_ours()).cloned().collect()
    }

    /// Its lines, where `told` says of a frame of ours what is there.
    pub fn lines(&self, told: impl Fn(&Frame) -> Option<String>) -> Vec<String> {
        let line = |line: &String| match frame(line).as_ref().and_then(&told) {
            Some(words) => format!("    {words}"),
            None => line.clone(),
        };
        let first = format!("{}:", self.kind);
        std::iter::once(first)
            .chain(self.lines.iter().map(line))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
==================
WARNING: ThreadSanitizer: data race (pid=7)
  Write of size 8 at 0x7b by thread T1:
    #0 <null> <null> (libclang_rt.tsan-x86_64.so+0x56)
    #1 <null> <null> (semisync_source.so+0x12) (BuildId: ab)
    #2 <null> <null> (/x/mysqld+0x34)

  Previous read of size 8 at 0x7b by main thread:
    #0 <null> <null> (/x/mysqld+0x78)

SUMMARY: ThreadSanitizer: data race (semisync_source.so+0x12)
==================
==================
WARNING: ThreadSanitizer: data race (pid=7)
  Write of size 8 at 0x7b by thread T1:
    #0 <null> <null> (libclang_rt.tsan-x86_64.so+0x56)
    #1 <null> <null> (/x/mysqld+0x34)
    #2 <null> <null> (semisync_source.so+0x12) (BuildId: ab)

  Previous read of size 8 at 0x7b by main thread:
    #0 <null> <null> (/x/mysqld+0x78)
==================
WARNING: ThreadSanitizer: lock-order-inversion (potential deadlock) (pid=7)
    #0 <null> <null> (/home/semisync_/libc.so.6+0x9)
==================
ThreadSanitizer: reported 3 warnings
";

    #[test]
    fn a_race_is_ours_by_the_frame_that_reads_or_writes() {
        let reports = read(TEXT);
        let kinds: Vec<_> = reports.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, [DATA_RACE, DATA_RACE, "lock-order-inversion"]);
        let ours: Vec<_> = reports.iter().map(Report::is_ours).collect();
        assert_eq!(ours, [true, false, false]);
        assert!(reports.iter().all(|report| !report.is_planted()));
        let frames: Vec<_> = reports[0].accesses().map(|frame| &*frame.place).collect();
        assert_eq!(frames, ["0x12", "0x78"]);
    }

    #[test]
    fn a_frame_of_ours_is_told_by_what_is_there() {
        let report = &read(TEXT)[0];
        assert_eq!(report.own_frames().len(), 1);
        let told = |frame: &Frame| frame.is_ours().then(|| "a place".to_owned());
        let lines = report.lines(told);
        assert_eq!(lines[3], "    a place");
        assert!(lines[4].contains("mysqld+0x34"));
    }
}
