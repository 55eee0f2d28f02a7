//! The rule by which commits are confirmed, as a function of the voters alone.

use super::{
    chosen::{Precedence, best_of_zones, counted_zone, is_mentioned, mentioned, precedence},
    count::{connected_servers, nth_largest, nth_position, number_of, servers},
    terms::{Mention, Quorum, Term},
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
    candidates: Vec<(Precedence, Option<Position>)>,
}

/// How a replica takes part; the words are those of PostgreSQL's `sync_state`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The rule does not mention the replica.
    Async,
    /// `FIRST` would choose the replica if one that is chosen went away.
    Potential,
    /// The replica is one of those whom `FIRST` has chosen.
    Sync,
    /// The replica is one of several of whom any so many will do.
    Quorum,
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

    /// The newest position that is confirmed by those who are connected now. None: nothing
    /// is. May go back, when replicas leave, and also when `FIRST` chooses another one.
    pub fn position(&self, voters: &[Voter], scratch: &mut Scratch) -> Option<Position> {
        let Some(quorum) = &self.quorum else {
            return nth_position(voters, self.count, &mut scratch.positions);
        };
        let positions = quorum
            .terms
            .iter()
            .map(|term| self.position_of_term(term, voters, scratch));
        positions.min().flatten()
    }

    fn position_of_term(
        &self,
        term: &Term,
        voters: &[Voter],
        scratch: &mut Scratch,
    ) -> Option<Position> {
        match term {
            Term::Any(count, members) => {
                let positions = mentioned(voters, members).filter_map(|voter| voter.acked);
                nth_largest(positions, *count, &mut scratch.positions)
            }
            Term::First(count, members) => {
                first_position(voters, *count, members, &mut scratch.candidates)
            }
            Term::Zones(count) => {
                let best = best_of_zones(voters, self.own_zone.as_deref());
                let positions = best.filter_map(|voter| voter.acked);
                nth_largest(positions, *count, &mut scratch.positions)
            }
        }
    }

    /// Whether those who are connected can confirm a commit, once they have it.
    pub fn can_be_met(&self, voters: &[Voter]) -> bool {
        let Some(quorum) = &self.quorum else {
            return connected_servers(voters) >= self.count;
        };
        quorum.terms.iter().all(|term| match term {
            Term::Any(count, members) | Term::First(count, members) => {
                number_of(mentioned(voters, members)) >= *count
            }
            Term::Zones(count) => {
                number_of(best_of_zones(voters, self.own_zone.as_deref())) >= *count
            }
        })
    }

    /// How many different servers are connected that the rule mentions.
    pub fn counted(&self, voters: &[Voter]) -> u32 {
        match &self.quorum {
            None => connected_servers(voters),
            Some(_) => number_of(servers(voters).filter(|voter| self.mentions(voter))),
        }
    }

    /// Whether the rule mentions the replica of this connection. false also if the
    /// connection is unknown.
    pub fn is_counted(&self, voters: &[Voter], connection: ReplicaConnectionId) -> bool {
        server_of(voters, connection).is_some_and(|server| self.mentions(server))
    }

    fn mentions(&self, voter: &Voter) -> bool {
        let Some(quorum) = &self.quorum else {
            return true;
        };
        quorum.terms.iter().any(|term| match term {
            Term::Any(_, members) | Term::First(_, members) => is_mentioned(voter, members),
            Term::Zones(_) => counted_zone(voter, self.own_zone.as_deref()).is_some(),
        })
    }

    /// How the replica of this connection takes part. If several terms mention the replica:
    /// the term that can do least without it.
    pub fn standing(&self, voters: &[Voter], connection: ReplicaConnectionId) -> Standing {
        let Some(server) = server_of(voters, connection) else {
            return Standing::Async;
        };
        let Some(quorum) = &self.quorum else {
            return Standing::Quorum;
        };
        let standings = quorum.terms.iter().map(|term| match term {
            Term::Any(_, members) if is_mentioned(server, members) => Standing::Quorum,
            Term::First(count, members) => match is_chosen(server, voters, *count, members) {
                Some(true) => Standing::Sync,
                Some(false) => Standing::Potential,
                None => Standing::Async,
            },
            Term::Zones(_) if counted_zone(server, self.own_zone.as_deref()).is_some() => {
                Standing::Quorum
            }
            Term::Any(..) | Term::Zones(_) => Standing::Async,
        });
        let weight = |standing: &Standing| match standing {
            Standing::Async => 0,
            Standing::Potential => 1,
            Standing::Quorum => 2,
            Standing::Sync => 3,
        };
        standings.max_by_key(weight).unwrap_or(Standing::Async)
    }
}

/// What all of those have whom `FIRST` chooses. None also if fewer than `count` are there.
fn first_position(
    voters: &[Voter],
    count: u32,
    members: &[Mention],
    candidates: &mut Vec<(Precedence, Option<Position>)>,
) -> Option<Position> {
    let candidate = |voter: &Voter| Some((precedence(voter, members)?, voter.acked));
    candidates.clear();
    candidates.extend(servers(voters).filter_map(candidate));
    candidates.sort_unstable();
    let chosen = candidates.get(..usize::try_from(count).ok()?)?;
    chosen.iter().map(|(_, acked)| *acked).min().flatten()
}

/// Whether `FIRST` chooses the server. None: the term does not mention it.
pub fn is_chosen(
    server: &Voter,
    voters: &[Voter],
    count: u32,
    members: &[Mention],
) -> Option<bool> {
    let own = precedence(server, members)?;
    let others = servers(voters).filter_map(|voter| precedence(voter, members));
    Some(number_of(others.filter(|other| *other < own)) < count)
}

/// The connection by which the server takes part that has this one.
fn server_of(voters: &[Voter], connection: ReplicaConnectionId) -> Option<&Voter> {
    let same = voters.iter().find(|voter| voter.connection == connection)?;
    servers(voters).find(|server| server.server_id() == same.server_id())
}

#[cfg(test)]
mod tests;
