//! A source and its replicas over a bad network, in simulated time. Whatever happens, and
//! whatever the operator decides, a commit is only acknowledged while those connected replicas
//! have it that must (`World::judge`). With WAIT and REFUSE semi-sync is never OFF. And once the
//! network is good again, every commit that waits goes on, and no new one is refused, although
//! nothing but heartbeats asks for acknowledgements.

mod network;
#[path = "../support/random_rules.rs"]
mod random_rules;
#[path = "../support/rules.rs"]
mod rules;
mod world;

use proptest::{collection::vec, prelude::*, test_runner::Config};
use random_rules::rules;
use rules::PlainRule;
use semisync_core::{
    Settings,
    TimeoutAction::{self, Async, Refuse, Wait},
};
use world::World;

#[derive(Clone, Debug)]
enum Operation {
    Commit,
    Pass(u64),
    Connect { replica: usize, by_position: bool },
    Cut { replica: usize },
    Abandon { replica: usize },
    Crash { replica: usize, lost: usize },
    Lie { replica: usize },
    SetRule(PlainRule),
    Release,
    Kill { nth: usize },
    SetAction(TimeoutAction),
    SetMinReplicas(u32),
    SetRejoinAfter(u64),
}

fn action() -> impl Strategy<Value = TimeoutAction> {
    prop_oneof![2 => Just(Async), 1 => Just(Wait), 2 => Just(Refuse)]
}

/// In microseconds, and always less than the last rest.
fn rejoin_after() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 1 => 1..400_000_u64]
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        prop::bool::weighted(0.8),
        action(),
        0..=3_u32,
        rejoin_after(),
    )
        .prop_map(
            |(wait_no_replica, timeout_action, min_replicas, rejoin_after)| Settings {
                wait_no_replica,
                timeout_action,
                min_replicas,
                rejoin_after,
                ..Settings::default()
            },
        )
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let replica = || 0..5_usize;
    prop_oneof![
        10 => Just(Commit),
        8 => (1..30_u64).prop_map(Pass),
        2 => (30..600_u64).prop_map(Pass),
        4 => (replica(), any::<bool>())
            .prop_map(|(replica, by_position)| Connect { replica, by_position }),
        2 => replica().prop_map(|replica| Cut { replica }),
        2 => replica().prop_map(|replica| Abandon { replica }),
        1 => (replica(), 0..4_usize).prop_map(|(replica, lost)| Crash { replica, lost }),
        1 => replica().prop_map(|replica| Lie { replica }),
        1 => (1..=3_u32).prop_map(|count| SetRule(PlainRule::Count(count))),
        2 => rules(5).prop_map(SetRule),
        1 => Just(Release),
        1 => (0..4_usize).prop_map(|nth| Kill { nth }),
        1 => action().prop_map(SetAction),
        1 => (0..=3_u32).prop_map(SetMinReplicas),
        1 => rejoin_after().prop_map(SetRejoinAfter),
    ]
}

fn carry_out(world: &mut World, operation: &Operation) {
    // There may be fewer replicas than the operations name.
    let many = world.replicas.len();
    match *operation {
        Operation::Commit => world.commit(),
        Operation::Pass(millis) => world.pass(millis),
        Operation::Connect {
            replica,
            by_position,
        } => world.connect(replica % many, by_position),
        Operation::Cut { replica } => world.cut(replica % many),
        Operation::Abandon { replica } => world.abandon(replica % many),
        Operation::Crash { replica, lost } => world.crash(replica % many, lost),
        Operation::Lie { replica } => world.lie(replica % many),
        Operation::SetRule(ref rule) => world.set_rule(rule),
        Operation::Release => world.release(),
        Operation::Kill { nth } => world.kill(nth),
        Operation::SetAction(action) => world.set(|settings| settings.timeout_action = action),
        Operation::SetMinReplicas(min) => world.set(|settings| settings.min_replicas = min),
        Operation::SetRejoinAfter(after) => world.set(|settings| settings.rejoin_after = after),
    }
}

fn world(seed: u64, settings: Settings, replicas: u32, timeout: Option<u64>) -> World {
    let mut world = World::new(seed, settings, replicas, timeout);
    for replica in 0..world.replicas.len() {
        world.connect(replica, seed & 1 == 0);
    }
    world
}

fn config() -> Config {
    let default = Config::default();
    Config {
        cases: if cfg!(miri) { 3 } else { default.cases },
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn only_what_enough_replicas_have_is_acknowledged_and_all_waits_end(
        seed in any::<u64>(),
        settings in settings(),
        replicas in 3..=5_u32,
        timeout in proptest::option::of(100..1000_u64),
        operations in vec(operation(), 1..60),
    ) {
        let mut world = world(seed, settings, replicas, timeout);
        for operation in &operations {
            carry_out(&mut world, operation);
        }
        world.heal();
        let (asynchronous, healed) = (world.asynchronous, world.now);
        while world.waiting() > 0 {
            world.pass(1);
            prop_assert!(world.now < healed + 1000, "{} wait still", world.waiting());
        }
        prop_assert_eq!(world.asynchronous, asynchronous);

        // If semi-sync was switched off, heartbeats have switched it on by now, and again for
        // `rejoin_after`.
        world.pass(1500);
        prop_assert!(world.core.status());
        prop_assert_eq!(world.core.refusal(), None);
        let acknowledged = world.core.stats().yes_tx;
        world.commit();
        world.pass(1000);
        prop_assert_eq!(world.core.stats().yes_tx, acknowledged + 1);
    }
}

/// Guards the test above against a network in which nothing gets through, or
/// everything.
#[test]
fn commits_get_through_and_some_do_not() {
    let mut world = world(7, Settings::default(), 3, Some(100));
    let rounds = if cfg!(miri) { 20 } else { 200 };
    for round in 0..rounds {
        world.commit();
        world.pass(20);
        match round % 20 {
            5 => world.abandon(0),
            8 => world.cut(1),
            17 => (0..2).for_each(|replica| world.connect(replica, round % 40 == 17)),
            _ => {}
        }
    }
    assert!(world.acknowledged > rounds / 4, "{}", world.acknowledged);
    assert!(world.asynchronous > 0, "{}", world.asynchronous);
}

/// As above, for what the operator decides.
#[test]
fn sessions_wait_on_and_transactions_are_refused_and_all_that_ends() {
    let settings = Settings {
        timeout_action: Refuse,
        rejoin_after: 50_000,
        ..Settings::default()
    };
    let mut world = world(7, settings, 3, Some(50));
    let rounds = if cfg!(miri) { 2 } else { 20 };
    for _ in 0..rounds {
        world.commit();
        world.pass(20);
        (0..2).for_each(|replica| world.cut(replica));
        world.commit();
        world.pass(100);
        assert!(world.core.status() && world.core.refusal().is_some());
        (0..4).for_each(|_| world.commit());
        (0..2).for_each(|replica| world.connect(replica, false));
        world.pass(1000);
    }
    assert!(world.refused > 0 && world.overdue > 0);
    assert_eq!((world.waiting(), world.asynchronous), (0, 0));
    assert_eq!(world.core.refusal(), None);
    assert!(world.core.status());
}
