//! Sessions that wait: what releases them, and what is counted then.

mod support;

use semisync_core::{
    AckVerdict,
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
    // Nor is it counted later, when the replica was sent that much.
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
