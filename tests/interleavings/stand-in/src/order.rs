//! Who goes on at each step, by a seed: at random, or by random priorities that change at a few
//! random steps (PCT: Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of
//! Finding Bugs"). PCT finds what needs few changes of the thread at particular steps, random
//! finds what needs many anywhere.

use crate::{
    clock, late, poll,
    random::{self, pick, random},
    sleep, thread,
};
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::cell::Cell;

/// How the next task is picked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    Random,
    /// With so many changes of priority, in an execution of about so many steps.
    Pct {
        changes: usize,
        steps: u64,
    },
}

/// When deadlines pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Time {
    /// When all sleep.
    Patient,
    /// Then, and at any step with this chance: one of so many.
    Hasty(usize),
}

/// The order of one execution.
pub struct Order {
    policy: Policy,
    time: Time,
    has_begun: bool,
    /// Low is first. By the number of the task.
    priorities: Vec<u64>,
    /// Of the next task that loses its priority.
    last: u64,
    changes: Vec<u64>,
}

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

impl Order {
    /// Priorities of tasks are below this, and those of tasks that lost theirs are not.
    const LOST: u64 = 1 << 32;

    pub fn new(seed: u64, policy: Policy, time: Time) -> Self {
        random::seed(seed);
        let changes = match policy {
            Policy::Random => Vec::new(),
            Policy::Pct { changes, steps } => {
                (0..changes).map(|_| random() % steps.max(1)).collect()
            }
        };
        Self {
            policy,
            time,
            has_begun: false,
            priorities: Vec::new(),
            last: Self::LOST,
            changes,
        }
    }

    /// How many steps there were so far.
    pub fn steps() -> u64 {
        STEPS.get()
    }

    fn by_priority(&mut self, tasks: &[usize], loser: Option<usize>) -> usize {
        let known = tasks.iter().max().map_or(0, |newest| newest + 1);
        while self.priorities.len() < known {
            self.priorities.push(random() % Self::LOST);
        }
        if let Some(loser) = loser.and_then(|loser| self.priorities.get_mut(loser)) {
            self.last += 1;
            *loser = self.last;
        }
        let first = tasks.iter().min_by_key(|task| self.priorities[**task]);
        *first.expect("somebody can go on")
    }
}

impl Scheduler for Order {
    fn new_execution(&mut self) -> Option<Schedule> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        is_first.then(|| Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let steps = STEPS.get() + 1;
        STEPS.set(steps);
        clock::tick();
        late::settle_some();
        sleep::end_due();
        sleep::wake_ready(poll::is_readable);
        if let Time::Hasty(chance) = self.time
            && pick(chance) == 0
        {
            sleep::pass_time();
        }
        let awake = loop {
            let ids = runnable.iter().map(|task| usize::from(task.id()));
            let awake: Vec<_> = ids.filter(|task| !sleep::is_asleep(*task)).collect();
            if !awake.is_empty() {
                break awake;
            }
            assert!(
                sleep::pass_time(),
                "all sleep, and nobody will wake them:{}",
                sleep::picture(thread::name_of)
            );
        };
        let task = match self.policy {
            Policy::Random => awake[pick(awake.len())],
            Policy::Pct { .. } => {
                let loses = is_yielding || self.changes.contains(&steps);
                let loser = current.filter(|_| loses).map(usize::from);
                self.by_priority(&awake, loser)
            }
        };
        Some(TaskId::from(task))
    }

    fn next_u64(&mut self) -> u64 {
        random()
    }
}
