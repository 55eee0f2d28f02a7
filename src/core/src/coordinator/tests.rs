//! What of the coordinator cannot be seen from outside.

use super::*;

fn at(offset: u64) -> Position {
    Position { file: 1, offset }
}

/// ON, one replica on link 1, groups pending at 100, 200 and 300.
fn with_pending() -> (Coordinator<()>, Effects<()>) {
    let mut core = Coordinator::new(Settings::default());
    let mut fx = Effects::default();
    core.enable(&mut fx);
    core.attach(LinkId(1), 1, None, &mut fx);
    for end in [100, 200, 300] {
        core.on_flush(at(end), &mut fx);
    }
    (core, fx)
}

#[test]
fn what_is_confirmed_is_pending_no_longer() {
    let (mut core, mut fx) = with_pending();
    core.on_ack(LinkId(1), at(200), Some(at(200)), &mut fx);
    assert!(!core.pending.contains(at(200)));
    assert!(core.pending.contains(at(300)));
}

#[test]
fn nothing_is_pending_and_nobody_waits_while_off_or_disabled() {
    let (mut core, mut fx) = with_pending();
    let Begin::Wait(id) = core.begin_wait(at(300), (), false, &mut fx) else {
        panic!("it should wait");
    };
    core.on_timeout(id, false, &mut fx);
    core.on_flush(at(400), &mut fx);
    assert!(!core.pending.covers(at(0)) && core.waiting.is_empty());
    core.on_ack(LinkId(1), at(400), Some(at(400)), &mut fx);
    assert!(core.status());
    core.on_flush(at(500), &mut fx);
    core.begin_wait(at(500), (), false, &mut fx);
    core.disable(&mut fx);
    core.on_flush(at(600), &mut fx);
    assert!(!core.pending.covers(at(0)) && core.waiting.is_empty());
}

#[test]
fn nothing_is_kept_of_a_connection_that_is_gone() {
    let (mut core, mut fx) = with_pending();
    for link in 2..1000 {
        core.attach(LinkId(link), 2, None, &mut fx);
        core.on_ack(LinkId(link), at(900), None, &mut fx);
        core.detach(LinkId(link), false, &mut fx);
    }
    assert_eq!((core.voters.len(), core.warned.len()), (1, 0));
}

#[test]
fn every_wait_has_an_id_of_its_own() {
    let (mut core, mut fx) = with_pending();
    let mut ids: Vec<_> = (0..10)
        .filter_map(|_| match core.begin_wait(at(100), (), false, &mut fx) {
            Begin::Wait(id) => Some(id),
            _ => None,
        })
        .collect();
    ids.dedup();
    assert_eq!((ids.len(), core.wait_sessions()), (10, 10));
}
