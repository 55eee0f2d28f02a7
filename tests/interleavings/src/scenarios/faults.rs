//! Panics in the library, while others wait.

use crate::{
    host::{
        binary_log::BEGIN,
        plugin,
        replica::{Manner, Replica},
    },
    scenario::{
        PATIENT, Planted, Scenario, a_moment, assert_no_time_passed, client, clients, end, is_on,
        join, until, waiting, yes,
    },
};
use semisync_interleaved::{is_to_panic, panic_at, pick, slept};

/// Where a panic comes: a hook of a commit or of a dump, the receiver's thread, a change under the
/// coordinator's lock.
const PLACES: [&str; 9] = [
    "after_flush",
    "after_sync",
    "after_commit",
    "before_send_event",
    "after_send_event",
    "reserve_header",
    "write",
    "shutdown",
    "state",
];

pub const PANIC: Scenario = Scenario {
    name: "a_panic_while_others_wait",
    claim: "a panic in any hook, or under the coordinator's lock, ends all waits at once; enabled \
            again, semi-sync works, with replicas that connect anew where nothing is known of them",
    public: &[],
    planted: &[
        Planted {
            name: "a_panic_switches_nothing_off",
            says: &["after a panic"],
        },
        Planted {
            name: "a_panic_forgets_those_who_wait",
            says: &["after a panic"],
        },
        Planted {
            name: "after_a_panic_replicas_stay",
            says: &["in vain"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", 20_000_u64);
        plugin::set(c"wait_point", pick(2) as u64);
        let mut replica = Replica::connect(2, BEGIN, Manner::Acknowledges);
        until("the replica counts", || clients() == 1);
        let threads = ["client 1", "client 2", "client 3"].map(|name| client(name, 2, |_, _| ()));
        a_moment();
        let place = PLACES[pick(PLACES.len())];
        panic_at(place);
        join(threads);
        // All were past it.
        if is_to_panic() {
            join([client("one more client", 1, |_, _| ())]);
        }
        if is_to_panic() {
            replica.end();
        }
        assert!(!is_to_panic(), "nobody comes by {place}");
        assert!(
            !is_on() && slept().is_zero(),
            "after a panic in {place} semi-sync is {}, and all slept for {:?}",
            if is_on() { "ON" } else { "off" },
            slept()
        );
        assert_eq!(waiting(), 0, "somebody still waits");
        plugin::set(c"enabled", false);
        plugin::set(c"enabled", true);
        until("a replica counts again", || {
            if replica.has_left() {
                replica.end();
                replica = Replica::connect(2, replica.received(), Manner::Acknowledges);
            }
            clients() == 1 && replica.has_connected()
        });
        let before = yes();
        join([client("a later client", 1, |_, _| ())]);
        assert_eq!(yes() - before, 1, "confirmed at the end");
        end([replica]);
        assert_no_time_passed();
    },
};
