//! What a timeout leads to, as the operator wishes; and refusing new transactions.

mod support;

use semisync_core::{
    Message::{
        Enabled, OutOfOrder, Refuses, RefusesNoMore, SwitchedOff, SwitchedOn, TimedOut, WaitsOn,
    },
    Outcome::{Acknowledged, Asynchronous},
    Refusal, Rule, Settings,
    TimeoutAction::{self, AbortServer, Async, Refuse, Wait},
    TimeoutVerdict, WaitId,
};
use support::{Story, at};

fn settings(timeout_action: TimeoutAction) -> Settings {
    Settings {
        timeout_action,
        ..Settings::default()
    }
}

/// As `settings`, and replicas that are gone are not waited for.
fn without_waiting_for_replicas(timeout_action: TimeoutAction) -> Settings {
    Settings {
        wait_no_replica: false,
        ..settings(timeout_action)
    }
}

/// A replica that does not answer, and a session that waits for it at 100.
fn stuck(settings: Settings) -> (Story, WaitId) {
    let mut story = Story::with_replicas(1, true, 1);
    story.set(settings);
    story.flush(100);
    let id = story.wait(100, "session");
    (story, id)
}

fn timed_out(offset: u64) -> semisync_core::Message {
    TimedOut {
        waiting: at(offset),
        confirmed: None,
    }
}

// ---- WAIT ----

