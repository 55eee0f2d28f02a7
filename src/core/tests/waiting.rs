//! Sessions that wait: who is released by what, and what is counted of it.

mod support;

use semisync_core::{
    AckVerdict, CommitVerdict,
    Message::{ForcedShutdown, SwitchedOff},
    Outcome::{Acknowledged, Asynchronous},
    WaitVerdict,
};
use support::{Story, at};

// ---- acknowledgements ----

#[test]
fn an_acknowledgement_releases_everybody_up_to_it_and_nobody_behind() {
    let mut story = Story::with_replicas(1, true, 1);
    for end in [100, 200, 300] {
        story.flush(end);
    }
    story.wait(300, "third");
    story.wait(200, "second");
    story.wait(100, "first");
    story.ack(story.connection(1), 200);
    assert_eq!(
        story.released(),
        [("first", Acknowledged), ("second", Acknowledged)]
    );
    assert_eq!(story.core.wait_sessions(), 1);
    assert_eq!(story.core.confirmed(), Some(at(200)));
}

#[test]
fn a_skipped_transaction_counts_as_acknowledged_if_nothing_is_on_its_way() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.skip(story.connection(1), 100, None);
    assert_eq!(story.released(), [("session", Acknowledged)]);
    story.skip(story.connection(1), 50, None);
    assert_eq!(story.core.confirmed(), Some(at(100)));
}

#[test]
fn a_skipped_transaction_says_nothing_of_one_before_it_that_was_sent() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.flush(200);
    story.wait(200, "session");
    story.skip(story.connection(1), 200, Some(100));
    assert_eq!(story.released(), []);
    story.ack(story.connection(1), 100);
    assert_eq!(story.released(), []);
    story.skip(story.connection(1), 200, Some(100));
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn acknowledged_before_the_wait_point_is_reached_means_no_wait() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.ack(story.connection(1), 100);
    assert_eq!(
        story.commit(100, "session"),
        WaitVerdict::Done(Acknowledged)
    );
    assert_eq!(story.commit(50, "old"), WaitVerdict::Done(Acknowledged));
    assert_eq!(story.stats().yes_tx, 2);
}

#[test]
fn a_transaction_inside_a_group_is_released_with_the_group() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(300);
    story.wait(100, "in the middle");
    story.ack(story.connection(1), 300);
    assert_eq!(story.released(), [("in the middle", Acknowledged)]);
}

#[test]
fn a_position_that_was_never_flushed_is_not_waited_for() {
    let mut story = Story::with_replicas(1, true, 1);
    assert_eq!(
        story.commit(100, "session"),
        WaitVerdict::Done(Asynchronous)
    );
    story.flush(100);
    assert_eq!(
        story.commit(101, "session"),
        WaitVerdict::Done(Asynchronous)
    );
    assert_eq!(story.stats().no_tx, 2);
}

#[test]
fn what_was_confirmed_stays_confirmed_without_the_replica() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.ack(story.connection(1), 100);
    story.leave(story.connection(1));
    assert_eq!(
        story.commit(100, "session"),
        WaitVerdict::Done(Acknowledged)
    );
}

