//! Disabled, OFF and ON: every way from one to another, what the operator reads in the error
//! log then, and what must not be a way. The ways that begin with a changed setting or a lost
//! replica are in `settings`.

mod support;

use semisync_core::{
    Message::{Disabled, Enabled, OutOfOrder, SwitchedOff, SwitchedOn, TimedOut},
    Outcome::{Acknowledged, Asynchronous},
    TimeoutVerdict, WaitVerdict,
};
use support::{Story, at};

// ---- enabling ----

#[test]
fn enabling_switches_on_although_nobody_is_connected() {
    let mut story = Story::begin(1, true);
    assert!(!story.core.enabled() && !story.core.status());
    story.enable();
    assert!(story.core.enabled() && story.core.status());
    assert_eq!(story.messages(), [Enabled]);
}

#[test]
fn enabling_without_replicas_does_not_switch_on_if_they_are_not_waited_for() {
    let mut story = Story::begin(2, false);
    story.connect(1);
    story.enable();
    assert!(story.core.enabled() && !story.core.status());
    assert_eq!(story.messages(), [Enabled]);
    assert_eq!(story.stats().no_times, 0);
}

#[test]
fn enabling_with_enough_replicas_switches_on() {
    let mut story = Story::begin(2, false);
    story.connect(1);
    story.connect(2);
    story.enable();
    assert!(story.core.status());
}

#[test]
fn enabling_twice_changes_nothing() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.enable();
    assert_eq!(story.messages(), []);
    assert_eq!(story.core.wait_sessions(), 1);
    assert_eq!(story.core.flushed(), Some(at(100)));
}

#[test]
fn enabling_anew_forgets_commits_but_not_replicas() {
    let mut story = Story::with_replicas(1, true, 2);
    story.flush(100);
    story.ack(story.connection(1), 100);
    story.disable();
    story.enable();
    assert_eq!((story.core.flushed(), story.core.confirmed()), (None, None));
    assert_eq!(story.core.clients(), 2);
    assert_eq!(story.stats().no_times, 1);
    // Replica 1 still has 100. This counts at the next change among the replicas.
    story.leave(story.connection(2));
    assert_eq!(story.core.confirmed(), Some(at(100)));
}

// ---- disabling ----

#[test]
fn disabling_releases_everybody() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.disable();
    assert!(!story.core.enabled() && !story.core.status());
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert_eq!(story.messages(), [SwitchedOff, Disabled]);
}

#[test]
fn disabling_while_off_switches_nothing_off() {
    let mut story = Story::switched_off(1, 1);
    let before = story.stats().no_times;
    story.disable();
    assert_eq!(story.messages(), [Disabled]);
    assert_eq!(story.stats().no_times, before);
    story.disable();
    assert_eq!(story.messages(), []);
}

#[test]
fn while_disabled_nothing_is_waited_for_nor_counted() {
    let mut story = Story::begin(1, true);
    let connection = story.connect(1);
    story.flush(100);
    assert_eq!(story.commit(100, "session"), WaitVerdict::NotCounted);
    story.ack(connection, 100);
    story.set_count(2);
    story.set_wait_no_replica(false);
    story.set_wait_no_replica(true);
    story.leave_during_shutdown(connection);
    assert_eq!(story.core.flushed(), None);
    assert!(!story.core.is_wanting() && !story.core.status());
    assert_eq!(story.messages(), []);
    assert_eq!(story.stats(), Default::default());
}

// ---- timeout ----

#[test]
fn a_timeout_switches_off_and_releases_everybody() {
    let mut story = Story::with_replicas(1, true, 1);
    for end in [100, 200, 300] {
        story.flush(end);
    }
    story.ack(story.connection(1), 100);
    story.wait(200, "first");
    let second = story.wait(300, "second");
    assert_eq!(story.time_out(second), TimeoutVerdict::Over);
    assert!(story.core.enabled() && !story.core.status());
    assert_eq!(
        story.released(),
        [("first", Asynchronous), ("second", Asynchronous)]
    );
    let (no_times, no_tx) = (story.stats().no_times, story.stats().no_tx);
    assert_eq!((no_times, no_tx), (1, 2));
    let waiting = at(300);
    let confirmed = Some(at(100));
    assert_eq!(
        story.messages(),
        [TimedOut { waiting, confirmed }, SwitchedOff]
    );
}

#[test]
fn a_timeout_that_comes_after_the_release_changes_nothing() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let id = story.wait(100, "session");
    story.ack(story.connection(1), 100);
    assert_eq!(story.time_out(id), TimeoutVerdict::Over);
    assert!(story.core.status());
    assert_eq!(story.messages(), []);
}

#[test]
fn of_two_that_time_out_together_one_switches_off() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let first = story.wait(100, "first");
    let second = story.wait(100, "second");
    assert_eq!(story.time_out(first), TimeoutVerdict::Over);
    assert_eq!(story.time_out(second), TimeoutVerdict::Over);
    assert_eq!(story.stats().no_times, 1);
    assert_eq!(story.released().len(), 2);
}

