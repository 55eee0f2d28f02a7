//! The operator ends waits: of all sessions, or of one by KILL. What goes on is not confirmed,
//! and semi-sync stays ON.

mod support;

use semisync_core::{
    CommitVerdict,
    Message::{ForcedShutdown, Killed, Released, SwitchedOff},
    Outcome::{Acknowledged, Asynchronous},
    TimeoutVerdict, WaitVerdict,
};
use support::{Story, at};

// ---- release_waits ----

#[test]
fn releasing_ends_all_waits_and_semi_sync_stays_on() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.flush(200);
    story.wait(200, "second");
    story.wait(100, "first");
    story.release_waits();
    assert_eq!(
        story.released(),
        [("first", Asynchronous), ("second", Asynchronous)]
    );
    assert!(story.core.status());
    let up_to = Some(at(200));
    let sessions = 2;
    assert_eq!(story.messages(), [Released { sessions, up_to }]);
    let stats = story.stats();
    assert_eq!((stats.yes_tx, stats.no_tx, stats.no_times), (0, 2, 0));
}

#[test]
fn what_comes_after_the_release_waits() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "stuck");
    story.release_waits();
    story.flush(200);
    story.wait(200, "new");
    story.ack(story.connection(1), 200);
    assert_eq!(
        story.released(),
        [("stuck", Asynchronous), ("new", Acknowledged)]
    );
}

/// With AFTER_COMMIT each member of a group waits for itself, one after the other.
#[test]
fn who_comes_late_for_a_position_that_was_released_does_not_wait() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(300);
    story.wait(200, "member");
    story.release_waits();
    assert_eq!(story.commit(100, "late"), WaitVerdict::Done(Asynchronous));
    assert!(matches!(story.commit(300, "behind"), WaitVerdict::Waits(_)));
}

#[test]
fn releasing_nobody_says_so() {
    let mut story = Story::with_replicas(1, true, 1);
    story.release_waits();
    let (sessions, up_to) = (0, None);
    assert_eq!(story.messages(), [Released { sessions, up_to }]);
}

#[test]
fn what_was_released_may_be_confirmed_later() {
    let mut story = Story::with_replicas(1, true, 1);
    let replica = story.connection(1);
    story.flush(100);
    story.wait(100, "session");
    story.release_waits();
    assert!(story.core.is_wanting());
    assert!(story.core.wants_ack(replica, at(100)));
    story.ack(replica, 100);
    assert_eq!(story.core.confirmed(), Some(at(100)));
}

#[test]
fn a_shutdown_takes_back_no_ok_of_what_the_operator_released() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "released");
    story.release_waits();
    story.flush(200);
    story.wait(200, "given up");
    story.leave_during_shutdown(story.connection(1));
    assert_eq!(story.engine_commit(100), CommitVerdict::Done);
    assert_eq!(story.engine_commit(200), CommitVerdict::Untold);
    let left = story.core.left_unconfirmed().expect("one is left");
    assert_eq!((left.commits, left.first), (1, at(200)));
}

#[test]
fn members_of_a_stopped_applier_s_group_do_not_wait_for_what_was_released() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let applier = story.wait(100, "applier");
    let late = story.wait(100, "client");
    assert!(story.stop_applier(applier));
    assert_eq!(story.engine_commit(90), CommitVerdict::Waits);
    story.release_waits();
    assert!(!story.core.is_unsettled());
    assert_eq!(story.engine_commit(90), CommitVerdict::Done);
    assert!(!story.kill(late), "it was released");
}

#[test]
fn a_new_log_knows_nothing_of_what_was_released() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(900);
    story.wait(900, "session");
    story.release_waits();
    story.reset();
    let back = story.connect(1);
    story.flush(100);
    story.wait(100, "new");
    story.ack(back, 100);
    assert_eq!(
        story.released(),
        [("session", Asynchronous), ("new", Acknowledged)]
    );
}

// ---- KILL ----

#[test]
fn kill_ends_one_wait_and_no_other() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.flush(200);
    story.ack(story.connection(1), 100);
    let killed = story.wait(200, "killed");
    story.wait(200, "other");
    assert!(story.kill(killed));
    assert_eq!(story.released(), [("killed", Asynchronous)]);
    assert!(story.core.status());
    let (waiting, confirmed) = (at(200), Some(at(100)));
    assert_eq!(story.messages(), [Killed { waiting, confirmed }]);
    assert_eq!(story.stats().no_tx, 1);
    story.ack(story.connection(1), 200);
    assert_eq!(story.released(), [("other", Acknowledged)]);
}

#[test]
fn a_kill_that_comes_after_the_release_changes_nothing() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let id = story.wait(100, "session");
    story.ack(story.connection(1), 100);
    assert!(!story.kill(id));
    assert_eq!(story.messages(), []);
    assert_eq!(story.time_out(id), TimeoutVerdict::Over);
}

#[test]
fn at_shutdown_the_group_of_a_killed_session_is_told_to_nobody_as_all_that_is_unconfirmed() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let id = story.wait(100, "leader");
    assert!(story.kill(id));
    assert_eq!(story.engine_commit(50), CommitVerdict::Done);
    story.messages();
    story.leave_during_shutdown(story.connection(1));
    assert_eq!(story.messages(), [ForcedShutdown, SwitchedOff]);
    assert_eq!(story.engine_commit(50), CommitVerdict::Untold);
}
