//! A panic is planted in every failpoint that random histories pass. Whatever state a panic
//! leaves behind, `on_panic` gives it up. And a coordinator that is enabled anew afterwards
//! does what a new one does.

mod history;

use super::*;
use crate::{
    failpoint,
    member::Member,
    position::Position,
    quorum::ReplicaConnectionId,
    settings::Settings,
    stats::Stats,
    verdicts::{CommitVerdict, TimeoutVerdict, WaitVerdict},
};
use history::{History, Operation, operations, settings};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

/// Carries the operations out until one of them panics, and gives back which. The first
/// `pass` failpoints are passed. The panics stay planted while `on_panic` runs.
fn run_into_panic(
    history: &mut History,
    operations: &[Operation],
    pass: usize,
    shutting_down: bool,
) -> Option<usize> {
    failpoint::arm(pass);
    let panics = |operation: &Operation| {
        let carried_out = catch_unwind(AssertUnwindSafe(|| history.carry_out(*operation)));
        carried_out.err().map(|payload| {
            if !payload.is::<failpoint::Planted>() {
                resume_unwind(payload);
            }
        })
    };
    let panicked = operations
        .iter()
        .map(panics)
        .position(|panic| panic.is_some());
    if panicked.is_some() {
        history.core.on_panic(shutting_down);
    }
    failpoint::disarm();
    panicked
}

/// All sessions are released, once, and nothing is believed any more.
fn assert_given_up(history: &mut History) {
    // A session that was about to wait may be among them: its wait has not begun.
    let in_flight = history.in_flight.take();
    let effects = history.core.take_effects();
    let released = effects.released.iter().map(|(session, _)| *session);
    let mut released: Vec<u64> = released
        .filter(|session| Some(*session) != in_flight)
        .collect();
    released.sort();
    let asleep = std::mem::take(&mut history.asleep);
    assert_eq!(released, Vec::from_iter(asleep));

    for id in history.forget() {
        let verdict = history.core.on_timeout(id, false);
        assert_eq!(verdict, TimeoutVerdict::Over, "the session was released");
    }
    let core = &history.core;
    assert!(!core.status() && !core.is_wanting());
    assert_eq!((core.wait_sessions(), core.clients()), (0, 0));
    assert_eq!((core.flushed(), core.confirmed()), (None, None));
    assert!(core.warned.is_empty() && !core.is_abandoned(Some(history.end())));
    assert_eq!(core.memory(), 0, "no group is pending");
    assert_eq!(core.next_time(), None);
    assert!(!core.refusing && !core.overdue && core.let_go.is_none());
    let shuts_down = core.mode == Mode::Broken;
    assert_eq!(
        (core.enabled(), core.is_unsettled()),
        (shuts_down, shuts_down)
    );
}

/// No commit is told OK, and nobody begins to wait, whatever replicas say.
fn assert_tells_nobody(core: &mut Coordinator<u64>, old_end: Position) {
    let end = Position { file: 9, offset: 9 };
    core.on_enable();
    core.on_flush(end);
    for server in 1..=5 {
        let connection = ReplicaConnectionId(1000 + u64::from(server));
        core.on_connect(connection, Member::of(server).into(), Some(end));
        core.on_ack(connection, end, Some(end));
    }
    assert_eq!((core.confirmed(), core.status()), (None, false));
    for at in [None, Some(old_end), Some(end)] {
        let waits = core.on_wait_point(at, 0, false);
        assert_eq!(waits, WaitVerdict::Done(Outcome::Asynchronous));
        for (applier, shutting_down) in [(false, false), (true, false), (false, true)] {
            let verdict = core.on_engine_commit(at, applier, shutting_down);
            assert_eq!(verdict, CommitVerdict::Untold, "{at:?}");
        }
    }
    for server in 1..=5 {
        core.on_disconnect(ReplicaConnectionId(1000 + server), true);
    }
    assert!(
        core.left_unconfirmed()
            .is_some_and(|left| left.commits >= 2)
    );
    assert!(core.take_effects().released.is_empty());
}

/// A coordinator that is enabled anew does what a new coordinator does.
fn assert_as_good_as_new(mut history: History, rest: &[Operation]) {
    history.core.on_disable();
    drop(history.core.take_effects());
    // These two are kept on purpose.
    history.core.stats = Stats::default();
    history.core.left.clear();
    let mut new = History::of_new_coordinator(&history);
    for operation in [&[Operation::Enable], rest].concat() {
        let (answer, expected) = (history.carry_out(operation), new.carry_out(operation));
        assert_eq!(answer, expected, "{operation:?}");
        assert_eq!(history.seen(), new.seen(), "{operation:?}");
    }
}

