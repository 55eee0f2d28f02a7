//! What lies between source and replica. Each direction of a connection delivers in order
//! and late. Something is lost when a connection breaks, or when a replica fails to answer.
//! Connections overtake each other.

use proptest::{
    prelude::RngExt,
    test_runner::{RngAlgorithm, TestRng},
};
use semisync_core::{Position, ReplicaConnectionId};
use std::collections::VecDeque;

/// Numbers that look random and follow from the seed.
pub struct Chance(TestRng);

impl Chance {
    pub fn new(seed: u64) -> Self {
        let seed = [seed.to_le_bytes(); 2].concat();
        Self(TestRng::from_seed(RngAlgorithm::XorShift, &seed))
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(..end)
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// One direction of a connection.
pub struct Pipe<T>(VecDeque<(u64, T)>);

impl<T> Pipe<T> {
    pub fn new() -> Self {
        Self(VecDeque::new())
    }

    pub fn push(&mut self, arrives: u64, what: T) {
        let last = self.0.back().map_or(0, |(arrives, _)| *arrives);
        self.0.push_back((arrives.max(last), what));
    }

    pub fn arrived(&mut self, now: u64) -> Option<T> {
        let (arrives, _) = self.0.front()?;
        if *arrives > now {
            return None;
        }
        self.0.pop_front().map(|(_, what)| what)
    }
}

pub enum Packet {
    /// The group with this number in the log, whole.
    Group {
        number: usize,
        asks: bool,
    },
    Heartbeat {
        at: Position,
        asks: bool,
    },
}

/// A connection as the source sees it, and what is under way on it.
pub struct Connection {
    pub id: ReplicaConnectionId,
    pub replica: usize,
    /// The number of the group to be sent next.
    pub next: usize,
    pub sent: Option<Position>,
    /// Groups were skipped because the replica had them, and the replica was not told yet.
    pub skipping: bool,
    pub last_packet: u64,
    pub to_replica: Pipe<Packet>,
    pub to_source: Pipe<Position>,
    /// When the source finds out that the replica has given the connection up.
    pub dies: Option<u64>,
}

pub struct Replica {
    pub server_id: u32,
    /// How many groups of the log are in its relay log.
    pub has: usize,
    /// The connection that it uses.
    pub connection: Option<ReplicaConnectionId>,
}
