//! Waits that are given up: by appliers that are stopped, and by everybody when the server
//! shuts down. What becomes of commits that are not confirmed then.

mod support;

use semisync_core::{
    CommitVerdict,
    Message::{ForcedShutdown, SwitchedOff},
    Outcome::{Acknowledged, Asynchronous},
    TimeoutVerdict, WaitVerdict,
};
use support::{Story, at};

// ---- appliers that are stopped ----

#[test]
fn an_applier_that_is_stopped_goes_on_alone_and_unconfirmed() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.flush(200);
    let applier = story.wait(100, "applier");
    story.wait(200, "client");
    assert!(story.stop_applier(applier));
    assert_eq!(story.released(), [("applier", Asynchronous)]);
    assert!(story.core.status(), "semi-sync is not switched off");
    assert_eq!((story.core.wait_sessions(), story.stats().no_tx), (1, 1));
    assert!(!story.stop_applier(applier), "the session was released");
    assert!(story.core.is_abandoned(Some(at(100))) && !story.core.is_abandoned(Some(at(200))));
    story.ack(story.connection(1), 200);
    assert_eq!(story.released(), [("client", Acknowledged)]);
    assert!(!story.core.is_unsettled());
}

#[test]
fn clients_in_the_group_of_an_applier_that_was_stopped_wait_for_themselves() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let leader = story.wait(100, "applier");
    story.stop_applier(leader);
    assert!(story.core.is_unsettled());
    assert_eq!(story.engine_commit_of_applier(100), CommitVerdict::Done);
    assert_eq!(story.engine_commit(90), CommitVerdict::Waits);
    story.wait(90, "client");
    story.ack(story.connection(1), 100);
    assert_eq!(story.engine_commit(90), CommitVerdict::Done);
    // A later group has waited for itself.
    story.flush(200);
    let leader = story.wait(200, "applier");
    story.flush(300);
    story.stop_applier(leader);
    assert_eq!(story.engine_commit(300), CommitVerdict::Done);
    assert_eq!(story.engine_commit(200), CommitVerdict::Waits);
    // What is asynchronous waits for nobody.
    story.disable();
    story.enable();
    assert!(!story.core.is_unsettled());
    assert_eq!(story.engine_commit(200), CommitVerdict::Done);
}

#[test]
fn an_applier_that_a_shutdown_stops_is_counted_with_what_is_left() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let applier = story.wait(100, "applier");
    // The replica is there, and clients may wait a little longer.
    assert!(story.stop_applier_during_shutdown(applier));
    assert!(story.core.status());
    assert_eq!(
        story.engine_commit_of_applier_during_shutdown(100),
        CommitVerdict::Untold
    );
    assert_eq!(
        story.core.left_unconfirmed().map(|left| left.commits),
        Some(1)
    );
    story.ack(story.connection(1), 100);
    assert_eq!(story.core.left_unconfirmed(), None);
    // With the replica gone nobody waits any more.
    story.flush(200);
    let applier = story.wait(200, "applier");
    story.leave(story.connection(1));
    assert!(
        !story.stop_applier_during_shutdown(applier),
        "released with all"
    );
    assert_eq!(story.engine_commit(200), CommitVerdict::Untold);
}

// ---- shutdown of the server ----

#[test]
fn during_a_shutdown_nobody_begins_to_wait_for_replicas_that_are_gone() {
    let mut story = Story::with_replicas(2, true, 1);
    story.flush(100);
    story.wait(100, "before");
    assert_eq!(
        story.commit_during_shutdown(100, "after"),
        WaitVerdict::Done(Asynchronous)
    );
    assert_eq!(story.released(), [("before", Asynchronous)]);
    assert_eq!(story.messages(), [ForcedShutdown, SwitchedOff]);
    assert_eq!(story.stats().no_tx, 2);
}