#[test]
fn while_off_commits_go_on_and_are_counted() {
    let mut story = Story::switched_off(1, 1);
    story.flush(200);
    assert_eq!(
        story.commit(200, "session"),
        WaitVerdict::Done(Asynchronous)
    );
    assert_eq!(story.stats().no_tx, 2);
    assert!(story.core.is_wanting());
}

// ---- catching up ----

#[test]
fn catching_up_with_the_newest_commit_switches_on() {
    let mut story = Story::switched_off(1, 1);
    story.flush(200);
    story.ack(story.connection(1), 200);
    assert!(story.core.status() && !story.core.is_wanting());
    assert_eq!(story.messages(), [SwitchedOn(Some(at(200)))]);
}

#[test]
fn catching_up_with_an_older_commit_does_not_switch_on() {
    let mut story = Story::switched_off(1, 1);
    story.flush(200);
    story.ack(story.connection(1), 199);
    assert!(!story.core.status());
    assert_eq!(story.messages(), []);
}

#[test]
fn one_of_two_does_not_switch_on() {
    let mut story = Story::switched_off(2, 3);
    story.ack(story.connection(1), 100);
    assert!(!story.core.status());
    story.ack(story.connection(2), 99);
    assert!(!story.core.status());
    assert_eq!(story.messages(), []);
    story.ack(story.connection(3), 100);
    assert_eq!(story.messages(), [SwitchedOn(Some(at(100)))]);
}

#[test]
fn a_late_ack_does_not_switch_on_twice() {
    let mut story = Story::switched_off(1, 2);
    story.ack(story.connection(1), 100);
    assert_eq!(story.messages(), [SwitchedOn(Some(at(100)))]);
    story.ack(story.connection(2), 100);
    story.ack(story.connection(1), 100);
    assert_eq!(story.messages(), []);
    assert!(story.core.status());
}

#[test]
fn a_replica_that_comes_back_with_the_newest_commit_switches_on() {
    let mut story = Story::switched_off(1, 1);
    story.leave(story.connection(1));
    story.connect_at(1, 99);
    assert!(!story.core.status());
    story.connect_at(1, 100);
    assert_eq!(story.messages(), [SwitchedOn(Some(at(100)))]);
}

#[test]
fn one_replica_on_two_connections_does_not_switch_on_for_two() {
    let mut story = Story::switched_off(2, 0);
    story.connect_at(1, 100);
    story.connect_at(1, 100);
    assert_eq!(story.core.clients(), 1);
    assert!(!story.core.status());
}

#[test]
fn if_there_was_no_commit_enough_replicas_switch_on_by_connecting() {
    let mut story = Story::begin(2, false);
    story.enable();
    story.connect(1);
    assert!(!story.core.status());
    story.connect(2);
    assert_eq!(story.messages(), [Enabled, SwitchedOn(None)]);
    assert_eq!(story.core.confirmed(), None);
}

#[test]
fn a_commit_of_the_time_of_off_is_not_waited_for_after_switching_on() {
    let mut story = Story::switched_off(1, 1);
    story.flush(200);
    story.set_wait_no_replica(true);
    assert!(story.core.status());
    assert_eq!(
        story.commit(200, "session"),
        WaitVerdict::Done(Asynchronous)
    );
}

// ---- reset, and a log that goes back ----

#[test]
fn a_reset_releases_waiters_and_clears_counters() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.core.on_asked();
    story.reset();
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert_eq!(story.stats(), Default::default());
    assert_eq!((story.core.flushed(), story.core.confirmed()), (None, None));
    assert_eq!(story.messages(), []);
}

#[test]
fn a_reset_keeps_the_mode() {
    for mut story in [
        Story::with_replicas(1, true, 2),
        Story::switched_off(1, 2),
        Story::begin(1, true),
    ] {
        let before = (story.core.enabled(), story.core.status());
        story.reset();
        assert_eq!((story.core.enabled(), story.core.status()), before);
    }
}

#[test]
fn a_replica_of_before_a_reset_counts_once_it_has_connected_again() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(900);
    story.ack(story.connection(1), 900);
    let old = story.connection(1);
    story.reset();
    assert_eq!(story.core.clients(), 0);
    story.flush(100);
    story.wait(100, "session");
    assert_eq!(
        story.ack(old, 900),
        semisync_core::AckVerdict::UnknownConnection
    );
    assert_eq!(story.released(), []);
    let new = story.connect(1);
    story.ack(new, 100);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn a_log_that_goes_back_switches_off() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(200);
    story.wait(200, "session");
    story.flush(100);
    let (last, new) = (at(200), at(100));
    let out_of_order = OutOfOrder(semisync_core::OutOfOrder { last, new });
    assert_eq!(story.messages(), [out_of_order, SwitchedOff]);
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert_eq!(story.core.flushed(), Some(at(200)));
}
