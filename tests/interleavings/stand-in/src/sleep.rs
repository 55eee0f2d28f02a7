//! Who sleeps, and on what. A task that sleeps is passed over by the scheduler until it is woken.
//!
//! All of this is touched by one thread of the system, and never while a task steps.

use crate::{
    clock, late,
    random::pick,
    task::{me, step},
};
use std::{cell::RefCell, os::fd::RawFd, time::Duration};

/// What a task sleeps on: a kind of thing, and its address or number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct On(pub &'static str, pub usize);

pub(crate) struct Sleeper {
    pub task: usize,
    on: On,
    /// Microseconds of the clock.
    deadline: Option<u64>,
    /// To be woken when it can be read from.
    descriptor: Option<RawFd>,
    state: Sleep,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    Asleep,
    Woken,
    TimedOut,
}

thread_local! {
    static SLEEPERS: RefCell<Vec<Sleeper>> = const { RefCell::new(Vec::new()) };
}

fn with<R>(look: impl FnOnce(&mut Vec<Sleeper>) -> R) -> R {
    SLEEPERS.with_borrow_mut(look)
}

/// Sleeps until somebody wakes what sleeps on `on`. false: the deadline has passed.
pub fn block(on: On, deadline: Option<u64>) -> bool {
    sleep(on, deadline, None)
}

/// As `block`, until `descriptor` can be read from.
pub(crate) fn block_for(descriptor: RawFd, deadline: Option<u64>) -> bool {
    let number = usize::try_from(descriptor).unwrap_or_default();
    sleep(On("a descriptor", number), deadline, Some(descriptor))
}

fn sleep(on: On, deadline: Option<u64>, descriptor: Option<RawFd>) -> bool {
    late::barrier();
    let task = me();
    with(|sleepers| {
        sleepers.push(Sleeper {
            task,
            on,
            deadline,
            descriptor,
            state: Sleep::Asleep,
        });
    });
    step();
    with(|sleepers| {
        let at = sleepers.iter().position(|sleeper| sleeper.task == task);
        let sleeper = sleepers.swap_remove(at.expect("it was pushed above"));
        assert!(sleeper.state != Sleep::Asleep, "a sleeping task goes on");
        sleeper.state == Sleep::Woken
    })
}

/// Wakes one that sleeps on `on`, any one.
pub fn wake_one(on: On) {
    with(|sleepers| {
        let asleep = |sleeper: &&mut Sleeper| sleeper.on == on && sleeper.state == Sleep::Asleep;
        let mut asleep: Vec<_> = sleepers.iter_mut().filter(asleep).collect();
        if !asleep.is_empty() {
            let any = pick(asleep.len());
            asleep[any].state = Sleep::Woken;
        }
    });
}

/// Wakes all that sleep on `on`.
pub fn wake_all(on: On) {
    with(|sleepers| {
        for sleeper in sleepers.iter_mut() {
            if sleeper.on == on && sleeper.state == Sleep::Asleep {
                sleeper.state = Sleep::Woken;
            }
        }
    });
}

// ---- the scheduler's view ----

/// Wakes whoever sleeps on a descriptor that can be read from, as `is_readable` says.
pub(crate) fn wake_ready(is_readable: fn(RawFd) -> bool) {
    with(|sleepers| {
        let asleep = |sleeper: &&mut Sleeper| sleeper.state == Sleep::Asleep;
        for sleeper in sleepers.iter_mut().filter(asleep) {
            if sleeper.descriptor.is_some_and(is_readable) {
                sleeper.state = Sleep::Woken;
            }
        }
    });
}

pub(crate) fn is_asleep(task: usize) -> bool {
    with(|sleepers| {
        let mut sleepers = sleepers.iter();
        sleepers.any(|sleeper| sleeper.task == task && sleeper.state == Sleep::Asleep)
    })
}

/// Moves the clock to the nearest deadline and ends the sleep of all whose deadline it is. false:
/// nobody has one.
pub(crate) fn pass_time() -> bool {
    with(|sleepers| {
        let asleep = sleepers.iter_mut().filter(|one| one.state == Sleep::Asleep);
        let mut timed: Vec<_> = asleep.filter(|one| one.deadline.is_some()).collect();
        let Some(nearest) = timed.iter().filter_map(|one| one.deadline).min() else {
            return false;
        };
        clock::jump_to(nearest);
        for sleeper in &mut timed {
            if sleeper.deadline <= Some(nearest) {
                sleeper.state = Sleep::TimedOut;
            }
        }
        true
    })
}

/// Ends the sleep of those whose deadline is there, because others went on for so long.
pub(crate) fn end_due() {
    let now = Some(clock::now());
    with(|sleepers| {
        for sleeper in sleepers.iter_mut() {
            let is_due = sleeper.deadline.is_some() && sleeper.deadline <= now;
            if is_due && sleeper.state == Sleep::Asleep {
                sleeper.state = Sleep::TimedOut;
            }
        }
    });
}

/// Who sleeps on what, for a person. `name_of` a task is what people call it.
pub(crate) fn picture(name_of: fn(usize) -> String) -> String {
    with(|sleepers| {
        let mut lines = String::new();
        for sleeper in sleepers.iter() {
            let name = name_of(sleeper.task);
            let On(kind, number) = sleeper.on;
            lines += &format!("\n  {name} sleeps on {kind} ({number:#x})");
        }
        lines
    })
}

/// The deadline that is so long from now.
pub(crate) fn deadline_in(time: Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    clock::now().saturating_add(micros)
}
