//! The hand-offs of one commit, found in a trace.
//!
//! Each hand-off has a moment when it begins (a thread is woken, a packet leaves) and one when it
//! is done (that thread runs). Nobody is woken who does not sleep, and nobody hands on what he does
//! by himself: then a moment is missing, and the hop to it takes no time.

use crate::hops::cast::{Cast, READS, SENDS};
use crate::hops::events::{Event, Kind, Tid};

/// The moments of a commit, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// The client sends its statement.
    Asked,
    SessionRuns,
    /// The session has written the binary log.
    Flushed,
    /// The session wakes the dump thread.
    DumpWoken,
    DumpRuns,
    /// The dump thread begins to send the events.
    EventsSent,
    /// The packet has reached the replica, whose receiver is woken.
    ReceiverWoken,
    ReceiverRuns,
    /// The last event is in the relay log.
    Logged,
    /// The receiver begins to send the acknowledgement.
    AckSent,
    /// The acknowledgement has reached the source, and a thread is woken to read it.
    ReaderWoken,
    ReaderRuns,
    AckRead,
    /// Whoever read it wakes the session.
    SessionWoken,
    SessionGoesOn,
    /// The session has committed, and begins to send the OK.
    Answered,
    /// The client has it.
    Told,
    /// The session fell asleep to wait for the acknowledgement. Not a part of the chain.
    SessionSleeps,
}
use Moment::*;

/// The moments of a commit that waits.
pub const CHAIN: [Moment; 17] = [
    Asked,
    SessionRuns,
    Flushed,
    DumpWoken,
    DumpRuns,
    EventsSent,
    ReceiverWoken,
    ReceiverRuns,
    Logged,
    AckSent,
    ReaderWoken,
    ReaderRuns,
    AckRead,
    SessionWoken,
    SessionGoesOn,
    Answered,
    Told,
];
/// Of one that does not. What the replica does meanwhile keeps nobody waiting.
pub const SHORT_CHAIN: [Moment; 5] = [Asked, SessionRuns, Flushed, Answered, Told];

/// One commit. Times are in microseconds since the client asked.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Commit {
    times: [Option<u64>; SessionSleeps as usize + 1],
    /// Whether the session itself read the acknowledgement.
    pub session_reads: bool,
}

impl Commit {
    pub fn at(&self, moment: Moment) -> Option<u64> {
        self.times[moment as usize]
    }

    /// How long each hop of a chain took: one less than moments.
    pub fn hops(&self, chain: &[Moment]) -> Vec<u64> {
        let mut last = 0;
        let ends = chain.iter().skip(1);
        ends.map(|moment| {
            let time = self.at(*moment).unwrap_or(last).max(last);
            let took = time - last;
            last = time;
            took
        })
        .collect()
    }
}

/// All commits of a trace in which the chain was found. The first and the last are left out: the
/// trace may hold only a part of them.
pub fn commits(events: &[Event], cast: &Cast, waits: bool) -> Vec<Commit> {
    let asks = |kind| sends(kind, cast.client, |_| true);
    let begins = events.iter().enumerate();
    let begins = begins.filter(|(_, event)| asks(event.kind));
    let begins: Vec<usize> = begins.map(|(at, _)| at).collect();
    let inner = begins.windows(2).skip(1);
    let found = inner.filter_map(|pair| {
        let events = events.get(pair[0]..pair[1])?;
        let mut window = Window {
            events,
            cast,
            commit: Commit::default(),
        };
        window.find(waits)?;
        Some(window.commit)
    });
    found.collect()
}

/// The events between two questions of the client.
struct Window<'a> {
    events: &'a [Event],
    cast: &'a Cast,
    commit: Commit,
}

