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
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
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
