//! Known failures of others (docs/history.md) that have to do with the order of threads, and that
//! no other scenario has: each with its circumstances, and with the fault of the field as a bug.

use crate::{
    host::{
        binary_log::{BEGIN, EVENT},
        commit,
        dump::From,
        plugin,
        replica::{Manner, Replica},
        session::Session,
    },
    scenario::{
        PATIENT, Planted, Scenario, a_moment, assert_confirmed, assert_no_time_passed, client,
        clients, end, have_ended, is_on, join, no, until, waiting, yes,
    },
};
use semisync_interleaved::{Time, elapsed, pick, thread, woken};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A wait that nothing ends takes so long.
const FOR_EVER: u64 = 20_000;
const AFTER_COMMIT: u64 = 1;

pub const LOST_ACKNOWLEDGEMENT: Scenario = Scenario {
    name: "an_acknowledgement_is_lost",
    claim: "a replica that has a transaction, and whose acknowledgement is lost, confirms it by \
            coming back, by file and position or with auto-position",
    public: &[
        "MySQL 104015",
        "MySQL 101056",
        "Vitess 17709",
        "Vitess 17749",
    ],
    planted: &[Planted {
        name: "what_is_not_sent_again_is_not_asked_for",
        says: &["confirmed and not"],
    }],
    time: PATIENT,
    steps: 2000,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", FOR_EVER);
        let leaves = Replica::connect(2, BEGIN, Manner::Leaves(1 + u32::from(pick(2) == 0)));
        let clients = ["client 1", "client 2"].map(|name| client(name, 2, |_, _| ()));
        leaves.join_replica();
        let has = leaves.received();
        // The server ends the old dump when the replica is back, or has noticed before.
        let noticed = pick(2) == 0;
        if noticed {
            leaves.end();
        }
        let from = match pick(2) {
            0 => From::Place(has),
            _ => From::AllBut(has),
        };
        let back = Replica::ask(2, from, Manner::Acknowledges);
        if !noticed {
            leaves.end();
        }
        join(clients);
        assert_confirmed(4);
        end([back]);
        assert_no_time_passed();
    },
};

pub const OWN_POSITION: Scenario = Scenario {
    name: "a_commit_waits_for_its_own_position",
    claim: "a commit goes on once its own position is acknowledged, whatever others have written \
            behind it since",
    public: &["MDEV-35109"],
    planted: &[Planted {
        name: "it_waits_for_the_end_of_the_log",
        says: &["in vain"],
    }],
    time: PATIENT,
    steps: 2000,
    run: || {
        plugin::install(true);
        plugin::install_operator();
        plugin::set(c"timeout", FOR_EVER);
        plugin::set(c"wait_point", AFTER_COMMIT);
        let replica = Replica::connect(2, BEGIN, Manner::AcknowledgesFirst(2));
        let gone_on: Arc<Mutex<BTreeSet<u64>>> = Arc::default();
        let threads = ["client 1", "client 2", "client 3"].map(|name| {
            let gone_on = Arc::clone(&gone_on);
            client(name, 2, move |_, committed| {
                gone_on.lock().expect("nobody panics").insert(committed.end);
            })
        });
        until("the replica falls silent", || replica.asked() > 2);
        until("what is acknowledged goes on", || {
            let ends = (1..).map(|number| BEGIN + number * EVENT);
            let gone_on = gone_on.lock().expect("nobody panics");
            ends.take_while(|end| *end <= replica.acknowledged())
                .all(|end| gone_on.contains(&end))
        });
        until("all are released", || {
            if waiting() > 0 {
                plugin::decide(c"release_waits", true);
            }
            have_ended(&threads)
        });
        end([replica]);
        assert_no_time_passed();
    },
};

pub const PHANTOM: Scenario = Scenario {
    name: "others_look_while_commits_wait",
    claim: "with AFTER_SYNC nobody sees a commit that no replica has, in a group or not, with \
            binlog_order_commits or without",
    public: &["MySQL 62174"],
    planted: &[Planted {
        name: "it_waits_after_the_commit_in_the_engine",
        says: &["others see"],
    }],
    time: PATIENT,
    steps: 2000,
    run: || {
        plugin::install(true);
        if pick(3) > 0 {
            commit::in_groups(pick(2) == 0);
        }
        let replica = Arc::new(Replica::connect(2, BEGIN, Manner::Acknowledges));
        let threads = ["client 1", "client 2", "client 3"].map(|name| client(name, 2, |_, _| ()));
        let seen = Arc::clone(&replica);
        let reader = thread::spawn("a reader", move || {
            until("all commits go on", || {
                let (visible, received) = (commit::visible(), seen.received());
                assert!(
                    visible <= received,
                    "others see {visible}, and the replica has {received}"
                );
                have_ended(&threads)
            });
        });
        join([reader]);
        end(Arc::into_inner(replica));
        assert_no_time_passed();
    },
};