#[test]
fn a_replica_that_is_gone_does_not_help_to_confirm() {
    let mut story = Story::with_replicas(2, true, 3);
    story.flush(100);
    story.wait(100, "session");
    story.ack(story.connection(1), 100);
    story.leave(story.connection(1));
    story.ack(story.connection(2), 100);
    assert_eq!(story.released(), []);
    story.ack(story.connection(3), 100);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn a_lost_acknowledgement_heals_when_the_replica_is_back_by_position() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.leave(story.connection(1));
    story.connect_at(1, 100);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn a_lost_acknowledgement_heals_when_the_replica_is_back_by_auto_position() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.leave(story.connection(1));
    let back = story.connect(1);
    assert!(story.core.is_wanting(), "so its heartbeats ask");
    story.ack(back, 100);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn a_silent_connection_under_the_same_server_id_silences_nobody() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.wait(100, "session");
    story.connect(1);
    assert_eq!(story.ack(story.connection(1), 100), AckVerdict::Accepted);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn leaving_twice_is_leaving_once() {
    let mut story = Story::with_replicas(1, true, 2);
    story.leave(story.connection(1));
    story.leave(story.connection(1));
    assert_eq!(story.core.clients(), 1);
    assert_eq!(
        story.ack(story.connection(1), 100),
        AckVerdict::UnknownConnection
    );
}

// ---- acknowledgements that do not count ----

#[test]
fn an_acknowledgement_from_the_future_is_refused_and_warned_of_once() {
    let mut story = Story::with_replicas(1, true, 1);
    let connection = story.connection(1);
    story.flush(100);
    story.wait(100, "session");
    let refused = |first| AckVerdict::FromTheFuture { first };
    assert_eq!(story.ack_of_sent(connection, 100, Some(99)), refused(true));
    assert_eq!(
        story.ack_of_sent(connection, 5000, Some(100)),
        refused(false)
    );
    assert_eq!(story.ack_of_sent(connection, 100, None), refused(false));
    assert_eq!(story.released(), []);
    assert_eq!(story.core.confirmed(), None);
    // Nor later, when it has been sent that far.
    story.flush(5000);
    story.connect(2);
    assert_eq!(story.core.confirmed(), None);
    let again = story.connect(1);
    assert_eq!(story.ack_of_sent(again, 100, None), refused(true));
}

#[test]
fn old_and_repeated_acknowledgements_change_nothing() {
    let mut story = Story::with_replicas(1, true, 1);
    let connection = story.connection(1);
    story.flush(100);
    assert_eq!(story.ack(connection, 100), AckVerdict::Accepted);
    assert_eq!(story.ack(connection, 100), AckVerdict::Stale);
    assert_eq!(
        story.ack_of_sent(connection, 50, Some(100)),
        AckVerdict::Stale
    );
    assert_eq!(story.core.confirmed(), Some(at(100)));
}

// ---- counters ----

#[test]
fn confirmed_and_unconfirmed_commits_are_counted_apart() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.flush(200);
    story.wait(100, "first");
    story.wait(200, "second");
    story.ack(story.connection(1), 200);
    story.flush(300);
    let third = story.wait(300, "third");
    story.wait(300, "fourth");
    story.time_out(third);
    let stats = story.stats();
    assert_eq!((stats.yes_tx, stats.no_tx, stats.no_times), (2, 2, 1));
}

#[test]
fn waiting_for_an_earlier_position_than_the_others_is_counted() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(300);
    for (position, counted) in [(200, 0), (300, 0), (100, 1), (100, 2), (150, 2)] {
        story.wait(position, "session");
        assert_eq!(story.stats().wait_pos_backtraverse, counted, "{position}");
    }
}

// ---- appliers that are stopped ----

#[test]
fn an_applier_that_is_stopped_goes_on_alone_and_unconfirmed() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    story.flush(200);
    let applier = story.wait(100, "applier");
    story.wait(200, "client");
    assert!(story.abandon(applier));
    assert_eq!(story.released(), [("applier", Asynchronous)]);
    assert!(story.core.status(), "it is not switched off");
    assert_eq!((story.core.wait_sessions(), story.stats().no_tx), (1, 1));
    assert!(!story.abandon(applier), "it was released");
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
    story.abandon(leader);
    assert!(story.core.is_unsettled());
    assert_eq!(story.settle_applier(100), CommitVerdict::Done);
    assert_eq!(story.settle(90), CommitVerdict::Waits);
    story.wait(90, "client");
    story.ack(story.connection(1), 100);
    assert_eq!(story.settle(90), CommitVerdict::Done);
    // A later group has waited for itself.
    story.flush(200);
    let leader = story.wait(200, "applier");
    story.flush(300);
    story.abandon(leader);
    assert_eq!(story.settle(300), CommitVerdict::Done);
    assert_eq!(story.settle(200), CommitVerdict::Waits);
    // What is asynchronous waits for nobody.
    story.disable();
    story.enable();
    assert!(!story.core.is_unsettled());
    assert_eq!(story.settle(200), CommitVerdict::Done);
}

#[test]
fn an_applier_that_a_shutdown_stops_is_counted_with_what_is_left() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let applier = story.wait(100, "applier");
    // Its replica is there, and clients may wait for it a little longer.
    assert!(story.abandon_during_shutdown(applier));
    assert!(story.core.status());
    assert_eq!(
        story.settle_applier_during_shutdown(100),
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
    assert!(!story.abandon_during_shutdown(applier), "released with all");
    assert_eq!(story.settle(200), CommitVerdict::Untold);
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
    // Nor is what is written later, with nobody left to wait.
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
    assert!(story.core.is_unsettled(), "it does not come back");
}

#[test]
fn a_wait_that_times_out_during_a_shutdown_is_told_to_nobody() {
    let mut story = Story::with_replicas(1, true, 1);
    story.flush(100);
    let id = story.wait(100, "its replica is silent");
    assert!(story.wake_by_shutdown(id));
    assert!(story.core.status(), "its replica is there");
    assert!(story.time_out_during_shutdown(id));
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
        panic!("it should wait");
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
    assert!(!story.wake_by_shutdown(id), "it was released");
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
