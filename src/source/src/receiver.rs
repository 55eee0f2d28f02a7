//! The thread that reads acknowledgements: one poller over all replicas. It reads without
//! blocking, and each connection keeps a buffer of its own, so a replica that sends half a
//! packet, or nothing, delays nobody.
//!
//! Connections are watched by their id, not their descriptor: an event of a connection
//! that has just been closed finds none. Level-triggered, one read for each event, so that
//! a flood from one replica takes its turn.

use crate::{
    Vocabulary,
    ack_figures::LastAck,
    messages,
    replica_connection::{ReadEnd, ReplicaConnection},
    replicas::Replicas,
    state::State,
    variables::traces_details,
};
use semisync_core::{AckVerdict, Claim, ReplicaConnectionId, Violation};
use semisync_server::{
    MonotonicMicros, Poller, Ready,
    psi::{Thread, ThreadKind},
    system_micros,
};
use std::{
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Stock's name in `performance_schema.threads` and in `top -H`.
pub static THREAD: ThreadKind = ThreadKind::new(c"Ack_receiver", c"ss_ack");

/// One TLS record, so that a read leaves none behind inside the SSL object.
const READ_SIZE: usize = 16 * 1024;

/// The thread, and how to end it.
pub struct Receiver {
    poller: Arc<Poller>,
    signs: Arc<Signs>,
    thread: Thread,
}

/// What the thread and the others tell each other.
#[derive(Default)]
struct Signs {
    stop: AtomicBool,
    ended: AtomicBool,
}

impl Receiver {
    /// The error is an errno: no descriptor or no thread could be had.
    pub fn start(
        state: &'static State,
        replicas: &'static Replicas,
        words: &'static Vocabulary,
    ) -> Result<Self, c_int> {
        let poller = Arc::new(Poller::new()?);
        let signs = Arc::new(Signs::default());
        let run = Run {
            state,
            replicas,
            words,
            poller: Arc::clone(&poller),
            signs: Arc::clone(&signs),
        };
        let thread = THREAD.spawn(state.server, move || run.run())?;
        Ok(Self {
            poller,
            signs,
            thread,
        })
    }

    pub fn poller(&self) -> &Arc<Poller> {
        &self.poller
    }

    /// Whether the thread is gone although nobody stopped it.
    pub fn has_ended(&self) -> bool {
        self.signs.ended.load(Ordering::Acquire)
    }

    /// Ends the thread and waits for it: it sleeps in the poller only, so this takes no
    /// time. None of our locks may be held.
    pub fn stop(self) {
        self.signs.stop.store(true, Ordering::Release);
        self.poller.wake();
        if let Err(errno) = self.thread.join() {
            messages::receiver_failed_to_stop(errno);
        }
    }
}

/// What the thread works with.
struct Run {
    state: &'static State,
    replicas: &'static Replicas,
    words: &'static Vocabulary,
    poller: Arc<Poller>,
    signs: Arc<Signs>,
}

impl Run {
    fn run(&self) {
        messages::receiver_starts();
        // Also after a panic the next start must find that this one is over.
        let _ended = Ended(&self.signs.ended);
        let mut buffer = vec![0; READ_SIZE];
        let mut acks = Acks::default();
        let mut ready = Ready::default();
        while !self.signs.stop.load(Ordering::Acquire) {
            if let Err(errno) = self.sleep(&mut ready) {
                messages::receiver_failed_to_wait(errno);
                // Nobody reads acknowledgements any more.
                self.state.update(|core| core.on_disable());
                break;
            }
            self.state.ring();
            self.words.reading_ack.enter(self.state.server);
            for token in ready.tokens() {
                if let Some(connection) = self.replicas.find(ReplicaConnectionId(token)) {
                    self.serve(&connection, &mut buffer, &mut acks);
                }
            }
        }
        messages::receiver_stops();
    }

    /// Until an acknowledgement comes, or the time that the coordinator wants to be told.
    fn sleep(&self, ready: &mut Ready) -> Result<(), c_int> {
        let time = self.state.alarm.left();
        if self.replicas.is_empty() {
            self.words.waiting_for_replica.enter(self.state.server);
            let sleep = || self.poller.wait(ready, time);
            self.replicas.alone.wait(sleep)
        } else {
            self.words.waiting_for_ack.enter(self.state.server);
            self.poller.wait(ready, time)
        }
    }

    /// Reads once from a connection and hands on what it acknowledged.
    fn serve(&self, connection: &ReplicaConnection, buffer: &mut [u8], acks: &mut Acks) {
        acks.clear();
        let mut end = connection.read(buffer, &mut |name, offset| acks.push(name, offset));
        for (name, offset) in acks.iter() {
            if let Err(violation) = self.on_ack(connection, name, offset) {
                end = ReadEnd::Broken(violation);
                break;
            }
        }
        match end {
            ReadEnd::Open => {}
            ReadEnd::Closed => self.replicas.lose(self.state, connection),
            ReadEnd::Broken(violation) => {
                messages::violation(connection.server_id, &connection.peer, violation);
                connection.acks.on_refused();
                connection.on_fault("it broke the protocol: see the error log");
                self.replicas.refuse(self.state, connection);
            }
        }
    }

    fn on_ack(
        &self,
        connection: &ReplicaConnection,
        name: &[u8],
        offset: u64,
    ) -> Result<(), Violation> {
        let id = connection.id;
        let (claim, sent) = connection.claim(name, offset);
        let (since, time) = (MonotonicMicros::now(), system_micros());
        let note = |at, verdict, took| match verdict {
            AckVerdict::Accepted | AckVerdict::Stale => connection.acks.on_ack(LastAck {
                at,
                since,
                time,
                took,
            }),
            AckVerdict::FromTheFuture { .. } => connection.acks.on_refused(),
            AckVerdict::UnknownConnection => {}
        };
        let verdict = match claim {
            Claim::Has(Some(at)) => {
                let note = |verdict, took| note(Some(at), verdict, took);
                self.state.on_ack(id, at, sent, since, note)
            }
            Claim::Has(None) => {
                note(None, AckVerdict::Stale, None);
                AckVerdict::Stale
            }
            Claim::Unsent => {
                let verdict = self.state.update(|core| core.on_ack_of_unsent(id));
                note(None, verdict, None);
                verdict
            }
            Claim::Foreign => return Err(Violation::BadName),
        };
        if let AckVerdict::FromTheFuture { first: true } = verdict {
            let (server_id, peer) = (connection.server_id, &connection.peer);
            messages::from_the_future(server_id, peer, connection.sent_up_to(), name, offset);
        }
        if traces_details() {
            messages::trace_ack(connection.server_id, name, offset);
        }
        Ok(())
    }
}

struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Acknowledgements: of each the name of a file, and how much of the file. A buffer
/// that is used again.
#[derive(Default)]
struct Acks {
    names: Vec<u8>,
    /// Where each name ends in `names`, and the offset.
    ends: Vec<(usize, u64)>,
}

impl Acks {
    fn push(&mut self, name: &[u8], offset: u64) {
        self.names.extend_from_slice(name);
        self.ends.push((self.names.len(), offset));
    }

    fn clear(&mut self) {
        self.names.clear();
        self.ends.clear();
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, offset)| {
            let name = self.names.get(start..*end).unwrap_or_default();
            start = *end;
            (name, *offset)
        })
    }
}