pub const WAKES: Scenario = Scenario {
    name: "an_acknowledgement_wakes_its_own",
    claim: "a session that waits is woken once, by the acknowledgement that releases it, whoever \
            else waits",
    public: &["MDEV-33551"],
    planted: &[Planted {
        name: "everybody_is_woken",
        says: &["woken"],
    }],
    time: PATIENT,
    steps: 2000,
    run: || {
        const COMMITS: u32 = 3;
        plugin::install(true);
        plugin::set(c"wait_point", pick(2) as u64);
        let replica = Replica::connect(2, BEGIN, Manner::Acknowledges);
        let threads = ["client 1", "client 2", "client 3"].map(|name| {
            Session::of_client().run(name, |session| {
                for _ in 0..COMMITS {
                    commit::commit(session);
                }
                assert!(
                    woken() <= COMMITS.into(),
                    "woken {} times for {COMMITS} commits",
                    woken()
                );
            })
        });
        join(threads);
        assert_confirmed(3 * u64::from(COMMITS));
        end([replica]);
        assert_no_time_passed();
    },
};

pub const DISABLED: Scenario = Scenario {
    name: "replicas_of_a_disabled_source",
    claim: "with wait_no_replica=OFF replicas come, are served and leave where semi-sync was never \
            enabled, or is disabled meanwhile; enabled at last, semi-sync works",
    public: &["MDEV-18096", "MDEV-36359", "crash on disable (5.7.14)"],
    planted: &[Planted {
        name: "the_receiver_is_expected_to_be_there",
        says: &["nobody watches"],
    }],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(pick(2) == 0);
        plugin::set(c"wait_no_replica", false);
        plugin::set(c"timeout", FOR_EVER);
        let stays = Replica::connect(2, BEGIN, Manner::Acknowledges);
        let leaves = Replica::connect(3, BEGIN, Manner::Leaves(1));
        let commits = client("a client", 3, |_, _| ());
        a_moment();
        plugin::set(c"enabled", false);
        leaves.join_replica();
        leaves.end();
        stays.end();
        join([commits]);
        assert_eq!((clients(), waiting()), (0, 0), "clients, waiting");
        let before = yes();
        plugin::set(c"enabled", true);
        assert!(!is_on(), "on, without a replica");
        let back = Replica::connect(2, stays.received(), Manner::Acknowledges);
        until("semi-sync comes on", is_on);
        join([client("a later client", 1, |_, _| ())]);
        assert_eq!(yes() - before, 1, "confirmed at the end");
        end([back]);
        assert_no_time_passed();
    },
};

/// How long sessions wait here.
const TIMEOUT: u64 = 1000;

pub const BACK_ON: Scenario = Scenario {
    name: "back_on_after_a_timeout",
    claim: "after a timeout with a count of two, semi-sync is ON again when both replicas have \
            caught up, not before",
    public: &["MDEV-37116"],
    planted: &[Planted {
        name: "one_replica_switches_on",
        says: &["semi-sync is ON"],
    }],
    time: Time::Hasty(300),
    steps: 1500,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", TIMEOUT);
        plugin::set(c"wait_for_replica_count", 2_u32);
        let quick = Replica::connect(2, BEGIN, Manner::Acknowledges);
        let slow = Replica::connect(3, BEGIN, Manner::Slow(Duration::from_millis(1500)));
        let first = client("a client", 1, |_, _| ());
        join([first]);
        let after = client("a later client", 1, |_, _| ());
        // Off, and on again, unless all was there in time.
        until("semi-sync is ON at the end", || {
            let (is_on, has) = (is_on(), quick.acknowledged().min(slow.acknowledged()));
            assert!(
                !is_on || no() == 0 || has > BEGIN,
                "semi-sync is ON, and a replica has only {has}"
            );
            have_ended(&[after]) && is_on
        });
        join([after]);
        assert_eq!(clients(), 2, "clients");
        end([quick, slow]);
        assert!(
            elapsed() < Duration::from_secs(20),
            "it takes {:?}",
            elapsed()
        );
    },
};
