//! Failures that other implementations of semi-sync had: `docs/history.md` tells of them, and which
//! suite looks for each.
//!
//! Here are those that belong to no other suite. The cases are those of `ci/stock-failures`.

use semisync_live_tests::known_failures::{Seen, Side, case_named};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::{A_DAY_MS, Dialect, Libraries, PATIENCE, needs};

/// Tries the case; what was seen.
#[track_caller]
fn assert_holds(name: &str) -> Seen {
    let seen = case_named(name).try_on(&Side::under_test());
    assert!(matches!(seen, Seen::Holds(_)), "{name}: {seen}");
    seen
}

/// MySQL 89370.
#[test]
fn a_lowered_count_keeps_no_replica_from_its_data() {
    needs!(
        Libraries::are_ours() || Dialect::of_run().has_wait_count(),
        "it has no wait_for_replica_count"
    );
    assert_holds("count-lowered");
}

/// MDEV-35109.
#[test]
fn writers_with_and_without_transactions_hold_each_other_up_no_longer_than_the_replica() {
    assert_holds("mixed-writers");
}

/// MDEV-36934.
#[test]
fn a_replica_that_is_killed_under_load_stops_no_commit() {
    assert_holds("replica-killed");
}

/// MySQL 104012. The server's own lock stands still until the wait ends.
#[test]
fn flush_binary_logs_behind_a_waiting_commit_goes_on_when_waits_are_released() {
    needs!(Libraries::are_ours(), "it has no release_waits");
    let source = Side::under_test().lone_source(A_DAY_MS);
    let commit = Waiting::insert(&source, 1);
    let flush = Waiting::start(&source, "FLUSH BINARY LOGS");
    source.set_operator("release_waits", "ON");
    flush.done_within(PATIENCE);
    commit.done_within(PATIENCE);
    assert_eq!(source.status("status"), "ON");
}

/// MySQL 71182.
#[test]
fn uninstalling_lets_a_waiting_commit_go_and_the_replica_comes_back() {
    needs!(
        Dialect::of_run().asks_before_uninstall(),
        "it does not tell a plugin that it is to go: the commit waits on"
    );
    assert_holds("uninstall");
}

/// MySQL 79865.
#[test]
fn a_replica_counts_whatever_the_number_of_its_descriptor() {
    assert_holds("many-descriptors");
}

/// MDEV-18096.
#[test]
fn a_source_that_was_never_enabled_lets_replicas_come_and_go() {
    assert_holds("disabled-from-the-start");
}

/// MDEV-36359.
#[test]
fn a_source_that_was_disabled_in_use_lets_its_replica_go() {
    assert_holds("disabled-in-use");
}

/// MDEV-33551.
#[test]
fn an_acknowledgement_wakes_nobody_whom_it_does_not_release() {
    assert_holds("wake-ups");
}

/// MDEV-32385 and MDEV-32551.
#[test]
fn a_goodbye_on_a_semi_sync_connection_is_no_error() {
    assert_holds("goodbye");
}
