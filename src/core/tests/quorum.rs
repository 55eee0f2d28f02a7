//! What a quorum does to those who wait, and to ON and OFF: how `FIRST` hands over when a member
//! goes and comes, what a lost zone does, and what happens when the quorum or the members'
//! names change while sessions wait.

mod support;

use semisync_core::{
    Member,
    Message::{SwitchedOff, SwitchedOn},
    Outcome::{Acknowledged, Asynchronous},
    ReplicaConnectionId, WaitVerdict,
};
use std::sync::Arc;
use support::{Story, at};

/// ON, with this quorum, and the replicas 2 and 3 connected. All that is confirmed up to 100
/// both have.
fn story(quorum: &str) -> (Story, ReplicaConnectionId, ReplicaConnectionId) {
    let mut story = Story::begin(1, true);
    story.enable();
    let (two, three) = (story.connect(2), story.connect(3));
    story.set_quorum(quorum);
    story.flush(100);
    story.ack(two, 100);
    story.ack(three, 100);
    story.messages();
    assert_eq!(story.core.confirmed(), Some(at(100)));
    (story, two, three)
}

// ---- FIRST ----

#[test]
fn a_commit_waits_for_the_first_member_whatever_the_second_has() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    story.flush(200);
    story.wait(200, "session");
    story.ack(three, 200);
    assert_eq!(story.released(), []);
    story.ack(two, 200);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn the_second_member_takes_over_as_soon_as_the_first_is_gone() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    story.flush(200);
    story.flush(300);
    story.wait(200, "first");
    story.wait(300, "second");
    story.ack(three, 200);
    story.leave(two);
    assert_eq!(story.released(), [("first", Acknowledged)]);
    story.ack(three, 300);
    assert_eq!(story.released(), [("second", Acknowledged)]);
    assert_eq!(story.messages(), []);
}

#[test]
fn a_member_that_returns_holds_up_nobody_before_it_was_sent_the_whole_log() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    story.leave(two);
    story.flush(200);
    story.ack(three, 200);
    let back = story.connect_at(2, 100);
    story.flush(300);
    story.wait(300, "while 2 catches up");
    story.send(back, 200);
    story.ack(three, 300);
    assert_eq!(story.released(), [("while 2 catches up", Acknowledged)]);

    // Now the log ends at what is sent: from here on the commits wait for 2 again.
    story.send(back, 300);
    story.flush(400);
    story.wait(400, "after that");
    story.ack(three, 400);
    assert_eq!(story.released(), []);
    assert!(story.send(back, 400), "2 is asked");
    story.ack_of_sent(back, 400, Some(400));
    assert_eq!(story.released(), [("after that", Acknowledged)]);
}

#[test]
fn a_member_that_returns_with_all_there_is_counts_at_once() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    story.leave(two);
    let back = story.connect_at(2, 100);
    story.flush(200);
    story.wait(200, "session");
    story.ack(three, 200);
    assert_eq!(story.released(), []);
    story.ack(back, 200);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn a_member_that_still_catches_up_counts_if_there_is_nobody_else() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    story.leave(two);
    story.leave(three);
    story.flush(200);
    story.flush(300);
    story.wait(200, "session");
    let back = story.connect_at(3, 100);
    story.ack_of_sent(back, 200, Some(200));
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn what_was_confirmed_stays_so_when_a_member_takes_over_that_has_less() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    story.flush(200);
    story.ack(two, 200);
    story.leave(two);
    assert_eq!(story.core.confirmed(), Some(at(200)));
    assert_eq!(story.commit(200, "late"), WaitVerdict::Done(Acknowledged));
    story.flush(300);
    story.wait(300, "session");
    story.ack(three, 300);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn members_that_are_not_named_confirm_nothing() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    let other = story.connect(4);
    story.flush(200);
    story.wait(200, "session");
    story.ack(other, 200);
    story.leave(two);
    story.leave(three);
    assert_eq!(story.released(), []);
    assert!(story.core.status(), "wait_no_replica is ON");
}

/// Nobody knows where the log ends before the first commit, so nobody is taken to have come there.
#[test]
fn the_first_commit_does_not_wait_for_a_member_that_is_behind() {
    for log_ends_at in [None, Some(500)] {
        let mut story = Story::begin(1, true);
        if let Some(end) = log_ends_at {
            // From before semi-sync was disabled: how the log has grown since, nobody has told.
            story.enable();
            story.flush(end);
            story.disable();
        }
        story.set_quorum("FIRST 1 (2, 3)");
        let early = story.connect_at(2, 600);
        story.enable();
        let three = story.connect_at(3, 9_000);
        story.send(early, 700);
        story.ack_of_sent(early, 700, Some(700));
        story.flush(10_000);
        story.wait(10_000, "session");
        assert!(story.send(three, 10_000), "3 is asked");
        story.ack(three, 10_000);
        assert_eq!(story.released(), [("session", Acknowledged)]);

        // 2 takes its place as soon as it was sent all there is.
        story.send(early, 10_000);
        story.flush(11_000);
        story.wait(11_000, "after that");
        story.send(three, 11_000);
        story.ack(three, 11_000);
        assert_eq!(story.released(), []);
        story.ack(early, 11_000);
        assert_eq!(story.released(), [("after that", Acknowledged)]);
    }
}

