//! The rule by which commits are confirmed, as a function of the voters alone.

use super::{
    count::{connected_servers, is_superseded, nth_position},
    terms::Quorum,
    voter::{ReplicaConnectionId, Voter},
};
use crate::position::Position;
use std::sync::Arc;

/// Who must have a commit: any `count` servers, or, where there is one, the quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    pub quorum: Option<Arc<Quorum>>,
    pub count: u32,
    /// The source's own zone: `ZONES` does not count that one.
    pub own_zone: Option<Box<str>>,
}

/// Room that is used again each time, so that nothing is allocated in the long run.
#[derive(Default, Debug)]
pub struct Scratch {
    positions: Vec<Position>,
}

/// How a replica takes part; the words are those of PostgreSQL's `sync_state`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// The rule does not mention the replica.
    Async,
    /// The replica would be chosen if one that was chosen went away.
    Potential,
    /// The replica is one of those whom `FIRST` has chosen.
    Sync,
    /// The replica is one of several of whom any so many will do.
    Quorum,
}

/// Why a position is not confirmed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lacking {
    /// How many servers that count have it.
    pub acknowledged_by: u32,
    /// How many must have it.
    pub needed: u32,
    /// Who is waited for, as a person reads it. Empty: nobody, the position is confirmed.
    pub missing: String,
}

impl Rule {
    /// Stock's: any `count` servers.
    pub fn of_count(count: u32) -> Self {
        Self {
            quorum: None,
            count,
            own_zone: None,
        }
    }

    /// The newest position that is confirmed. None: nothing is. A server votes by the
    /// connection over which it has acknowledged most.
    pub fn position(&self, voters: &[Voter], scratch: &mut Scratch) -> Option<Position> {
        nth_position(voters, self.count, &mut scratch.positions)
    }

    /// Whether those who are connected can confirm a commit.
    pub fn can_be_met(&self, voters: &[Voter]) -> bool {
        connected_servers(voters) >= self.count
    }

    /// How many different servers are connected that count.
    pub fn counted(&self, voters: &[Voter]) -> u32 {
        connected_servers(voters)
    }

    /// Whether the replica of this connection counts.
    pub fn is_counted(&self, voters: &[Voter], connection: ReplicaConnectionId) -> bool {
        self.standing(voters, connection) != Standing::Async
    }

    /// How the replica of this connection takes part.
    pub fn standing(&self, voters: &[Voter], connection: ReplicaConnectionId) -> Standing {
        let mut voters = voters.iter();
        match voters.find(|voter| voter.connection == connection) {
            None => Standing::Async,
            Some(_) => Standing::Quorum,
        }
    }

    /// What a commit that ends at `at` waits for.
    pub fn lacking(&self, voters: &[Voter], at: Position) -> Lacking {
        let has = |voter: &&Voter| voter.acked >= Some(at) && !is_superseded(voter, voters);
        let acknowledged_by = voters.iter().filter(has).count();
        Lacking {
            acknowledged_by: u32::try_from(acknowledged_by).unwrap_or(u32::MAX),
            needed: self.count,
            missing: String::new(),
        }
    }
}
