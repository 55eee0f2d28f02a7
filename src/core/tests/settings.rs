//! `wait_for_replica_count` and `wait_no_replica`: what a change of them does to those who
//! wait, and to ON and OFF; and what the loss of a replica does under each setting.

mod support;

use semisync_core::{
    Message::{SwitchedOff, SwitchedOn},
    Outcome::{Acknowledged, Asynchronous},
};
use support::{Story, at};

// ---- the count ----

#[test]
fn lowering_the_count_switches_on() {
    let mut story = Story::switched_off(3, 3);
    story.ack(story.connection(1), 100);
    story.ack(story.connection(2), 100);
    story.set_count(2);
    assert_eq!(story.messages(), [SwitchedOn(Some(at(100)))]);
}

#[test]
fn lowering_the_count_releases() {
    let mut story = Story::with_replicas(2, true, 2);
    story.flush(100);
    story.flush(200);
    story.wait(100, "first");
    story.wait(200, "second");
    story.ack(story.connection(1), 100);
    story.set_count(1);
    assert_eq!(story.released(), [("first", Acknowledged)]);
}

#[test]
fn raising_the_count_beyond_the_replicas_switches_off_if_they_are_not_waited_for() {
    let mut story = Story::with_replicas(1, false, 1);
    story.flush(100);
    story.wait(100, "session");
    story.set_count(2);
    assert!(!story.core.status());
    assert_eq!(story.messages(), [SwitchedOff]);
    assert_eq!(story.released(), [("session", Asynchronous)]);
}

#[test]
fn raising_the_count_beyond_the_replicas_changes_nothing_if_they_are_waited_for() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.set_count(2);
    assert!(story.core.status());
    story.ack(story.connection(1), 100);
    assert_eq!(story.released(), []);
    let other = story.connect(2);
    story.ack(other, 100);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

// ---- wait_no_replica ----

#[test]
fn wait_no_replica_off_switches_off_at_the_loss_of_a_replica() {
    let mut story = Story::with_replicas(2, false, 3);
    story.flush(100);
    story.wait(100, "session");
    story.leave(story.connection(1));
    assert!(story.core.status(), "two are left");
    story.leave(story.connection(2));
    assert!(!story.core.status());
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert_eq!(story.messages(), [SwitchedOff]);
}

#[test]
fn wait_no_replica_off_does_not_mind_the_loss_of_an_old_connection() {
    let mut story = Story::with_replicas(1, false, 1);
    story.connect(1);
    story.leave(story.connection(1));
    assert!(story.core.status());
}

#[test]
fn wait_no_replica_on_goes_on_waiting_without_replicas() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.leave(story.connection(1));
    assert!(story.core.status());
    assert_eq!(story.core.wait_sessions(), 1);
    assert_eq!(story.messages(), []);
}

#[test]
fn turning_wait_no_replica_off_switches_off_at_once_if_replicas_are_few() {
    let mut story = Story::with_replicas(2, true, 1);
    story.set_wait_no_replica(false);
    assert!(!story.core.status());
    assert_eq!(story.messages(), [SwitchedOff]);
    let mut story = Story::with_replicas(2, true, 2);
    story.set_wait_no_replica(false);
    assert!(story.core.status());
}

#[test]
fn turning_wait_no_replica_on_switches_on_at_once_and_says_nothing() {
    let mut story = Story::begin(1, false);
    story.enable();
    story.messages();
    assert!(!story.core.status());
    story.set_wait_no_replica(true);
    assert!(story.core.status());
    assert_eq!(story.messages(), []);
}

#[test]
fn after_a_loss_the_returning_replica_switches_on() {
    let mut story = Story::with_replicas(1, false, 1);
    story.flush(100);
    story.leave(story.connection(1));
    let back = story.connect(1);
    assert!(
        !story.core.status(),
        "the replica has not said that it has 100"
    );
    story.ack(back, 100);
    assert_eq!(story.messages(), [SwitchedOff, SwitchedOn(Some(at(100)))]);
}
