//! Whom a term counts, out of those who are connected.

use super::{
    count::{is_superseded, servers},
    terms::Mention,
    voter::Voter,
};

/// A server's place in the order in which `FIRST` chooses; the smallest is chosen first.
///
/// Whoever still catches up comes behind those who do not, as PostgreSQL's
/// `SyncRepGetCandidateStandbys` leaves out walsenders that do not stream yet: a member that
/// returns after a long time must not hold up commits until it has caught up. After that
/// counts the order of the members in the term. Servers that match the same member are in the
/// order of their server ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Precedence {
    catches_up: bool,
    nth_member: usize,
    server_id: u32,
}

/// None: no member of the list matches.
pub fn precedence(voter: &Voter, members: &[Mention]) -> Option<Precedence> {
    let nth_member = members
        .iter()
        .position(|mention| mention.matches(&voter.member))?;
    Some(Precedence {
        catches_up: !voter.streaming,
        nth_member,
        server_id: voter.server_id(),
    })
}

/// The servers that a list mentions.
pub fn mentioned<'a>(
    voters: &'a [Voter],
    members: &'a [Mention],
) -> impl Iterator<Item = &'a Voter> {
    servers(voters).filter(|voter| is_mentioned(voter, members))
}

pub fn is_mentioned(voter: &Voter, members: &[Mention]) -> bool {
    members.iter().any(|mention| mention.matches(&voter.member))
}

/// Of each zone that `ZONES` counts, the server that has most.
pub fn best_of_zones<'a>(
    voters: &'a [Voter],
    own_zone: Option<&'a str>,
) -> impl Iterator<Item = &'a Voter> {
    servers(voters).filter(move |voter| {
        let Some(zone) = counted_zone(voter, own_zone) else {
            return false;
        };
        let rank = |voter: &Voter| (voter.acked, voter.connection);
        let is_of_zone = |other: &Voter| {
            let others = other.member.zone.as_deref();
            others.is_some_and(|others| others.eq_ignore_ascii_case(zone))
        };
        !voters.iter().any(|other| {
            rank(other) > rank(voter) && is_of_zone(other) && !is_superseded(other, voters)
        })
    })
}

/// The server's zone, if `ZONES` counts that zone.
pub fn counted_zone<'a>(voter: &'a Voter, own_zone: Option<&str>) -> Option<&'a str> {
    let zone = voter.member.zone.as_deref()?;
    let is_own = own_zone.is_some_and(|own| own.eq_ignore_ascii_case(zone));
    (!is_own).then_some(zone)
}
