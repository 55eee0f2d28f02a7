//! The newest position that enough replicas have: a function of where each
//! replica stands now, not of the order in which that became known.

use crate::position::Position;

/// A connection of a replica. Grows with each connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct LinkId(pub u64);

/// A connected replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Voter {
    pub server_id: u32,
    pub link: LinkId,
    /// What it acknowledged last; None: nothing on this connection.
    pub newest: Option<Position>,
}

/// The newest position that at least `count` different servers have: sort what
/// each has, take the `count`-th largest. None: fewer have anything. Of each
/// server its newest connection votes. `scratch` is reused, so that nothing is
/// allocated in the long run.
pub fn quorum_position(
    voters: &[Voter],
    count: u32,
    scratch: &mut Vec<Position>,
) -> Option<Position> {
    scratch.clear();
    scratch.extend(
        voters
            .iter()
            .filter(|voter| !is_superseded(voter, voters))
            .filter_map(|voter| voter.newest),
    );
    let nth = usize::try_from(count).ok()?.checked_sub(1)?;
    scratch.sort_unstable_by(|a, b| b.cmp(a));
    scratch.get(nth).copied()
}

/// How many different servers are connected.
pub fn connected_servers(voters: &[Voter]) -> u32 {
    let servers = voters
        .iter()
        .filter(|voter| !is_superseded(voter, voters))
        .count();
    u32::try_from(servers).unwrap_or(u32::MAX)
}

/// Whether the same server has a newer connection.
fn is_superseded(voter: &Voter, voters: &[Voter]) -> bool {
    voters
        .iter()
        .any(|other| other.server_id == voter.server_id && other.link > voter.link)
}
