//! Replicas that have left: "was it acknowledging when it left?" A replica stays here for an hour,
//! or until it is back, and no more than 64 do.

use crate::figures::{Phase, ReplicaFigures};
use semisync_core::Member;
use semisync_server::sync::Mutex;
use std::collections::VecDeque;

/// How long it is remembered, in microseconds.
const REMEMBERED_FOR: u64 = 3_600_000_000;
/// How many are remembered.
const REMEMBERED: usize = 64;

/// Why it does not count, if it counted to the end.
const HAS_LEFT: &str = "it has left";

/// Nothing nests in the lock. Times are microseconds of the monotonic clock.
#[derive(Default)]
pub struct Gone(Mutex<VecDeque<Left>>);

/// A connection that has ended.
struct Left {
    since: u64,
    figures: ReplicaFigures,
}

impl Gone {
    /// A connection ends, with these figures. The first to tell of it is believed. An older
    /// connection of the same server is forgotten. Nobody counts who has left.
    pub fn add(&self, figures: ReplicaFigures, now: u64) {
        let mut left = self.0.lock();
        if left.iter().any(|old| is_same(&old.figures, &figures)) {
            return;
        }
        left.retain(|old| !is_server(&old.figures.member, &figures.member));
        left.push_back(Left {
            since: now,
            figures: ReplicaFigures {
                phase: Phase::Gone,
                not_counted: Some(figures.not_counted.unwrap_or_else(|| HAS_LEFT.to_owned())),
                ..figures
            },
        });
        if left.len() > REMEMBERED {
            left.pop_front();
        }
    }

    /// Those that are not back. `connected`: those that are there.
    pub fn list(&self, connected: &[ReplicaFigures], now: u64) -> Vec<ReplicaFigures> {
        let mut left = self.0.lock();
        left.retain(|old| now.saturating_sub(old.since) < REMEMBERED_FOR);
        let is_back = |figures: &ReplicaFigures| {
            let mut there = connected.iter();
            there.any(|one| is_server(&one.member, &figures.member))
        };
        let gone = left.iter().map(|old| &old.figures);
        gone.filter(|figures| !is_back(figures)).cloned().collect()
    }

    /// A new installation.
    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

fn is_same(one: &ReplicaFigures, other: &ReplicaFigures) -> bool {
    one.connection == other.connection
}

/// Whether both are the same server: by their UUIDs, as far as these are known.
fn is_server(one: &Member, other: &Member) -> bool {
    match (one.uuid, other.uuid) {
        (Some(one), Some(other)) => one == other,
        _ => one.server_id == other.server_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ack_figures::AckSummary, figures::AckLevel};
    use semisync_core::{ReplicaConnectionId, Standing};
    use std::sync::Arc;

    fn replica(connection: u64, server_id: u32) -> ReplicaFigures {
        ReplicaFigures {
            connection: ReplicaConnectionId(connection),
            member: Arc::new(Member::of(server_id)),
            host: None,
            thread_id: 0,
            phase: Phase::Streaming,
            standing: Standing::Quorum,
            not_counted: None,
            ack_level: AckLevel::Received,
            sent: None,
            acked: None,
            lag_bytes: None,
            lag_us: None,
            acks: AckSummary::default(),
            connected_since: 0,
        }
    }

    fn listed(gone: &Gone, connected: &[ReplicaFigures], now: u64) -> Vec<u64> {
        let list = gone.list(connected, now);
        let is_gone = |figures: &ReplicaFigures| figures.phase == Phase::Gone;
        assert!(
            list.iter()
                .all(|figures| is_gone(figures) && !figures.is_counted())
        );
        list.iter().map(|figures| figures.connection.0).collect()
    }

    #[test]
    fn a_replica_stays_for_an_hour() {
        let gone = Gone::default();
        gone.add(replica(1, 2), 100);
        assert_eq!(listed(&gone, &[], 100 + REMEMBERED_FOR - 1), [1]);
        assert!(listed(&gone, &[], 100 + REMEMBERED_FOR).is_empty());
    }

    #[test]
    fn a_replica_that_is_back_is_not_gone() {
        let gone = Gone::default();
        gone.add(replica(1, 2), 0);
        gone.add(replica(2, 3), 0);
        assert_eq!(listed(&gone, &[replica(7, 2)], 1), [2]);
        // And when it leaves again, its newer figures count.
        gone.add(replica(7, 2), 2);
        assert_eq!(listed(&gone, &[], 3), [2, 7]);
    }

    #[test]
    fn a_connection_is_told_of_once_and_first_words_count() {
        let gone = Gone::default();
        gone.add(replica(1, 2), 0);
        let mut later = replica(1, 2);
        later.standing = Standing::Async;
        gone.add(later, 1);
        let list = gone.list(&[], 2);
        assert_eq!((list.len(), list[0].standing), (1, Standing::Quorum));
    }

    #[test]
    fn servers_are_told_apart_by_uuid_if_both_have_one() {
        let uuid = |text: &str| text.parse().ok();
        let mut one = replica(1, 2);
        let mut other = replica(2, 2);
        one.member = Arc::new(Member {
            uuid: uuid("3e11fa47-71ca-11e1-9e33-c80aa9429562"),
            ..Member::of(2)
        });
        other.member = Arc::new(Member {
            uuid: uuid("3e11fa47-71ca-11e1-9e33-c80aa9429563"),
            ..Member::of(2)
        });
        let gone = Gone::default();
        gone.add(one, 0);
        gone.add(other, 0);
        assert_eq!(listed(&gone, &[], 1), [1, 2]);
        assert!(listed(&gone, &[replica(3, 2)], 1).is_empty());
    }

    #[test]
    fn the_newest_are_remembered_and_a_new_installation_knows_none() {
        let gone = Gone::default();
        for number in 0..70 {
            gone.add(replica(number.into(), number), 0);
        }
        let list = listed(&gone, &[], 1);
        assert_eq!((list.len(), list[0]), (REMEMBERED, 6));
        gone.clear();
        assert!(listed(&gone, &[], 1).is_empty());
    }
}