#[test]
fn with_wait_a_session_waits_on_and_semi_sync_stays_on() {
    let (mut story, id) = stuck(settings(Wait));
    assert_eq!(story.time_out(id), TimeoutVerdict::WaitsOn);
    assert!(story.core.status());
    assert_eq!(story.released(), []);
    assert_eq!(story.messages(), [timed_out(100), WaitsOn]);
    story.ack(story.connection(1), 100);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

#[test]
fn with_wait_the_log_tells_the_next_timeout_only_after_a_commit_was_confirmed() {
    let (mut story, id) = stuck(settings(Wait));
    story.flush(200);
    let second = story.wait(200, "second");
    story.time_out(id);
    story.time_out(second);
    story.time_out(id);
    assert_eq!(story.messages(), [timed_out(100), WaitsOn]);
    story.ack(story.connection(1), 100);
    story.time_out(second);
    let (waiting, confirmed) = (at(200), Some(at(100)));
    assert_eq!(story.messages(), [TimedOut { waiting, confirmed }, WaitsOn]);
}

#[test]
fn with_wait_replicas_are_waited_for_whatever_wait_no_replica_says() {
    let (mut story, _) = stuck(without_waiting_for_replicas(Wait));
    story.leave(story.connection(1));
    assert!(story.core.status());
    assert_eq!(story.core.state(), 3);
    story.set_wait_no_replica(false);
    story.disable();
    story.enable();
    assert!(story.core.status(), "also when semi-sync is enabled");
    assert_eq!(story.core.refusal(), None);
}

#[test]
fn setting_wait_switches_on_at_once() {
    let mut story = Story::switched_off(1, 1);
    story.set(settings(Wait));
    assert!(story.core.status());
    assert_eq!(story.messages(), [SwitchedOn(None)]);
}

#[test]
fn a_log_that_goes_back_does_not_switch_off_with_wait() {
    let (mut story, _) = stuck(settings(Wait));
    story.flush(50);
    assert!(story.core.status());
    assert!(matches!(story.messages()[..], [OutOfOrder(_)]));
    story.wait(50, "earlier");
    story.ack(story.connection(1), 100);
    assert_eq!(
        story.released(),
        [("earlier", Acknowledged), ("session", Acknowledged)]
    );
}

#[test]
fn async_ends_what_waits_on_at_its_next_look() {
    let (mut story, id) = stuck(settings(Wait));
    story.time_out(id);
    story.set(settings(Async));
    assert_eq!(story.released(), [], "sessions may have time left");
    story.messages();
    assert_eq!(story.time_out(id), TimeoutVerdict::Over);
    assert_eq!(story.released(), [("session", Asynchronous)]);
    assert_eq!(story.messages(), [timed_out(100), SwitchedOff]);
}

#[test]
fn a_shutdown_ends_what_waits_on() {
    for action in [Wait, Refuse, AbortServer] {
        let (mut story, id) = stuck(settings(action));
        assert_eq!(story.time_out_during_shutdown(id), TimeoutVerdict::Over);
        assert_eq!(story.released(), [("session", Asynchronous)]);
        assert!(story.is_untold(100));
    }
}

// ---- REFUSE ----

#[test]
fn with_refuse_a_timeout_refuses_new_transactions_until_the_replica_has_everything() {
    let (mut story, id) = stuck(settings(Refuse));
    assert_eq!(story.core.refusal(), None);
    assert_eq!(story.time_out(id), TimeoutVerdict::WaitsOn);
    assert_eq!(story.core.refusal(), Some(Refusal::Timeout));
    assert_eq!(
        story.messages(),
        [timed_out(100), Refuses(Refusal::Timeout)]
    );
    story.flush(200);
    story.ack(story.connection(1), 100);
    assert_eq!(
        story.core.refusal(),
        Some(Refusal::Timeout),
        "200 is not there"
    );
    story.ack(story.connection(1), 200);
    assert_eq!(story.core.refusal(), None);
    assert!(story.core.status());
    assert_eq!(story.messages(), [RefusesNoMore]);
    assert_eq!(story.stats().no_times, 0);
}

#[test]
fn with_refuse_too_few_replicas_refuse_at_once_if_they_are_not_waited_for() {
    let (mut story, _) = stuck(without_waiting_for_replicas(Refuse));
    story.leave(story.connection(1));
    assert!(story.core.status());
    assert_eq!(story.core.refusal(), Some(Refusal::Timeout));
    assert_eq!(story.released(), [], "who waits goes on waiting");
    let back = story.connect(1);
    assert_eq!(story.core.refusal(), Some(Refusal::Timeout));
    story.ack(back, 100);
    assert_eq!(story.core.refusal(), None);
    assert_eq!(story.released(), [("session", Acknowledged)]);
}

/// The replica has all that is confirmed, and nothing new is written that would ask it.
#[test]
fn while_refusing_a_replica_that_is_back_is_asked_although_nothing_is_unconfirmed() {
    let (mut story, _) = stuck(without_waiting_for_replicas(Refuse));
    story.ack(story.connection(1), 100);
    story.leave(story.connection(1));
    assert!(story.core.is_wanting(), "so heartbeats ask");
    let back = story.connect(1);
    assert!(story.core.wants_ack(back, at(100)));
    assert!(!story.core.wants_ack(back, at(90)));
    story.ack(back, 100);
    assert_eq!(story.core.refusal(), None);
    assert!(!story.core.is_wanting());
}

#[test]
fn with_refuse_the_plugin_begins_by_refusing_if_replicas_are_not_waited_for() {
    let mut story = Story::begin(1, true);
    story.set(without_waiting_for_replicas(Refuse));
    story.enable();
    assert!(story.core.status());
    assert_eq!(story.messages(), [Enabled, Refuses(Refusal::Timeout)]);
    story.connect(1);
    assert_eq!(story.core.refusal(), None, "there is nothing that it lacks");
}

#[test]
fn setting_refuse_while_off_switches_on_and_refuses() {
    let mut story = Story::switched_off(1, 1);
    story.set(settings(Refuse));
    assert!(story.core.status());
    assert_eq!(
        story.messages(),
        [SwitchedOn(None), Refuses(Refusal::Timeout)]
    );
    story.ack(story.connection(1), 100);
    assert_eq!(story.messages(), [RefusesNoMore]);
}

#[test]
fn any_other_action_refuses_no_more() {
    for action in [Async, Wait, AbortServer] {
        let (mut story, id) = stuck(settings(Refuse));
        story.time_out(id);
        story.set(settings(action));
        assert_eq!(story.core.refusal(), None);
    }
}

// ---- ABORT_SERVER ----

#[test]
fn with_abort_server_a_timeout_ends_the_server_and_nothing_else_does() {
    let (mut story, id) = stuck(without_waiting_for_replicas(AbortServer));
    story.leave(story.connection(1));
    assert!(story.core.status());
    assert_eq!(story.messages(), []);
    assert_eq!(story.time_out(id), TimeoutVerdict::Abort);
    assert_eq!(story.released(), [], "nobody is told anything");
    assert_eq!(story.messages(), [timed_out(100)]);
}

// ---- min_replicas ----

fn at_least(min_replicas: u32) -> Settings {
    Settings {
        min_replicas,
        ..Settings::default()
    }
}

#[test]
fn fewer_replicas_than_min_replicas_refuse_new_transactions() {
    let mut story = Story::with_replicas(1, true, 2);
    story.set(at_least(2));
    assert_eq!(story.core.refusal(), None);
    story.connect(2);
    story.leave(story.connection(2));
    assert_eq!(story.core.refusal(), None, "its new connection is there");
    story.leave(story.connection(1));
    assert_eq!(story.core.refusal(), Some(Refusal::TooFew));
    assert!(story.core.status());
    assert_eq!(story.messages(), [Refuses(Refusal::TooFew)]);
    story.connect(3);
    assert_eq!(story.messages(), [RefusesNoMore]);
}

#[test]
fn min_replicas_counts_while_off_and_not_while_disabled() {
    let mut story = Story::switched_off(1, 1);
    story.set(at_least(2));
    assert_eq!(story.core.refusal(), Some(Refusal::TooFew));
    story.disable();
    assert_eq!(story.core.refusal(), None);
    story.enable();
    assert_eq!(story.core.refusal(), Some(Refusal::TooFew));
}

// ---- back to the defaults ----

/// The operator's plugin is uninstalled while sessions wait.
#[test]
fn setting_all_back_in_one_step_frees_whom_the_defaults_free() {
    let mut story = Story::with_replicas(1, true, 2);
    story.set(Settings {
        rule: Rule::of_count(2),
        timeout_action: Refuse,
        min_replicas: 3,
        rejoin_after: 5,
        wait_no_replica: true,
    });
    story.flush(100);
    story.flush(200);
    story.wait(100, "confirmed by one");
    let silent = story.wait(200, "confirmed by nobody");
    story.ack(story.connection(1), 100);
    story.time_out(silent);
    story.messages();
    story.set(Settings::default());
    assert_eq!(story.released(), [("confirmed by one", Acknowledged)]);
    assert_eq!(story.messages(), [RefusesNoMore]);
    assert!(story.core.status());
    assert_eq!(story.time_out(silent), TimeoutVerdict::Over);
    assert_eq!(story.released(), [("confirmed by nobody", Asynchronous)]);
}
