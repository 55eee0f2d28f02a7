//! A history without any anomaly, and each anomaly planted into one.

use super::Op::{Append, Read};
use super::*;

fn ok(begin: u64, end: u64, ops: &[Op]) -> Txn {
    let outcome = Outcome::Ok;
    Txn {
        begin,
        end,
        outcome,
        ops: ops.to_vec(),
    }
}

fn ended(outcome: Outcome, txn: Txn) -> Txn {
    Txn { outcome, ..txn }
}

fn lists(all: &[(u32, &[u64])]) -> Lists {
    all.iter()
        .map(|(key, list)| (*key, list.to_vec()))
        .collect()
}

#[test]
fn a_history_that_has_an_order_is_in_order() {
    let history = [
        ok(0, 10, &[Append(1, 1)]),
        ok(5, 30, &[Append(1, 2), Append(2, 3)]),
        ok(6, 40, &[Read(1, vec![1]), Read(2, vec![])]),
        ok(50, 60, &[Read(1, vec![1, 2]), Read(2, vec![3])]),
        // Nobody knows of these: one is there, one is not.
        ended(Outcome::Unknown, ok(52, 53, &[Append(2, 4)])),
        ended(Outcome::Unknown, ok(52, 53, &[Append(2, 5)])),
        ended(Outcome::Failed, ok(52, 53, &[Append(2, 6)])),
    ];
    let lists = lists(&[(1, &[1, 2]), (2, &[3, 4])]);
    assert_eq!(check(&history, &lists), []);
}

#[test]
fn a_confirmed_append_that_is_not_there_is_lost() {
    let history = [ok(0, 1, &[Append(1, 7)])];
    let lost = Anomaly::Lost { key: 1, value: 7 };
    assert_eq!(check(&history, &Lists::new()), [lost]);
}

#[test]
fn what_was_read_and_is_not_there_was_seen_and_lost() {
    let history = [
        ended(Outcome::Unknown, ok(0, 9, &[Append(1, 7)])),
        ok(2, 3, &[Read(1, vec![7])]),
    ];
    let lost = Anomaly::SeenAndLost { key: 1, value: 7 };
    assert_eq!(check(&history, &Lists::new()), [lost]);
}

#[test]
fn a_transaction_may_see_its_own_appends() {
    let own = [Append(1, 7), Read(1, vec![7])];
    let history = [ended(Outcome::Unknown, ok(0, 9, &own))];
    assert_eq!(check(&history, &Lists::new()), []);
}

#[test]
fn what_nobody_committed_is_invented() {
    let history = [
        ended(Outcome::Failed, ok(0, 1, &[Append(1, 7)])),
        ok(2, 3, &[Read(1, vec![7])]),
        ok(2, 3, &[Read(2, vec![8])]),
    ];
    let found = check(&history, &Lists::new());
    let invented = |key, value| Anomaly::Invented { key, value };
    assert_eq!(found, [invented(1, 7), invented(2, 8)]);
}

#[test]
fn an_append_that_is_there_twice_is_found() {
    let history = [ok(0, 1, &[Append(1, 7)])];
    let found = check(&history, &lists(&[(1, &[7, 7])]));
    assert!(
        found.contains(&Anomaly::Twice { key: 1, value: 7 }),
        "{found:?}"
    );
}

#[test]
fn a_list_that_was_read_in_another_order_is_found() {
    let history = [
        ok(0, 9, &[Append(1, 1)]),
        ok(0, 9, &[Append(1, 2)]),
        ok(0, 9, &[Read(1, vec![2, 1])]),
    ];
    let found = check(&history, &lists(&[(1, &[1, 2])]));
    let read = vec![2, 1];
    assert_eq!(found, [Anomaly::OutOfOrder { key: 1, read }]);
}

#[test]
fn half_a_transaction_is_found() {
    let both = [Append(1, 1), Append(2, 2)];
    let history = [ended(Outcome::Unknown, ok(0, 9, &both))];
    let found = check(&history, &lists(&[(1, &[1])]));
    assert_eq!(found, [Anomaly::Half { key: 1, value: 1 }]);
}

fn cycle(transactions: &[usize]) -> Anomaly {
    let transactions = transactions.to_vec();
    Anomaly::Cycle { transactions }
}

#[test]
fn a_read_that_comes_too_late_for_what_it_saw_is_a_cycle_in_time() {
    let history = [ok(0, 1, &[Append(1, 1)]), ok(2, 3, &[Read(1, vec![])])];
    assert_eq!(check(&history, &lists(&[(1, &[1])])), [cycle(&[0, 1])]);
    // At the same time both orders are possible.
    let history = [ok(0, 3, &[Append(1, 1)]), ok(2, 3, &[Read(1, vec![])])];
    assert_eq!(check(&history, &lists(&[(1, &[1])])), []);
}

#[test]
fn time_goes_through_transactions_that_have_nothing_to_do_with_it() {
    let history = [
        ok(0, 1, &[Append(1, 1)]),
        ok(2, 3, &[Read(2, vec![])]),
        ok(4, 5, &[Read(2, vec![])]),
        ok(6, 7, &[Read(1, vec![])]),
    ];
    let found = check(&history, &lists(&[(1, &[1])]));
    assert!(
        matches!(found.as_slice(), [Anomaly::Cycle { .. }]),
        "{found:?}"
    );
}

#[test]
fn write_skew_is_a_cycle() {
    let history = [
        ok(0, 9, &[Read(1, vec![]), Append(2, 2)]),
        ok(0, 9, &[Read(2, vec![]), Append(1, 1)]),
    ];
    let found = check(&history, &lists(&[(1, &[1]), (2, &[2])]));
    assert_eq!(found, [cycle(&[0, 1])]);
}

#[test]
fn two_readers_that_saw_two_appends_in_two_orders_are_a_cycle() {
    let history = [
        ok(0, 9, &[Append(1, 1)]),
        ok(0, 9, &[Append(2, 2)]),
        ok(0, 9, &[Read(1, vec![1]), Read(2, vec![])]),
        ok(0, 9, &[Read(1, vec![]), Read(2, vec![2])]),
    ];
    let found = check(&history, &lists(&[(1, &[1]), (2, &[2])]));
    assert_eq!(found, [cycle(&[0, 1, 2, 3])]);
}
