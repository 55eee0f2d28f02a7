//! What was done to the servers and the network, and when: the reasons why a commit stood still,
//! and the times in which an OK proves nothing.

use std::sync::Mutex;
use std::time::Instant;

use semisync_live_tests::lock;

/// From a moment to another; `None`: to the end of the round.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub begin: Instant,
    pub end: Option<Instant>,
}

impl Span {
    pub fn meets(&self, begin: Instant, end: Instant) -> bool {
        self.begin <= end && self.end.is_none_or(|own| own >= begin)
    }
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub what: String,
    pub span: Span,
}

#[derive(Default)]
pub struct Diary {
    entries: Mutex<Vec<Entry>>,
    doubts: Mutex<Vec<Span>>,
}

impl Diary {
    pub fn begin(&self, what: String) -> usize {
        let mut entries = lock(&self.entries);
        entries.push(Entry { what, span: now() });
        entries.len() - 1
    }

    pub fn end(&self, number: usize) {
        lock(&self.entries)[number].span.end = Some(Instant::now());
    }

    /// From now on an OK may be one that no replica has confirmed.
    pub fn begin_doubt(&self) -> usize {
        let mut doubts = lock(&self.doubts);
        doubts.push(now());
        doubts.len() - 1
    }

    /// A commit that begins from now on waits again.
    pub fn end_doubt(&self, number: usize) {
        lock(&self.doubts)[number].end = Some(Instant::now());
    }

    pub fn doubts(&self) -> Vec<Span> {
        lock(&self.doubts).clone()
    }

    /// What went on between two moments.
    pub fn between(&self, begin: Instant, end: Instant) -> Vec<String> {
        let entries = lock(&self.entries);
        let met = entries.iter().filter(|entry| entry.span.meets(begin, end));
        met.map(|entry| entry.what.clone()).collect()
    }
}

fn now() -> Span {
    Span {
        begin: Instant::now(),
        end: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_span_without_an_end_meets_all_that_comes_later() {
        let begin = Instant::now();
        let (sooner, later) = (
            begin - Duration::from_secs(1),
            begin + Duration::from_secs(1),
        );
        let open = Span { begin, end: None };
        assert!(open.meets(later, later));
        assert!(open.meets(sooner, later));
        assert!(!open.meets(sooner, sooner));
        let over = Span {
            begin: sooner,
            end: Some(begin),
        };
        assert!(!over.meets(later, later));
        assert!(over.meets(begin, later));
    }
}