impl Window<'_> {
    /// None: something was not found that every commit has.
    fn find(&mut self, waits: bool) -> Option<()> {
        let cast = self.cast;
        let (source, session) = (&cast.source, cast.session);
        let end = self.events.len();
        self.note(Asked, 0);
        let session_runs = self.runs(0, session)?;
        self.note(SessionRuns, session_runs);
        let write = self.first(session_runs, end, |kind| {
            sends(kind, session, |fd| source.is_log(fd))
        })?;
        let flushed = self.answer_of(write, session)?;
        self.note(Flushed, flushed);
        let sends_on = |thread| move |kind| sends(kind, thread, |fd| source.is_socket(fd));
        let answered = self.first(flushed, end, sends_on(session))?;
        self.note(Answered, answered);
        let told = self.first(answered, end, |kind| has_read(kind, cast.client))?;
        self.note(Told, told);

        let until = if waits { answered } else { end };
        let sent = self.first(flushed, until, sends_on(cast.dump));
        let found = sent.and_then(|sent| {
            self.note(EventsSent, sent);
            self.note(DumpWoken, self.woken(flushed, sent, cast.dump));
            self.note(DumpRuns, self.resumes(flushed, sent, cast.dump, session));
            self.find_in_replica(sent, until, waits)
        });
        // Nobody waits for this, and it may be late.
        if !waits {
            return Some(());
        }
        self.find_reply(found?, answered)
    }

    /// From the packet to the acknowledgement's leaving, or to the write of the last event.
    fn find_in_replica(&mut self, sent: usize, until: usize, waits: bool) -> Option<usize> {
        let (replica, receiver) = (&self.cast.replica, self.cast.receiver);
        let ack = self.first(sent, until, |kind| {
            sends(kind, receiver, |fd| replica.is_socket(fd))
        });
        let end = if waits { ack? } else { until };
        let write = self.last(sent, end, |kind| {
            sends(kind, receiver, |fd| replica.is_log(fd))
        })?;
        let logged = self.answer_of(write, receiver)?;
        let woken = self.woken(sent, logged, receiver);
        self.note(ReceiverWoken, woken);
        self.note(ReceiverRuns, self.runs(woken.unwrap_or(sent), receiver));
        self.note(Logged, logged);
        self.note(AckSent, ack);
        ack
    }

    /// From the acknowledgement's leaving to the session, which has answered its client then.
    fn find_reply(&mut self, ack: usize, answered: usize) -> Option<()> {
        let session = self.cast.session;
        let (first_read, reader) = self.first_read(ack, answered)?;
        let wakes = |kind| matches!(kind, Kind::Waking { waker, .. } if waker == reader);
        // Stock reads a packet in two calls.
        let until = self.first(first_read, answered, wakes).unwrap_or(answered);
        let read = self.last(first_read, until, |kind| has_read(kind, reader))?;
        let reader_woken = self.woken(ack, first_read, reader);
        let reader_runs = match reader_woken {
            Some(woken) => self.runs(woken, reader),
            // It was awake, and looked for the acknowledgement by itself.
            None => Some(self.call_of(first_read, reader)?.max(ack)),
        };
        self.note(ReaderWoken, reader_woken);
        self.note(ReaderRuns, reader_runs);
        self.note(AckRead, read);
        let mut until = reader_runs?;
        if reader == session {
            self.commit.session_reads = true;
        } else if let Some(woken) = self.woken(read, answered, session) {
            self.note(SessionWoken, woken);
            until = self.resumes(woken, answered, session, reader)?;
            self.note(SessionGoesOn, until);
        }
        let sleeps =
            |kind| matches!(kind, Kind::Switch { from, sleeps: true, .. } if from == session);
        let flushed = self.first(0, until, |kind| {
            sends(kind, session, |fd| self.cast.source.is_log(fd))
        })?;
        self.note(SessionSleeps, self.last(flushed, until, sleeps));
        Some(())
    }

    /// Where a thread of the source has read the first of an acknowledgement, and which thread. It
    /// is no statement of the client, who waits for an answer.
    fn first_read(&self, ack: usize, answered: usize) -> Option<(usize, Tid)> {
        let source = &self.cast.source;
        (ack..answered).find_map(|index| {
            let thread = self.events[index].kind.runs();
            let reads = thread != self.cast.dump
                && source.has(thread)
                && has_read(self.events[index].kind, thread);
            let begun = reads.then(|| self.call_of(index, thread)).flatten()?;
            match self.events[begun].kind {
                Kind::Enter { fd, .. } if source.is_socket(fd) => Some((index, thread)),
                _ => None,
            }
        })
    }

    /// The time of a moment, if it was found.
    fn note(&mut self, moment: Moment, index: impl Into<Option<usize>>) {
        let base = self.events[0].at;
        let time = index.into().map(|index| self.events[index].at - base);
        self.commit.times[moment as usize] = time;
    }

    /// The first event in between that fits.
    fn first(&self, from: usize, to: usize, fits: impl Fn(Kind) -> bool) -> Option<usize> {
        (from..to).find(|index| fits(self.events[*index].kind))
    }

    /// The last event in between that fits.
    fn last(&self, from: usize, to: usize, fits: impl Fn(Kind) -> bool) -> Option<usize> {
        let mut indexes = (from..to).rev();
        indexes.find(|index| fits(self.events[*index].kind))
    }

    /// The first event after `from` that shows the thread at work.
    fn runs(&self, from: usize, thread: Tid) -> Option<usize> {
        self.first(from + 1, self.events.len(), |kind| kind.runs() == thread)
    }

    /// The first time in between that the thread is woken.
    fn woken(&self, from: usize, to: usize, of: Tid) -> Option<usize> {
        self.first(
            from,
            to,
            |kind| matches!(kind, Kind::Waking { thread, .. } if thread == of),
        )
    }

    /// Where the thread runs after it was last woken in between, by that other thread. (It may be
    /// woken twice: the first time it found a mutex locked that its waker held.) The switch from an
    /// idle core may be missing in a trace; then the next that the thread does shows it.
    fn resumes(&self, from: usize, to: usize, of: Tid, by: Tid) -> Option<usize> {
        let woken = self.last(
            from,
            to,
            |kind| matches!(kind, Kind::Waking { waker, thread } if (waker, thread) == (by, of)),
        )?;
        self.runs(woken, of)
    }

    /// Where the call ends that begins here.
    fn answer_of(&self, begun: usize, thread: Tid) -> Option<usize> {
        self.first(
            begun,
            self.events.len(),
            |kind| matches!(kind, Kind::Exit { thread: of, .. } if of == thread),
        )
    }

    /// Where the call begins that ends here.
    fn call_of(&self, ended: usize, thread: Tid) -> Option<usize> {
        self.last(
            0,
            ended,
            |kind| matches!(kind, Kind::Enter { thread: of, .. } if of == thread),
        )
    }
}

/// Whether the thread has read something.
fn has_read(kind: Kind, of: Tid) -> bool {
    matches!(kind, Kind::Exit { thread, call, result: 1.. }
        if thread == of && READS.contains(&call))
}

/// Whether the thread begins to send, or to write, to such a descriptor.
fn sends(kind: Kind, of: Tid, fits: impl Fn(u64) -> bool) -> bool {
    matches!(kind, Kind::Enter { thread, call, fd }
        if thread == of && SENDS.contains(&call) && fits(fd))
}

#[cfg(test)]
mod tests;
