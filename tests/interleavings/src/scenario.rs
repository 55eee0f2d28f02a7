//! What a scenario is, and what scenarios share.

use crate::host::{
    commit::{Committed, commit},
    plugin,
    replica::Replica,
    session::{self, Session},
};
use semisync_interleaved::{Order, Time, elapsed, pick, slept, thread};
use semisync_source_side::{
    counters,
    server::status::{Show, Value},
    status,
};
use std::{sync::atomic::Ordering, time::Duration};

/// A scenario, and the bugs that it must find.
pub struct Scenario {
    pub name: &'static str,
    /// What it shows, as a sentence.
    pub claim: &'static str,
    /// Public bugs of the field that are of this kind.
    pub public: &'static [&'static str],
    pub planted: &'static [Planted],
    pub time: Time,
    /// About how many steps an execution has, for PCT.
    pub steps: u64,
    pub run: fn(),
}

/// A bug on purpose: `planted/<name>.patch`.
pub struct Planted {
    pub name: &'static str,
    /// What the failure says, one of these, so that it is not another one that is found.
    pub says: &'static [&'static str],
}

/// A client that commits `count` times. `after` looks at each commit when its session goes on.
pub fn client(
    name: &str,
    count: u32,
    after: impl Fn(&'static Session, Committed) + Send + 'static,
) -> usize {
    Session::of_client().run(name, move |session| {
        for _ in 0..count {
            let committed = commit(session);
            after(session, committed);
            if session.is_killed() {
                break;
            }
        }
    })
}

pub fn have_ended(threads: &[usize]) -> bool {
    threads.iter().all(|thread| thread::has_ended(*thread))
}

pub fn join(threads: impl IntoIterator<Item = usize>) {
    threads.into_iter().for_each(thread::join);
}

/// The commit went on because this replica has it.
pub fn assert_replica_has(received: u64, committed: Committed) {
    let end = committed.end;
    assert!(
        received >= end,
        "commit {end} went on, and the replica has {received}"
    );
}

/// Nobody waited for a wake-up that did not come.
pub fn assert_no_time_passed() {
    /// No execution has so many steps, and no sleep of the plugin is so short.
    const LONG: Duration = Duration::from_millis(9);
    let (slept, elapsed) = (slept(), elapsed());
    assert!(
        slept.is_zero() && elapsed < LONG,
        "time passed: all slept for {slept:?} of {elapsed:?}"
    );
}

/// `..._clients`.
pub fn clients() -> u64 {
    match status::Clients::value() {
        Value::Long(clients) => clients,
        other => panic!("not a number: {other:?}"),
    }
}

/// `..._status`.
pub fn is_on() -> bool {
    status::Status::value() == Value::Bool(true)
}

/// `..._wait_sessions`.
pub fn waiting() -> u64 {
    match status::WaitSessions::value() {
        Value::Long(sessions) => sessions,
        other => panic!("not a number: {other:?}"),
    }
}

pub fn yes() -> u64 {
    counters::YES_TX.load(Ordering::Relaxed)
}

pub fn no() -> u64 {
    counters::NO_TX.load(Ordering::Relaxed)
}

/// All of these commits were confirmed, and no other.
pub fn assert_confirmed(commits: u64) {
    assert_eq!((yes(), no()), (commits, 0), "confirmed and not");
}

/// Goes on some steps later.
pub fn a_moment() {
    const LONGEST: usize = 200;
    for _ in 0..pick(LONGEST) {
        thread::yield_now();
    }
}

/// Goes on once `is_so`. `what`: what that is, if it never comes.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    /// No execution that comes to its end has so many.
    const STEPS: u64 = 100_000;
    while !is_so() {
        assert!(Order::steps() < STEPS, "in vain: {what}");
        thread::yield_now();
    }
}

/// The replica goes, and the plugin, which must be possible. No descriptor is left open.
pub fn end(replicas: impl IntoIterator<Item = Replica>) {
    for replica in replicas {
        replica.end();
    }
    assert!(plugin::uninstall(), "the plugin is still in use");
    assert!(plugin::is_absent(), "somebody still uses the plugin");
    let clients = session::all().iter().filter(|one| one.has_client()).count();
    let left = plugin::open_descriptors() - plugin::descriptors_before() - 2 * clients;
    assert_eq!(left, 0, "descriptors are left open");
}

pub const PATIENT: Time = Time::Patient;
