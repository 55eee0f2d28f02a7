//! Where acknowledgements come in: one poller over all replicas. Whoever has its seat reads
//! without blocking, and each connection keeps a buffer of its own, so a replica that sends
//! half a packet, or nothing, delays nobody.
//!
//! Connections are watched by their id, not their descriptor: an event of a connection
//! that has just been closed finds none. Level-triggered, one read for each event, so that
//! a flood from one replica takes its turn.

use crate::{
    ack_figures::LastAck,
    messages,
    replica_connection::{ReadEnd, ReplicaConnection},
    replicas::Replicas,
    spin::Spin,
    state::State,
    variables::traces_details,
};
use semisync_core::{AckVerdict, Claim, ReplicaConnectionId, Violation};
use semisync_server::{
    MonotonicMicros, Ready, Seat,
    sync::{Mutex, MutexGuard},
    system_micros,
};
use std::{ffi::c_int, pin::Pin, sync::Arc};

/// One TLS record, so that a read leaves none behind inside the SSL object.
const READ_SIZE: usize = 16 * 1024;

/// The connections, what is slept on, and room to read into.
pub struct Intake {
    pub seat: Pin<Arc<Seat>>,
    state: &'static State,
    replicas: &'static Replicas,
    desk: Mutex<Desk>,
}

/// What whoever has the seat works with, used again and again.
pub struct Desk {
    pub ready: Ready,
    pub spin: Spin,
    buffer: Box<[u8]>,
    acks: Acks,
}

impl Intake {
    /// The error is an errno: no descriptor is left.
    pub fn new(state: &'static State, replicas: &'static Replicas) -> Result<Self, c_int> {
        Ok(Self {
            seat: Seat::new(|| state.is_anybody_waiting())?,
            state,
            replicas,
            desk: Mutex::new(Desk {
                ready: Ready::default(),
                spin: Spin::default(),
                buffer: vec![0; READ_SIZE].into(),
                acks: Acks::default(),
            }),
        })
    }

    /// For whoever has the seat, so nobody else holds it for long.
    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock()
    }

    /// Reads from the connections that are ready, and hands on what they acknowledge.
    pub fn read(&self, desk: &mut Desk) {
        let Desk {
            ready,
            buffer,
            acks,
            ..
        } = desk;
        for token in ready.tokens() {
            if let Some(connection) = self.replicas.find(ReplicaConnectionId(token)) {
                self.serve(&connection, buffer, acks);
            }
        }
        ready.clear();
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
