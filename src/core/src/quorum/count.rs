//! The newest position that so many servers have: stock's count.

use super::voter::Voter;
use crate::position::Position;

/// The newest position that at least `count` different servers have. None: fewer servers have
/// anything.
pub fn nth_position(voters: &[Voter], count: u32, scratch: &mut Vec<Position>) -> Option<Position> {
    nth_largest(
        servers(voters).filter_map(|voter| voter.acked),
        count,
        scratch,
    )
}

/// Sorts what is there, and takes the `count`-th largest. `scratch` is used again each time,
/// so that nothing is allocated in the long run.
pub fn nth_largest(
    positions: impl Iterator<Item = Position>,
    count: u32,
    scratch: &mut Vec<Position>,
) -> Option<Position> {
    scratch.clear();
    scratch.extend(positions);
    let nth = usize::try_from(count).ok()?.checked_sub(1)?;
    scratch.sort_unstable_by(|a, b| b.cmp(a));
    scratch.get(nth).copied()
}

/// The servers that are connected, each by one of its connections: by the one over which the
/// server has acknowledged most, or by the newer of two that are equal in that. So neither a
/// connection that is silent nor one that is dead takes anything from a server.
pub fn servers(voters: &[Voter]) -> impl Iterator<Item = &Voter> {
    voters.iter().filter(|voter| !is_superseded(voter, voters))
}

/// How many different servers are connected.
pub fn connected_servers(voters: &[Voter]) -> u32 {
    number_of(servers(voters))
}

pub fn number_of<T>(all: impl Iterator<Item = T>) -> u32 {
    u32::try_from(all.count()).unwrap_or(u32::MAX)
}

/// Whether the same server takes part by another connection.
pub fn is_superseded(voter: &Voter, voters: &[Voter]) -> bool {
    voters.iter().any(|other| {
        other.server_id() == voter.server_id()
            && (other.acked, other.connection) > (voter.acked, voter.connection)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{member::Member, quorum::voter::ReplicaConnectionId};
    use proptest::{collection::vec, prelude::*, test_runner::Config};
    use std::sync::Arc;

    fn voters() -> impl Strategy<Value = Vec<Voter>> {
        let acked = proptest::option::of((1..3_u64, 0..9_u64));
        vec((1..6_u32, acked), 0..10).prop_map(|connections| {
            let voter = |(connection, (server_id, acked)): (u64, (u32, Option<(u64, u64)>))| {
                Voter::new(
                    ReplicaConnectionId(connection),
                    Arc::new(Member::of(server_id)),
                    acked.map(|(file, offset)| Position { file, offset }),
                    true,
                )
            };
            (0..).zip(connections).map(voter).collect()
        })
    }

    /// How many servers have `at`, on any of their connections.
    fn having(voters: &[Voter], at: Position) -> usize {
        let has = |server: &u32| {
            let mut its = voters.iter().filter(|voter| voter.server_id() == *server);
            its.any(|voter| voter.acked >= Some(at))
        };
        (1..6).filter(has).count()
    }

    proptest! {
        #![proptest_config(Config {
            cases: if cfg!(miri) { 8 } else { 512 },
            failure_persistence: None,
            ..Config::default()
        })]

        #[test]
        fn enough_have_the_quorum_and_nothing_newer(voters in voters(), count in 1..6_usize) {
            let wanted = u32::try_from(count).unwrap();
            let quorum = nth_position(&voters, wanted, &mut Vec::new());
            if let Some(at) = quorum {
                prop_assert!(having(&voters, at) >= count);
            }
            for newer in voters.iter().filter_map(|voter| voter.acked) {
                prop_assert!(Some(newer) <= quorum || having(&voters, newer) < count);
            }
        }

        #[test]
        fn the_order_of_voters_is_of_no_account(voters in voters(), count in 1..6_u32) {
            let mut shuffled = voters.clone();
            shuffled.sort_by_key(|voter| (voter.acked, voter.server_id()));
            prop_assert_eq!(
                nth_position(&voters, count, &mut Vec::new()),
                nth_position(&shuffled, count, &mut Vec::new())
            );
            prop_assert_eq!(connected_servers(&voters), connected_servers(&shuffled));
        }
    }

    #[test]
    fn nobody_confirms_nothing() {
        let mut scratch = Vec::new();
        assert_eq!(nth_position(&[], 1, &mut scratch), None);
        assert_eq!(connected_servers(&[]), 0);
        let acked = Some(Position { file: 1, offset: 4 });
        let connection = ReplicaConnectionId(1);
        let one = [Voter::new(connection, Arc::new(Member::of(1)), acked, true)];
        assert_eq!(nth_position(&one, 0, &mut scratch), None);
        assert_eq!(nth_position(&one, u32::MAX, &mut scratch), None);
        assert_eq!(nth_position(&one, 1, &mut scratch), acked);
    }

    #[test]
    fn nothing_is_allocated_in_the_long_run() {
        let voters: Vec<_> = (1..=7)
            .map(|server_id| {
                Voter::new(
                    ReplicaConnectionId(server_id.into()),
                    Arc::new(Member::of(server_id)),
                    Some(Position { file: 1, offset: 4 }),
                    true,
                )
            })
            .collect();
        let mut scratch = Vec::new();
        nth_position(&voters, 4, &mut scratch);
        let room = (scratch.as_ptr(), scratch.capacity());
        for count in 1..=7 {
            nth_position(&voters, count, &mut scratch);
        }
        assert_eq!((scratch.as_ptr(), scratch.capacity()), room);
    }
}
