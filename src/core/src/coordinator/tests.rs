//! Tests of what cannot be seen of the coordinator from outside.

use super::*;
use crate::{member::Member, verdicts::WaitVerdict};

fn at(offset: u64) -> Position {
    Position { file: 1, offset }
}

/// ON, one replica on connection 1, groups pending at 100, 200 and 300.
fn with_pending() -> Coordinator<()> {
    let mut core = Coordinator::new(Settings::default());
    core.on_enable();
    core.on_connect(ReplicaConnectionId(1), Member::of(1).into(), None);
    for end in [100, 200, 300] {
        core.on_flush(at(end));
    }
    core
}

#[test]
fn what_is_confirmed_is_pending_no_longer() {
    let mut core = with_pending();
    core.on_ack(ReplicaConnectionId(1), at(200), Some(at(200)));
    assert!(!core.pending.contains(at(200)));
    assert!(core.pending.contains(at(300)));
}

#[test]
fn nothing_is_pending_and_nobody_waits_while_off_or_disabled() {
    let mut core = with_pending();
    let WaitVerdict::Waits(id) = core.on_wait_point(Some(at(300)), (), false) else {
        panic!("the session should wait");
    };
    core.on_timeout(id, false);
    core.on_flush(at(400));
    assert!(!core.pending.covers(at(0)) && core.waiting.is_empty());
    core.on_ack(ReplicaConnectionId(1), at(400), Some(at(400)));
    assert!(core.status());
    core.on_flush(at(500));
    core.on_wait_point(Some(at(500)), (), false);
    core.on_disable();
    core.on_flush(at(600));
    assert!(!core.pending.covers(at(0)) && core.waiting.is_empty());
}

#[test]
fn what_nobody_waits_for_is_kept_nowhere_and_asked_of_nobody() {
    let mut core = Coordinator::<()>::new(Settings::default());
    core.on_enable();
    core.on_connect(ReplicaConnectionId(1), Member::of(1).into(), None);
    for end in 1..1000 {
        core.on_unawaited_flush(at(end * 100));
    }
    assert!(core.status() && !core.pending.covers(at(0)));
    assert_eq!(
        core.on_wait_point(Some(at(99_900)), (), false),
        WaitVerdict::Done(Outcome::Asynchronous)
    );
    // What is said of it counts all the same, and for what comes afterwards too.
    core.on_ack(ReplicaConnectionId(1), at(99_900), Some(at(99_900)));
    assert_eq!(core.confirmed(), Some(at(99_900)));
    core.on_flush(at(100_000));
    assert!(core.pending.contains(at(100_000)));
}

#[test]
fn nothing_is_kept_of_a_connection_that_is_gone() {
    let mut core = with_pending();
    for connection in 2..1000 {
        core.on_connect(ReplicaConnectionId(connection), Member::of(2).into(), None);
        core.on_ack(ReplicaConnectionId(connection), at(900), None);
        core.on_disconnect(ReplicaConnectionId(connection), false);
    }
    assert_eq!((core.voters.len(), core.warned.len()), (1, 0));
}

#[test]
fn every_wait_has_an_id_of_its_own() {
    let mut core = with_pending();
    let mut ids: Vec<_> = (0..10)
        .filter_map(|_| match core.on_wait_point(Some(at(100)), (), false) {
            WaitVerdict::Waits(id) => Some(id),
            _ => None,
        })
        .collect();
    ids.dedup();
    assert_eq!((ids.len(), core.wait_sessions()), (10, 10));
}

#[test]
fn effects_cost_a_commit_nothing_until_somebody_is_released() {
    let mut core = with_pending();
    let Effects { messages, .. } = core.take_effects();
    assert_eq!(messages, [Message::Enabled]);
    core.on_flush(at(400));
    core.on_wait_point(Some(at(400)), (), false);
    core.on_ack(ReplicaConnectionId(1), at(300), Some(at(300)));
    let Effects { released, messages } = core.take_effects();
    assert_eq!(
        (released.capacity(), messages.capacity()),
        (0, 0),
        "no allocation"
    );
    core.on_ack(ReplicaConnectionId(1), at(400), Some(at(400)));
    assert_eq!(core.take_effects().released, [((), Outcome::Acknowledged)]);
}

fn in_file(file: u64, offset: u64) -> Position {
    Position { file, offset }
}

/// A group waits in the file before the one that a second replica's dump begins with.
fn with_a_late_replica() -> (Coordinator<()>, ReplicaConnectionId) {
    let mut core = with_pending();
    let WaitVerdict::Waits(_) = core.on_wait_point(Some(at(300)), (), false) else {
        panic!("the session should wait");
    };
    let late = ReplicaConnectionId(2);
    core.on_connect(late, Member::of(2).into(), None);
    assert!(core.on_start_by_gtids(late, in_file(1, u64::MAX)));
    core.on_flush(in_file(2, 50));
    (core, late)
}

fn acks(core: &mut Coordinator<()>, connection: ReplicaConnectionId, at: Position) {
    let verdict = core.on_ack(connection, at, Some(at));
    assert_eq!(verdict, crate::verdicts::AckVerdict::Accepted);
}

#[test]
fn a_replica_that_may_lack_what_waits_confirms_nothing_until_others_have() {
    let (mut core, late) = with_a_late_replica();
    acks(&mut core, late, in_file(2, 50));
    assert_eq!((core.confirmed, core.waiting.len()), (None, 1));
    // Not all of it.
    acks(&mut core, ReplicaConnectionId(1), at(200));
    assert_eq!((core.confirmed, core.waiting.len()), (Some(at(200)), 1));
    // What was said before counts then.
    acks(&mut core, ReplicaConnectionId(1), at(300));
    assert_eq!(
        (core.confirmed, core.waiting.len()),
        (Some(in_file(2, 50)), 0)
    );
}

#[test]
fn a_replica_that_may_lack_what_waits_counts_when_that_is_let_go_or_forgotten() {
    let (mut core, late) = with_a_late_replica();
    core.on_release_waits();
    acks(&mut core, late, in_file(2, 50));
    assert_eq!(core.confirmed, Some(in_file(2, 50)));

    let (mut core, late) = with_a_late_replica();
    acks(&mut core, late, in_file(2, 50));
    core.switch_off();
    core.on_flush(in_file(2, 90));
    assert!(!core.status());
    acks(&mut core, late, in_file(2, 90));
    assert!(core.status());
}

#[test]
fn a_replica_whose_dump_begins_with_what_waits_counts_at_once() {
    let mut core = with_pending();
    let late = ReplicaConnectionId(2);
    core.on_connect(late, Member::of(2).into(), None);
    assert!(!core.on_start_by_gtids(late, in_file(0, u64::MAX)));
    acks(&mut core, late, at(300));
    assert_eq!(core.confirmed, Some(at(300)));
}