#[test]
fn what_a_shutdown_leaves_unconfirmed_is_told_to_nobody() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.ack(story.connection(1), 100);
    story.leave(story.connection(1));
    story.flush(200);
    let id = story.wait(200, "gives up");
    assert!(!story.is_untold(200), "nobody shuts down");
    assert!(story.wake_by_shutdown(id));
    assert!(story.core.is_unsettled() && !story.core.status());
    assert!(story.is_untold(200));
    assert!(!story.is_untold(100), "confirmed in time");
    // Nor is a client told OK for what is written later, when nobody waits any more.
    story.flush(300);
    assert_eq!(
        story.commit_during_shutdown(300, "later"),
        WaitVerdict::Done(Asynchronous)
    );
    assert!(story.is_untold(300));
    let left = story.core.left_unconfirmed().expect("two commits");
    assert_eq!(
        (left.commits, left.first, left.confirmed),
        (2, at(200), Some(at(100)))
    );
}

#[test]
fn what_is_confirmed_after_all_is_not_left() {
    let mut story = Story::with_replicas(2, true, 1);
    story.flush(100);
    story.wait(100, "gives up");
    story.flush(200);
    story.commit_during_shutdown(200, "shuts down");
    assert!(story.is_untold(100));
    story.connect(2);
    story.ack(story.connection(1), 150);
    story.ack(story.connection(2), 150);
    assert_eq!(story.core.left_unconfirmed(), None);
    assert!(!story.is_untold(100));
    assert!(story.is_untold(200));
    assert!(
        story.core.is_unsettled(),
        "semi-sync does not come on again"
    );
}

#[test]
fn a_wait_that_times_out_during_a_shutdown_is_told_to_nobody() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let id = story.wait(100, "its replica is silent");
    assert!(story.wake_by_shutdown(id));
    assert!(story.core.status(), "its replica is there");
    assert_eq!(story.time_out_during_shutdown(id), TimeoutVerdict::Over);
    assert!(story.is_untold(100));
}

#[test]
fn what_was_asynchronous_before_the_shutdown_stays_so() {
    let mut story = Story::switched_off(1, 1);
    story.flush(200);
    assert_eq!(
        story.commit_during_shutdown(200, "session"),
        WaitVerdict::Done(Asynchronous)
    );
    story.leave_during_shutdown(story.connection(1));
    assert!(!story.is_untold(200));
    assert!(!story.core.is_unsettled());
}

#[test]
fn during_a_shutdown_replicas_that_are_there_are_waited_for() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let WaitVerdict::Waits(id) = story.commit_during_shutdown(100, "session") else {
        panic!("the session should wait");
    };
    assert!(story.wake_by_shutdown(id));
    assert!(story.core.status());
    assert_eq!((story.released(), story.messages()), (vec![], vec![]));
}

#[test]
fn a_session_woken_by_a_shutdown_gives_up_if_its_replicas_are_gone() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let id = story.wait(100, "session");
    story.leave(story.connection(1));
    assert!(story.wake_by_shutdown(id));
    assert_eq!(story.messages(), [ForcedShutdown, SwitchedOff]);
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert!(!story.wake_by_shutdown(id), "the session was released");
}

#[test]
fn the_last_replica_that_leaves_during_a_shutdown_ends_all_waits() {
    let mut story = Story::with_replicas(2, true, 3);
    story.flush(100);
    story.wait(100, "session");
    story.leave_during_shutdown(story.connection(1));
    assert_eq!(story.released(), [], "two are left");
    story.leave_during_shutdown(story.connection(2));
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert_eq!(story.messages(), [ForcedShutdown, SwitchedOff]);
}

#[test]
fn a_forced_shutdown_is_told_whether_or_not_commits_wait_for_replicas_that_are_gone() {
    let mut story = Story::with_replicas(1, false, 1);
    story.flush(100);
    story.wait(100, "session");
    story.leave_during_shutdown(story.connection(1));
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert_eq!(story.messages(), [ForcedShutdown, SwitchedOff]);
}

#[test]
fn a_shutdown_with_everything_confirmed_is_not_forced() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.ack(story.connection(1), 100);
    story.leave_during_shutdown(story.connection(1));
    assert_eq!(story.messages(), [SwitchedOff]);
}
