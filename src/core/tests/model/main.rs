//! The coordinator against the naive model, by random operations on up to seven replicas.
//! After each operation everything that can be seen is compared: the answer, who was
//! released and how, the messages and their order, status, counters, and which events would
//! ask for an acknowledgement. A failure prints the shortest list of operations that shows
//! the failure; PROPTEST_CASES sets how many lists are tried.

mod naive;
mod operations;
#[path = "../support/random_rules.rs"]
mod random_rules;
#[path = "../support/rules.rs"]
mod rules;
mod run;
mod strategies;

use naive::Answer;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use run::{Run, Seen, run};
use semisync_core::{
    AckVerdict, CommitVerdict, Message, Outcome, Position, Refusal, Settings, TimeoutVerdict,
};
use strategies::{operations, settings};

/// Eight times as many cases as proptest's own number.
fn config() -> Config {
    let default = Config::default();
    Config {
        cases: if cfg!(miri) { 8 } else { default.cases * 8 },
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_coordinator_does_what_the_contract_says(
        settings in settings(),
        operations in operations(),
    ) {
        run(settings, &operations);
    }
}

/// Guards the test above against operations that lead nowhere.
#[cfg(not(miri))] // many cases; nothing new in them
#[test]
fn the_random_operations_reach_every_answer_message_and_outcome() {
    let mut runner = TestRunner::deterministic();
    let strategy = (settings(), operations());
    let mut seen = Seen::new();
    for _ in 0..3000 {
        let tree = strategy.new_tree(&mut runner).expect("a case");
        let (settings, operations) = tree.current();
        for (what, times) in run(settings, &operations) {
            *seen.entry(what).or_default() += times;
        }
    }
    let position = Position { file: 1, offset: 4 };
    let (last, new) = (position, position);
    let (waiting, confirmed) = (position, None);
    let mut all = Run::new(Settings::default());
    all.see(Answer::NotCounted);
    all.see(Answer::Waits);
    for outcome in [Outcome::Acknowledged, Outcome::Asynchronous] {
        all.see(outcome);
        all.see(Answer::Done(outcome));
    }
    all.see(AckVerdict::Accepted);
    all.see(AckVerdict::Stale);
    all.see(AckVerdict::FromTheFuture { first: true });
    all.see(AckVerdict::UnknownConnection);
    for verdict in [
        CommitVerdict::Done,
        CommitVerdict::Waits,
        CommitVerdict::Untold,
    ] {
        all.see(("CommitVerdict", verdict));
    }
    all.see(Message::Enabled);
    all.see(Message::Disabled);
    all.see(Message::SwitchedOff);
    all.see(Message::SwitchedOn(Some(position)));
    all.see(Message::TimedOut { waiting, confirmed });
    for verdict in [
        TimeoutVerdict::Over,
        TimeoutVerdict::WaitsOn,
        TimeoutVerdict::Abort,
    ] {
        all.see(("TimeoutVerdict", verdict));
    }
    all.see("kept up");
    all.see("lagged");
    all.see("quiet");
    all.see(Message::WaitsOn);
    let (sessions, up_to) = (0, None);
    all.see(Message::Released { sessions, up_to });
    all.see(Message::Killed { waiting, confirmed });
    all.see(Message::Refuses(Refusal::Timeout));
    all.see(Message::Refuses(Refusal::TooFew));
    all.see(Message::RefusesNoMore);
    all.see(Message::ForcedShutdown);
    all.see(Message::OutOfOrder(semisync_core::OutOfOrder { last, new }));
    for what in all.seen.keys() {
        let times = seen.get(what).copied().unwrap_or_default();
        assert!(times >= 20, "{what}: {times} times only; {seen:#?}");
    }
}
