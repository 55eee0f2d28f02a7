//! `rejoin_after`: semi-sync comes ON again once replicas have kept up for so long. The time is
//! what the test says.

mod support;

use semisync_core::{
    Message::{Refuses, SwitchedOff, SwitchedOn},
    Refusal, Settings,
};
use support::{Story, at};

const AFTER: u64 = 1000;

fn settings() -> Settings {
    Settings {
        rejoin_after: AFTER,
        ..Settings::default()
    }
}

/// OFF at 0, with two replicas that lack the commit at 100.
fn off() -> Story {
    let mut story = Story::switched_off(1, 2);
    story.set(settings());
    story.core.on_time(0);
    story
}

fn ack(story: &mut Story, now: u64, offset: u64) {
    story.core.on_time(now);
    story.ack(story.connection(1), offset);
}

fn flush(story: &mut Story, now: u64, offset: u64) {
    story.core.on_time(now);
    story.flush(offset);
}

#[test]
fn semi_sync_comes_on_when_a_replica_has_kept_up_for_so_long() {
    let mut story = off();
    assert!(story.core.needs_time());
    assert_eq!(story.core.next_time(), None);
    ack(&mut story, 500, 100);
    assert!(!story.core.status());
    assert_eq!(story.core.next_time(), Some(1500));
    story.core.on_time(1499);
    assert!(!story.core.status());
    story.core.on_time(1500);
    assert!(story.core.status() && !story.core.needs_time());
    assert_eq!(story.messages(), [SwitchedOn(Some(at(100)))]);
    assert_eq!(story.core.next_time(), None);
}

#[test]
fn a_replica_that_lags_a_little_keeps_up() {
    let mut story = off();
    ack(&mut story, 0, 100);
    for (round, offset) in (1..).zip((200..900).step_by(100)) {
        flush(&mut story, 200 * round - 100, offset);
        ack(&mut story, 200 * round, offset);
        assert_eq!(story.core.status(), 200 * round >= AFTER, "round {round}");
    }
}

#[test]
fn it_waits_for_a_replica_that_lags_when_the_time_is_over() {
    let mut story = off();
    ack(&mut story, 0, 100);
    flush(&mut story, 900, 200);
    story.core.on_time(1000);
    assert!(!story.core.status(), "200 is not there");
    ack(&mut story, 1100, 200);
    assert!(story.core.status());
}

#[test]
fn a_replica_that_lags_for_longer_begins_anew() {
    let mut story = off();
    ack(&mut story, 0, 100);
    flush(&mut story, 300, 200);
    assert_eq!(story.core.next_time(), Some(1300));
    story.core.on_time(1300);
    assert_eq!(story.core.next_time(), None);
    ack(&mut story, 1400, 200);
    assert_eq!(story.core.next_time(), Some(2400));
}

#[test]
fn it_begins_anew_when_replicas_were_too_few() {
    let mut story = off();
    story.leave(story.connection(2));
    ack(&mut story, 0, 100);
    story.core.on_time(600);
    story.leave(story.connection(1));
    assert_eq!(story.core.next_time(), None);
    story.core.on_time(700);
    story.connect_at(1, 100);
    assert_eq!(story.core.next_time(), Some(1700));
}

#[test]
fn setting_it_to_0_comes_on_at_the_first_catching_up() {
    let mut story = off();
    ack(&mut story, 0, 100);
    story.set(Settings::default());
    assert_eq!(story.messages(), [SwitchedOn(Some(at(100)))]);
}

#[test]
fn wait_no_replica_still_switches_on_at_once() {
    let mut story = off();
    story.set_wait_no_replica(true);
    assert!(story.core.status());
    assert_eq!(story.core.next_time(), None);
}

#[test]
fn what_was_kept_up_before_counts_no_more_when_it_is_off_again() {
    let mut story = off();
    ack(&mut story, 0, 100);
    story.set_wait_no_replica(true);
    story.flush(200);
    let id = story.wait(200, "session");
    story.time_out(id);
    assert!(!story.core.status());
    story.messages();
    ack(&mut story, 5000, 200);
    assert_eq!(story.core.next_time(), Some(6000));
    assert_eq!(story.messages(), []);
}

#[test]
fn a_new_log_begins_anew() {
    let mut story = off();
    ack(&mut story, 0, 100);
    story.reset();
    assert_eq!(story.core.next_time(), None);
    story.core.on_time(300);
    story.connect(1);
    assert_eq!(story.core.next_time(), Some(1300));
}

#[test]
fn min_replicas_refuses_meanwhile() {
    let mut story = off();
    story.set(Settings {
        min_replicas: 3,
        ..settings()
    });
    assert_eq!(story.messages(), [Refuses(Refusal::TooFew)]);
    ack(&mut story, 0, 100);
    story.core.on_time(AFTER);
    assert_eq!(story.messages(), [SwitchedOn(Some(at(100)))]);
    story.disable();
    assert_eq!(story.messages()[0], SwitchedOff);
}
