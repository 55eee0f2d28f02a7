//! A source whose log is rotated, renamed over restarts and reset, while replicas ask for the
//! log by file and position. Something may come between the server's check of a request and
//! the dump. Whatever comes, a commit is only acknowledged while enough replicas have it, and no
//! RESET before it lets it go on.

mod world;

use proptest::{collection::vec, prelude::*, test_runner::Config};
use world::World;

#[derive(Clone, Copy, Debug)]
enum Operation {
    /// A commit group of so many transactions.
    Commit(u32),
    Rotate,
    /// The server restarts with another base name, or with one of an earlier start.
    Rename(usize),
    /// RESET deletes the log; the plugin is told later.
    Reset,
    TellOfReset,
    /// A replica asks for the log, and the server checks the request.
    Request(usize),
    /// A dump goes one step further: begins, sends a group or an announcement.
    Step(usize),
    /// The source hears the oldest acknowledgement that is under way from a dump's replica.
    Hear(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    prop_oneof![
        6 => (1..=3_u32).prop_map(Commit),
        2 => Just(Rotate),
        1 => (0..3_usize).prop_map(Rename),
        1 => Just(Reset),
        2 => Just(TellOfReset),
        4 => (0..3_usize).prop_map(Request),
        12 => (0..6_usize).prop_map(Step),
        6 => (0..6_usize).prop_map(Hear),
    ]
}

fn carry_out(world: &mut World, operation: Operation) {
    match operation {
        Operation::Commit(transactions) => world.commit(transactions),
        Operation::Rotate => world.begin_file(),
        Operation::Rename(base) => world.rename(["binlog", "alog", "newlog"][base]),
        Operation::Reset => world.reset(),
        Operation::TellOfReset => world.tell_of_reset(),
        Operation::Request(replica) => world.request(replica),
        Operation::Step(nth) => world.step(nth),
        Operation::Hear(nth) => world.hear(nth),
    }
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 4 } else { 500 },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn only_what_enough_replicas_have_is_acknowledged(
        count in 1..=2_u32,
        operations in vec(operation(), 1..120),
    ) {
        let mut world = World::new(count, 3);
        for operation in operations {
            carry_out(&mut world, operation);
        }
    }
}

/// Guards the test above against a world in which nothing is ever acknowledged.
#[test]
fn honest_replicas_confirm_over_rotations_renames_and_resets() {
    let mut world = World::new(1, 3);
    for round in 0..30 {
        match round % 10 {
            3 => world.rename(if round < 15 { "alog" } else { "binlog" }),
            6 => {
                world.reset();
                world.tell_of_reset();
            }
            _ => world.begin_file(),
        }
        world.request(round % 3);
        world.step(0);
        world.commit(1);
        for _ in 0..40 {
            world.step(0);
            world.hear(0);
        }
        assert_eq!(world.waiting(), 0, "round {round}");
    }
    assert!(world.acknowledged >= 28, "{}", world.acknowledged);
}

/// The commit group of the new log ends further on than the old log did.
#[test]
fn a_reset_that_is_told_after_a_long_commit_lets_nobody_go_on() {
    let mut world = World::new(1, 3);
    let confirm_all = |world: &mut World| {
        for _ in 0..10 {
            world.step(0);
            world.hear(0);
        }
        assert_eq!(world.waiting(), 0);
    };
    world.request(0);
    world.step(0);
    world.commit(1);
    confirm_all(&mut world);
    world.reset();
    world.commit(3);
    world.tell_of_reset();
    assert_eq!(world.waiting(), 3);
    world.request(0);
    confirm_all(&mut world);
    assert_eq!(world.acknowledged, 4);
}