#[test]
fn a_member_that_has_fallen_behind_while_disabled_must_catch_up_anew() {
    let (mut story, two, three) = story("FIRST 1 (2, 3)");
    story.disable();
    story.enable();
    story.send(two, 200);
    story.flush(10_000);
    story.wait(10_000, "session");
    story.send(three, 10_000);
    story.ack(three, 10_000);
    assert_eq!(story.released(), [("session", Acknowledged)]);
    story.send(two, 10_000);
    story.flush(11_000);
    story.wait(11_000, "after that");
    story.ack(three, 11_000);
    assert_eq!(story.released(), []);
    story.ack(two, 11_000);
    assert_eq!(story.released(), [("after that", Acknowledged)]);
}

// ---- ON and OFF ----

#[test]
fn without_waiting_for_replicas_it_is_off_once_the_quorum_cannot_be_met() {
    let (mut story, two, three) = story("ANY 1 (2) AND ANY 1 (3)");
    story.set_wait_no_replica(false);
    story.flush(200);
    story.wait(200, "session");
    story.connect(4);
    story.leave(two);
    assert_eq!(story.messages(), [SwitchedOff]);
    assert_eq!(story.released(), [("session", Asynchronous)]);

    // It returns to ON when both have the newest commit, and not before.
    let back = story.connect(2);
    story.flush(300);
    story.ack(three, 300);
    assert_eq!(story.messages(), []);
    story.ack(back, 300);
    assert_eq!(story.messages(), [SwitchedOn(Some(at(300)))]);
}

#[test]
fn as_many_replicas_as_the_count_are_not_enough_if_the_quorum_names_others() {
    let mut story = Story::begin(1, false);
    story.set_quorum("ANY 1 (4)");
    story.connect(2);
    story.enable();
    assert!(!story.core.status());
    story.connect(4);
    assert!(story.core.status());
}

// ---- changes while sessions wait ----

#[test]
fn a_quorum_that_asks_for_less_releases_at_once_and_no_quorum_is_the_count_again() {
    let (mut story, two, three) = story("ANY 2 (2, 3)");
    story.flush(200);
    story.flush(300);
    story.wait(200, "first");
    story.wait(300, "second");
    story.ack(two, 200);
    story.set_quorum("ANY 1 (2)");
    assert_eq!(story.released(), [("first", Acknowledged)]);
    story.ack(three, 300);
    assert_eq!(story.released(), []);
    story.set_count(1);
    assert_eq!(story.released(), [("second", Acknowledged)]);
}

#[test]
fn a_quorum_that_asks_for_more_holds_those_who_wait() {
    let (mut story, two, three) = story("ANY 1 (2, 3)");
    story.flush(200);
    story.wait(200, "session");
    story.set_quorum("ANY 2 (2, 3)");
    story.ack(two, 200);
    assert_eq!(story.released(), []);
    story.ack(three, 200);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn a_replica_that_gets_another_name_counts_as_that_from_then_on() {
    let (mut story, two, three) = story("ANY 1 (2)");
    story.set_quorum("ANY 1 (db3)");
    story.flush(200);
    story.wait(200, "session");
    story.ack(two, 200);
    story.ack(three, 200);
    assert_eq!(story.released(), [], "nobody has that name");
    let db3 = Member {
        name: Some("db3".into()),
        ..Member::of(3)
    };
    story.core.on_members(&[(three, Arc::new(db3))]);
    assert_eq!(story.released(), [("session", Acknowledged)]);
    story.core.on_members(&[(three, Arc::new(Member::of(3)))]);
    assert_eq!(story.core.state(), 3, "ON with too few replicas");
}

/// The newer of two connections is how the server takes part, if both have acknowledged as much.
#[test]
fn a_replica_that_connects_anew_without_its_name_leaves_the_quorum_too_few() {
    let mut story = Story::begin(1, false);
    let named = Member {
        name: Some("db2".into()),
        ..Member::of(2)
    };
    let connection = ReplicaConnectionId(1000);
    story.core.on_connect(connection, Arc::new(named), None);
    story.set_quorum("ANY 1 (db2)");
    story.enable();
    assert!(story.core.status());
    story.messages();
    let newer = ReplicaConnectionId(1001);
    story.core.on_connect(newer, Member::of(2).into(), None);
    assert_eq!(
        story.messages(),
        [SwitchedOff],
        "nobody waits for who is not there"
    );
}

// ---- zones ----

fn of_zone(server_id: u32, zone: &str) -> Arc<Member> {
    Arc::new(Member {
        zone: Some(zone.into()),
        ..Member::of(server_id)
    })
}

#[test]
fn a_zone_that_is_cut_off_confirms_nothing_however_many_others_do() {
    let mut story = Story::begin(1, true);
    story.enable();
    story.set_quorum("ZONES 2");
    let ids: Vec<_> = (1..=3).map(ReplicaConnectionId).collect();
    for (id, zone) in ids.iter().zip(["b", "b", "c"]) {
        let server_id = u32::try_from(id.0).expect("few");
        story.core.on_connect(*id, of_zone(server_id, zone), None);
    }
    story.flush(100);
    story.wait(100, "session");
    story.ack(ids[0], 100);
    story.ack(ids[1], 100);
    assert_eq!(story.released(), []);
    story.leave(ids[2]);
    assert_eq!(story.core.state(), 3, "ON with too few replicas");
    let back = ReplicaConnectionId(4);
    story.core.on_connect(back, of_zone(3, "c"), None);
    story.ack(back, 100);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}
