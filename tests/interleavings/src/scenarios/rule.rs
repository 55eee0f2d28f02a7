//! Who must have a commit, while sessions wait.

use crate::{
    host::{
        binary_log::BEGIN,
        plugin,
        replica::{Manner, Replica, ever_received},
    },
    scenario::{
        PATIENT, Planted, Scenario, a_moment, assert_confirmed, assert_no_time_passed,
        assert_replica_has, client, clients, end, have_ended, join, until, waiting,
    },
};
use semisync_interleaved::pick;
use std::{
    ffi::CStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

pub const COUNT: Scenario = Scenario {
    name: "the_count_changes_while_sessions_wait",
    claim: "SET wait_for_replica_count counts at once, also for those who wait: a lower one lets \
            them go on, a higher one holds from the next commit on, and replicas that come \
            meanwhile get their data",
    public: &["MySQL 89370"],
    planted: &[
        Planted {
            name: "a_lower_count_releases_nobody",
            says: &["confirmed and not"],
        },
        Planted {
            name: "a_higher_count_is_not_believed",
            says: &["goes on"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", 20_000_u64);
        plugin::set(c"wait_for_replica_count", 2_u32);
        let connect = |id, manner| Arc::new(Replica::connect(id, BEGIN, manner));
        let honest = connect(2, Manner::Acknowledges);
        let silent = connect(3, Manner::AcknowledgesFirst(0));
        // Lowered before the SET, so that nobody goes on too early in the test's eyes.
        let is_lowered = Arc::new(AtomicBool::new(false));
        let threads = ["client 1", "client 2"].map(|name| {
            let is_lowered = Arc::clone(&is_lowered);
            client(name, 3, move |_, committed| {
                assert!(
                    is_lowered.load(Ordering::Relaxed),
                    "a commit goes on that one replica has of two"
                );
                assert_replica_has(ever_received(), committed);
            })
        });
        until("somebody waits", || waiting() > 0);
        is_lowered.store(true, Ordering::Relaxed);
        plugin::set(c"wait_for_replica_count", 1_u32);
        // A replica that comes at this moment, or later, gets its data.
        let comes_at_once = pick(2) == 0;
        let early = comes_at_once.then(|| connect(4, Manner::Acknowledges));
        join(threads);
        let late = early.unwrap_or_else(|| connect(4, Manner::Acknowledges));
        until("it gets its data", || late.received() >= honest.received());
        until("it counts", || clients() == 3);
        plugin::set(c"wait_for_replica_count", 3_u32);
        let last = client("a later client", 1, |_, _| ());
        until("it waits", || waiting() > 0 || have_ended(&[last]));
        a_moment();
        assert!(
            !have_ended(&[last]),
            "a commit goes on that two replicas have of three"
        );
        plugin::set(c"wait_for_replica_count", 2_u32);
        join([last]);
        assert_confirmed(7);
        end([honest, silent, late]
            .into_iter()
            .filter_map(Arc::into_inner));
        assert_no_time_passed();
    },
};

pub const QUORUM: Scenario = Scenario {
    name: "the_quorum_changes_while_sessions_wait",
    claim: "SET quorum counts at once, also for those who wait: only who is named counts, and all \
            terms must be met",
    public: &[],
    planted: &[
        Planted {
            name: "a_new_quorum_releases_nobody",
            says: &["and the replica has"],
        },
        Planted {
            name: "who_is_not_named_counts",
            says: &["has not named"],
        },
        Planted {
            name: "one_term_is_enough",
            says: &["one term"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        let decide = |quorum: &CStr| plugin::decide(c"quorum", quorum.as_ptr());
        plugin::install(true);
        plugin::install_operator();
        plugin::set(c"timeout", 20_000_u64);
        decide(c"ANY 1 (3)");
        let connect = |id, manner| Arc::new(Replica::connect(id, BEGIN, manner));
        let honest = connect(2, Manner::Acknowledges);
        let silent = connect(3, Manner::AcknowledgesFirst(0));
        // Named before the SET, so that nobody goes on too early in the test's eyes.
        let is_named = Arc::new(AtomicBool::new(false));
        let threads = ["client 1", "client 2"].map(|name| {
            let (is_named, honest) = (Arc::clone(&is_named), Arc::clone(&honest));
            client(name, 2, move |_, committed| {
                assert!(
                    is_named.load(Ordering::Relaxed),
                    "a commit goes on by a replica that the quorum has not named"
                );
                assert_replica_has(honest.received(), committed);
            })
        });
        until("somebody waits", || waiting() > 0);
        a_moment();
        is_named.store(true, Ordering::Relaxed);
        decide(c"FIRST 1 (2, 3)");
        join(threads);
        decide(c"ANY 1 (2) AND ANY 1 (*, 4) AND ANY 1 (4)");
        let last = client("a later client", 1, |_, _| ());
        until("it waits", || waiting() > 0 || have_ended(&[last]));
        a_moment();
        assert!(
            !have_ended(&[last]),
            "a commit goes on by one term of three"
        );
        // Either ends the wait: a replica that comes, or a quorum without it.
        let comes = pick(2) == 0;
        let late = comes.then(|| connect(4, Manner::Acknowledges));
        if !comes {
            decide(c"");
        }
        join([last]);
        assert_confirmed(5);
        end([Some(honest), Some(silent), late]
            .into_iter()
            .flatten()
            .filter_map(Arc::into_inner));
        assert_no_time_passed();
    },
};
