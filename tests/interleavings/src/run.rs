//! Executions of a scenario, each in a process of its own: nothing is left of the one before, and
//! what one does is made by its seed alone.

use crate::{host::log_files::Directory, scenario::Scenario};
use semisync_interleaved::{Order, Policy, keep_in_order, planted, set_traces};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::{
    io::Read,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    panic,
    ptr::null_mut,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// A thread's stack. Most of it is never touched.
const STACK: usize = 512 * 1024;
/// An execution with so many steps goes round in a circle.
const MOST_STEPS: usize = 200_000;
/// Seconds after which an execution hangs, in the machine's time.
const HANGS_AFTER: u32 = 60;
/// Changes of priority of an execution by PCT.
const CHANGES: usize = 3;

/// What executions of a scenario have come to.
#[derive(Default)]
pub struct Outcome {
    pub executions: u64,
    pub steps: u64,
    /// The seed that fails, and what it says.
    pub failure: Option<(u64, String)>,
}

/// How an execution is to be.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    pub scenario: &'a Scenario,
    /// A bug that is to be there.
    pub planted: Option<&'a str>,
    pub traces: bool,
    pub in_order: bool,
    /// When no new execution is to begin.
    pub until: Option<Instant>,
}

/// The policy belongs to the seed: even ones are random.
pub fn policy(seed: u64, steps: u64) -> Policy {
    if seed.is_multiple_of(2) {
        Policy::Random
    } else {
        Policy::Pct {
            changes: CHANGES,
            steps,
        }
    }
}

/// Runs `count` executions from `first` on, in `jobs` processes at a time, up to the first failure.
pub fn run_many(wish: Wish<'_>, first: u64, count: u64, jobs: u64) -> Outcome {
    let shared = Shared::new();
    let workers: Vec<_> = (0..jobs)
        .map(|job| {
            fork(|| {
                let mut seed = first + job;
                let is_time = || wish.until.is_none_or(|until| Instant::now() < until);
                while seed < first + count && shared.failed().is_none() && is_time() {
                    if run_one(wish, seed, shared).is_some() {
                        shared.fail(seed);
                    }
                    seed += jobs;
                }
                0
            })
        })
        .collect();
    for worker in workers {
        assert_eq!(wait_for(worker), 0, "a worker failed");
    }
    let mut outcome = Outcome {
        executions: shared.executions.load(Ordering::Relaxed),
        steps: shared.steps.load(Ordering::Relaxed),
        failure: None,
    };
    if let Some(seed) = shared.failed() {
        // Once more, for its words: it is the same each time.
        let words = run_one(wish, seed, shared);
        let words = words.unwrap_or_else(|| "it does not fail again: a chance is left in".into());
        outcome.failure = Some((seed, words));
    }
    outcome
}

/// Runs one execution. None: it did not fail.
fn run_one(wish: Wish<'_>, seed: u64, shared: &Shared) -> Option<String> {
    let (mut words, child_end) = pipe();
    let directory = Directory::new();
    let child = fork(|| {
        // SAFETY: this process has one thread, and the descriptors are its own.
        unsafe {
            if !wish.traces {
                libc::dup2(child_end.as_raw_fd(), libc::STDERR_FILENO);
            }
            libc::alarm(HANGS_AFTER);
        }
        directory.take();
        execute(wish, seed);
        shared.steps.fetch_add(Order::steps(), Ordering::Relaxed);
        0
    });
    drop(child_end);
    let mut text = String::new();
    let _ = words.read_to_string(&mut text);
    let status = wait_for(child);
    shared.executions.fetch_add(1, Ordering::Relaxed);
    match status {
        0 => None,
        _ if libc::WIFSIGNALED(status) => Some(format!(
            "{text}it ended by signal {}",
            libc::WTERMSIG(status)
        )),
        _ => Some(text),
    }
}

/// Runs the scenario in this process. Does not return if it fails.
fn execute(wish: Wish<'_>, seed: u64) {
    set_traces(wish.traces);
    if wish.in_order {
        keep_in_order();
    }
    if let Some(name) = wish.planted {
        planted::plant(name);
    }
    let scenario = wish.scenario;
    let order = Order::new(seed, policy(seed, scenario.steps), scenario.time);
    let mut config = Config::new();
    config.stack_size = STACK;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(MOST_STEPS);
    config.silence_warnings = true;
    // The first panic is the failure, also one that the plugin would survive.
    panic::set_hook(Box::new(|panic| {
        eprintln!("{}: {panic}", semisync_interleaved::thread::name());
        // SAFETY: ends this process.
        unsafe { libc::_exit(1) };
    }));
    Runner::new(order, config).run(scenario.run);
}

/// What the processes tell one another.
struct Shared {
    executions: AtomicU64,
    steps: AtomicU64,
    /// A seed that fails, and 1.
    failed: AtomicU64,
}

impl Shared {
    fn new() -> &'static Self {
        // SAFETY: a page of zeros, which fits the type, shared with processes that come of this.
        unsafe {
            let page = libc::mmap(
                null_mut(),
                size_of::<Self>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert!(page != libc::MAP_FAILED, "no memory");
            &*page.cast::<Self>()
        }
    }

    fn failed(&self) -> Option<u64> {
        self.failed.load(Ordering::Acquire).checked_sub(1)
    }

    /// The lowest seed is kept.
    fn fail(&self, seed: u64) {
        let keep = |failed| (failed == 0 || seed + 1 < failed).then_some(seed + 1);
        let _ = self
            .failed
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, keep);
    }
}

fn pipe() -> (std::fs::File, OwnedFd) {
    let mut ends = [0; 2];
    // SAFETY: two new descriptors.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0, "no pipe");
        let [read, write] = ends.map(|end| OwnedFd::from_raw_fd(end));
        (read.into(), write)
    }
}

/// Runs `body` in a child process, which ends with its answer.
fn fork(body: impl FnOnce() -> i32) -> libc::pid_t {
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        -1 => panic!("no process can be had"),
        0 => {
            let code = body();
            // SAFETY: ends the child, without what belongs to its parent.
            unsafe { libc::_exit(code) }
        }
        child => child,
    }
}

fn wait_for(child: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: a child of this process.
    let ended = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(ended, child, "no child");
    status
}
