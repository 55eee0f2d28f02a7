//! Who does what, and what must hold in every order.

use crate::{
    poller::Ready,
    server::{self, Server},
    source::{COND, STAGE, Source, waiter},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    wait::{SessionWait, Woken},
};
use loom::{sync::Arc, thread};

/// A model, and the bugs that it must find.
pub struct Model {
    pub name: &'static str,
    pub claim: &'static str,
    pub planted: &'static [&'static str],
    /// So many times a thread may lose its processor where it could go on. None: any number.
    pub preemptions: Option<usize>,
    pub run: fn(),
}

pub const MODELS: &[Model] = &[
    Model {
        name: "a_release_on_a_condition",
        claim: "a release is not lost, and whoever goes on finds its wait counted, without a lock",
        planted: &["released_in_no_order", "released_without_its_mutex"],
        preemptions: None,
        run: a_release,
    },
    Model {
        name: "a_release_in_the_poller",
        claim: "a release reaches a session that sleeps in the poller",
        planted: &[
            "a_driver_is_not_woken_in_its_poller",
            "released_by_flags_alone",
        ],
        preemptions: None,
        run: a_release_in_the_poller,
    },
    Model {
        name: "a_kill_of_who_drives",
        claim: "KILL reaches a session that drives, by the thread that stands by",
        planted: &["kill_is_not_passed_on"],
        preemptions: Some(4),
        run: a_kill,
    },
    Model {
        name: "one_seat_for_two",
        claim: "of two sessions and the receiver's thread somebody reads each acknowledgement, \
                whoever has the seat, and the thread ends when it is called",
        planted: &[
            "nobody_reads_for_the_others",
            "the_thread_leaves_those_who_wait",
            "a_call_of_the_thread_is_lost",
        ],
        preemptions: Some(3),
        run: one_seat,
    },
];

// ---- the models ----

fn a_release() {
    let waiter = waiter(None);
    let counted = Arc::new(AtomicU64::new(0));
    let releaser = {
        let (waiter, counted) = (waiter.clone(), Arc::clone(&counted));
        thread::spawn(move || {
            // As the wait histogram does.
            counted.fetch_add(1, Ordering::Relaxed);
            waiter.release();
        })
    };
    let session = SessionWait::enter(Server, &waiter, None, &STAGE, &COND);
    let found = || {
        assert_eq!(
            counted.load(Ordering::Relaxed),
            1,
            "its wait is not counted"
        )
    };
    // As a session that polls looks.
    if session.is_awake() {
        found();
    }
    while session.sleep(None, || false) != Woken::Released {}
    found();
    drop(session);
    releaser.join().expect("nobody panics");
}

fn a_release_in_the_poller() {
    let source = Source::new();
    let thread = source.thread();
    let waiter = source.waiter();
    let releaser = {
        let waiter = waiter.clone();
        thread::spawn(move || waiter.release())
    };
    let driving = source.take();
    let session = SessionWait::enter(Server, &waiter, Some(&driving), &STAGE, &COND);
    let mut ready = Ready::default();
    while session.sleep_in(&driving, &mut ready, None, || false) != Ok(Some(Woken::Released)) {}
    drop(session);
    drop(driving);
    releaser.join().expect("nobody panics");
    source.end(thread);
}

fn a_kill() {
    let source = Source::new();
    let thread = source.thread();
    let waiter = source.waiter();
    server::watch(true);
    let killed = Arc::new(AtomicBool::new(false));
    let killer = {
        let killed = Arc::clone(&killed);
        thread::spawn(move || {
            killed.store(true, Ordering::Release);
            server::broadcast();
        })
    };
    let driving = source.take();
    let session = SessionWait::enter(Server, &waiter, Some(&driving), &STAGE, &COND);
    let mut ready = Ready::default();
    let is_killed = || killed.load(Ordering::Acquire);
    while !is_killed() {
        let _ = session.sleep_in(&driving, &mut ready, None, is_killed);
    }
    drop(session);
    drop(driving);
    killer.join().expect("nobody panics");
    source.end(thread);
}

fn one_seat() {
    let source = Source::new();
    let thread = source.thread();
    let other = {
        let source = source.clone();
        thread::spawn(move || source.wait())
    };
    source.wait();
    other.join().expect("nobody panics");
    source.end(thread);
}
