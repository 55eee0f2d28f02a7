//! Which events ask for an acknowledgement: as few as are enough, and never too few.

mod support;

use semisync_core::Position;
use support::{Story, at};

#[test]
fn the_end_of_a_group_asks_and_nothing_else_does() {
    let mut story = Story::with_replicas(1, true, 1);
    let connection = story.connection(1);
    story.flush(300);
    assert!(
        !story.core.wants_ack(connection, at(200)),
        "inside the group"
    );
    assert!(story.core.wants_ack(connection, at(300)));
    let other_file = Position {
        file: 2,
        offset: 300,
    };
    assert!(!story.core.wants_ack(connection, other_file));
}

#[test]
fn what_is_confirmed_or_not_waited_for_is_answered_without_the_lock() {
    let mut story = Story::with_replicas(1, true, 2);
    assert_eq!(story.core.quiet_before(), None, "nothing was flushed");
    story.flush(100);
    story.flush(200);
    story.flush(300);
    assert_eq!(story.core.quiet_before(), Some(at(100)));
    story.ack(story.connection(1), 100);
    assert_eq!(story.core.quiet_before(), Some(at(200)));
    story.wait(300, "a");
    assert_eq!(story.core.quiet_before(), Some(at(300)));
    story.ack(story.connection(1), 300);
    // The newest commit tells that a replica has caught up.
    assert_eq!(story.core.quiet_before(), Some(at(300)));
    assert!(!story.core.wants_ack(story.connection(2), at(300)));
}

#[test]
fn while_disabled_nothing_asks() {
    let mut story = Story::begin(1, true);
    let connection = story.connect(1);
    story.flush(100);
    assert!(!story.core.wants_ack(connection, at(100)));
    assert!(!story.core.is_wanting());
}

#[test]
fn a_connection_that_does_not_count_is_not_asked() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.leave(story.connection(1));
    assert!(!story.core.wants_ack(story.connection(1), at(100)));
}

#[test]
fn what_is_confirmed_does_not_ask() {
    let mut story = Story::with_replicas(1, true, 2);
    story.flush(100);
    story.ack(story.connection(1), 100);
    assert!(!story.core.wants_ack(story.connection(2), at(100)));
    assert!(!story.core.is_wanting());
}

#[test]
fn what_the_replica_has_acknowledged_does_not_ask_it_again() {
    let mut story = Story::with_replicas(2, true, 2);
    story.flush(100);
    story.ack(story.connection(1), 100);
    assert!(!story.core.wants_ack(story.connection(1), at(100)));
    assert!(story.core.wants_ack(story.connection(2), at(100)));
}

#[test]
fn a_group_before_the_first_that_is_waited_for_does_not_ask() {
    let mut story = Story::with_replicas(1, true, 1);
    let connection = story.connection(1);
    for end in [100, 200, 300] {
        story.flush(end);
    }
    assert!(
        story.core.wants_ack(connection, at(100)),
        "somebody may wait for it yet"
    );
    story.wait(200, "session");
    assert!(
        !story.core.wants_ack(connection, at(100)),
        "200 will do for both"
    );
    assert!(story.core.wants_ack(connection, at(200)));
    assert!(story.core.wants_ack(connection, at(300)));
}

#[test]
fn a_wait_inside_a_group_has_the_groups_end_ask() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(300);
    story.wait(100, "session");
    assert!(story.core.wants_ack(story.connection(1), at(300)));
}

#[test]
fn while_off_only_what_would_switch_on_asks() {
    let mut story = Story::switched_off(1, 1);
    let connection = story.connection(1);
    story.flush(200);
    assert!(!story.core.wants_ack(connection, at(100)));
    assert!(story.core.wants_ack(connection, at(200)));
    assert!(story.core.wants_ack(connection, at(250)));
    assert!(story.core.is_wanting());
}

#[test]
fn while_off_without_a_commit_anything_asks() {
    let mut story = Story::begin(2, false);
    let connection = story.connect(1);
    story.enable();
    assert!(!story.core.status());
    assert!(story.core.wants_ack(connection, at(4)));
}

#[test]
fn heartbeats_ask_only_while_something_is_unconfirmed() {
    let mut story = Story::with_replicas(1, true, 1);
    assert!(!story.core.is_wanting());
    story.flush(100);
    assert!(story.core.is_wanting());
    story.ack(story.connection(1), 100);
    assert!(!story.core.is_wanting());
}

#[test]
fn what_asks_is_counted() {
    let mut story = Story::with_replicas(1, true, 1);
    story.core.on_asked();
    story.core.on_asked();
    let stats = story.stats();
    assert_eq!((stats.net_waits, stats.net_wait_time), (2, 0));
    assert_eq!(stats.net_avg_wait_time(), 0);
}
