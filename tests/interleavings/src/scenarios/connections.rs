//! Replicas that come and go, and connections that others end.

use crate::{
    host::{
        binary_log::BEGIN,
        plugin,
        replica::{Manner, Replica},
    },
    scenario::{
        PATIENT, Planted, Scenario, a_moment, assert_confirmed, assert_no_time_passed,
        assert_replica_has, client, clients, end, is_on, join, no, until, yes,
    },
};
use semisync_interleaved::{elapsed, pick};
use semisync_source_side::counters::ACKS_REFUSED;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

pub const COME_AND_GO: Scenario = Scenario {
    name: "replicas_come_and_go",
    claim: "while one replica stays, others that come, leave and come back hold nobody up, and \
            count for as long as they are there",
    public: &["MDEV-35397", "MDEV-32551", "MDEV-32385"],
    planted: &[
        Planted {
            name: "who_has_left_counts",
            says: &["clients"],
        },
        Planted {
            name: "a_goodbye_breaks_the_protocol",
            says: &["refused"],
        },
        Planted {
            name: "a_closed_connection_stays_open",
            says: &["descriptors are left"],
        },
    ],
    time: PATIENT,
    steps: 3000,
    run: || {
        plugin::install(true);
        let stays = Arc::new(Replica::connect(2, BEGIN, Manner::Acknowledges));
        let seen = Arc::clone(&stays);
        let commits = client("a client", 3, move |_, committed| {
            assert_replica_has(seen.received(), committed);
        });
        for _ in 0..2 {
            let manner = match pick(2) {
                0 => Manner::Leaves(1),
                _ => Manner::SaysGoodbye(1),
            };
            let goes = Replica::connect(3, BEGIN, manner);
            goes.join_replica();
            goes.end();
        }
        join([commits]);
        assert_confirmed(3);
        assert_eq!(clients(), 1, "clients");
        end(Arc::into_inner(stays));
        assert_eq!(clients(), 0, "clients at the end");
        let refused = ACKS_REFUSED.load(Ordering::Relaxed);
        assert_eq!(refused, 0, "words that were refused");
        assert_no_time_passed();
    },
};

pub const KILLED_DUMP: Scenario = Scenario {
    name: "a_dump_is_killed",
    claim: "KILL of a dump, at any moment of it, ends its connection for all threads: nobody \
            touches it afterwards, it does not count, and the plugin can go",
    public: &["MDEV-36934", "crash on a replica's stop (5.7.16)"],
    planted: &[
        Planted {
            name: "a_closed_connection_is_written_to",
            says: &["a packet without a header"],
        },
        Planted {
            name: "the_servers_own_descriptor",
            says: &["closed by somebody else"],
        },
        Planted {
            name: "a_closed_connection_stays_open",
            says: &["descriptors are left"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        let stays = Replica::connect(2, BEGIN, Manner::Acknowledges);
        let commits = client("a client", 2, |_, _| ());
        let killed = Replica::connect(3, BEGIN, Manner::Acknowledges);
        a_moment();
        killed.end();
        // Its descriptors' numbers are in use again.
        let later = Replica::connect(4, BEGIN, Manner::Acknowledges);
        join([commits]);
        later.end();
        assert_confirmed(2);
        until("the first replica connects", || stays.has_connected());
        assert_eq!(clients(), 1, "clients");
        end([stays]);
        assert_eq!(clients(), 0, "clients at the end");
        assert_no_time_passed();
    },
};

pub const BABBLES: Scenario = Scenario {
    name: "a_replica_breaks_the_protocol",
    claim: "a replica that breaks the protocol, sends half an acknowledgement, or acknowledges what \
            there is not, holds nobody up and confirms nothing",
    public: &["MySQL 99628"],
    planted: &[
        Planted {
            name: "the_future_is_believed",
            says: &["went on"],
        },
        Planted {
            name: "half_a_packet_is_forgotten",
            says: &["went on"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        // Its packets may come in pieces.
        let manner = match pick(2) {
            0 => Manner::Acknowledges,
            _ => Manner::Splits,
        };
        let honest = Arc::new(Replica::connect(2, BEGIN, manner));
        let bad = [
            Replica::connect(3, BEGIN, Manner::Lies),
            Replica::connect(4, BEGIN, Manner::Babbles),
            Replica::connect(5, BEGIN, Manner::StopsHalfway),
        ];
        let threads = ["client 1", "client 2"].map(|name| {
            let honest = Arc::clone(&honest);
            client(name, 2, move |_, committed| {
                assert_replica_has(honest.acknowledged(), committed);
            })
        });
        join(threads);
        assert_confirmed(4);
        for replica in bad {
            replica.end();
        }
        end(Arc::into_inner(honest));
        assert_no_time_passed();
    },
};

pub const WITHOUT_REPLICAS: Scenario = Scenario {
    name: "the_last_replica_leaves",
    claim: "with wait_no_replica=OFF sessions do not wait for replicas that have left, also when \
            one comes back at that moment",
    public: &["MDEV-35397", "MDEV-36934"],
    planted: &[
        Planted {
            name: "who_has_left_counts",
            says: &["clients"],
        },
        Planted {
            name: "the_lock_is_held_while_sessions_are_woken",
            says: &["nobody will wake them"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::set(c"wait_no_replica", false);
        plugin::set(c"timeout", 20_000_u64);
        let leaves = Replica::connect(2, BEGIN, Manner::Leaves(1));
        let threads = ["client 1", "client 2"].map(|name| client(name, 2, |_, _| ()));
        leaves.join_replica();
        let back = Replica::connect(3, BEGIN, Manner::Acknowledges);
        join(threads);
        assert_eq!(yes() + no(), 4, "counted");
        leaves.end();
        join([client("a later client", 1, |_, _| ())]);
        assert_eq!(yes() + no(), 5, "counted");
        // The replica has everything, or will.
        until("semi-sync comes back from off", is_on);
        assert_eq!(clients(), 1, "clients");
        end([back]);
        // While semi-sync is off nobody waits, so acknowledgements may be read a little later.
        assert!(
            elapsed() < Duration::from_millis(100),
            "time passed: {:?}",
            elapsed()
        );
    },
};
