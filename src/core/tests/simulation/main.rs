//! A source and its replicas over a bad network, in simulated time. Whatever happens, a
//! commit is only acknowledged while enough connected replicas have it (`World::judge`). And
//! once the network is good again, every commit that waits goes on, although nothing but
//! heartbeats asks for acknowledgements.

mod network;
mod world;

use proptest::{collection::vec, prelude::*, test_runner::Config};
use semisync_core::{Rule, Settings};
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
    SetCount(u32),
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
        1 => (1..=3_u32).prop_map(SetCount),
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
        Operation::SetCount(count) => world.set_count(count),
    }
}

fn world(seed: u64, wait_no_replica: bool, replicas: u32, timeout: Option<u64>) -> World {
    let settings = Settings {
        rule: Rule::of_count(2),
        wait_no_replica,
        ..Settings::default()
    };
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
        wait_no_replica in prop::bool::weighted(0.8),
        replicas in 3..=5_u32,
        timeout in proptest::option::of(100..1000_u64),
        operations in vec(operation(), 1..60),
    ) {
        let mut world = world(seed, wait_no_replica, replicas, timeout);
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

        // If semi-sync was switched off, heartbeats have switched it on by now.
        world.pass(1000);
        prop_assert!(world.core.status());
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
    let mut world = world(7, true, 3, Some(100));
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