/// When panics came, and how often: the mode before, whether the server shut down, and whether
/// sessions waited.
type Seen = BTreeMap<String, usize>;

fn panic_everywhere(settings: Settings, operations: &[Operation]) -> Seen {
    let mut seen = Seen::new();
    for pass in 0.. {
        let mut history = History::new(settings.clone());
        let shutting_down = pass % 3 == 0;
        let Some(nth) = run_into_panic(&mut history, operations, pass, shutting_down) else {
            break;
        };
        let kind = (history.mode, shutting_down, !history.asleep.is_empty());
        *seen.entry(format!("{kind:?}")).or_default() += 1;

        assert_given_up(&mut history);
        let was_closing = history.mode == Mode::Closing;
        assert!(
            history.core.enabled() || !was_closing,
            "the shutdown goes on"
        );
        if history.core.enabled() {
            let shuts_down = operations[nth].is_of_a_shutdown();
            assert!(was_closing || shutting_down || shuts_down);
            let end = history.end();
            assert_tells_nobody(&mut history.core, end);
        }
        assert_as_good_as_new(history, operations.get(nth + 1..).unwrap_or_default());
    }
    seen
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 1 } else { 64 },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn whatever_a_panic_leaves_behind_is_given_up(
        settings in settings(),
        operations in operations(),
    ) {
        panic_everywhere(settings, &operations);
    }
}

/// Guards the test above against histories that never come to where it matters.
#[cfg(not(miri))] // many cases; nothing new in them
#[test]
fn panics_come_in_every_mode_and_while_sessions_wait() {
    let mut runner = TestRunner::deterministic();
    let mut seen = Seen::new();
    for _ in 0..200 {
        let tree = (settings(), operations())
            .new_tree(&mut runner)
            .expect("a case");
        let (settings, operations) = tree.current();
        for (kind, times) in panic_everywhere(settings, &operations) {
            *seen.entry(kind).or_default() += times;
        }
    }
    for mode in [Mode::Disabled, Mode::Off, Mode::On, Mode::Closing] {
        for shutting_down in [false, true] {
            for waits in [false, true] {
                let times = seen.get(&format!("{:?}", (mode, shutting_down, waits)));
                let possible = mode == Mode::On || !waits;
                let enough = times.is_some_and(|times| *times >= 20);
                assert_eq!(
                    enough, possible,
                    "{mode:?} {shutting_down} {waits}: {seen:#?}"
                );
            }
        }
    }
}

#[test]
fn a_panic_that_comes_before_the_shutdown_leaves_commits_asynchronous() {
    for (shutting_down, verdict) in [(false, CommitVerdict::Done), (true, CommitVerdict::Untold)] {
        let mut history = History::new(Settings::default());
        let (back, by) = (0, 1);
        for operation in [
            Operation::Enable,
            Operation::Flush { by },
            Operation::WaitPoint {
                back,
                shutting_down: false,
            },
        ] {
            history.carry_out(operation);
        }
        let at = Some(history.end());
        history.core.on_panic(shutting_down);
        assert_eq!(
            history.core.take_effects().released,
            [(1, Outcome::Asynchronous)]
        );
        assert_eq!(
            history.core.on_engine_commit(at, false, shutting_down),
            verdict
        );
    }
}

#[test]
fn a_panic_elsewhere_disables_but_ends_no_shutdown() {
    let mut core = Coordinator::<()>::new(Settings::default());
    core.on_enable();
    core.on_flush(Position { file: 1, offset: 9 });
    core.on_hook_panic(true);
    let at = Some(Position { file: 1, offset: 9 });
    assert!(core.enabled() && !core.status());
    assert_eq!(
        core.on_engine_commit(at, false, true),
        CommitVerdict::Untold
    );
    core.on_hook_panic(false);
    assert!(core.enabled(), "the shutdown goes on");

    let mut core = Coordinator::<()>::new(Settings::default());
    core.on_enable();
    core.on_connect(ReplicaConnectionId(1), Member::of(1).into(), None);
    core.on_wait_point(None, (), false);
    core.on_hook_panic(false);
    assert_eq!(
        (core.enabled(), core.clients()),
        (false, 1),
        "the replica is there still"
    );
    let messages = core.take_effects().messages;
    assert_eq!(
        messages,
        [Message::Enabled, Message::SwitchedOff, Message::Disabled]
    );
}
