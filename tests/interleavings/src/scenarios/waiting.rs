//! Sessions that wait for acknowledgements, and go on.

use crate::{
    host::{
        binary_log::BEGIN,
        commit::commit,
        plugin,
        replica::{Manner, Replica},
        session::Session,
    },
    scenario::{
        PATIENT, Planted, Scenario, assert_confirmed, assert_no_time_passed, assert_replica_has,
        client, clients, end, is_on, join, no, until, waiting, yes,
    },
};
use semisync_interleaved::{Time, pick};
use std::{sync::Arc, time::Duration};

pub const TWO_SESSIONS: Scenario = Scenario {
    name: "two_sessions_wait",
    claim: "sessions that wait at once are released by their acknowledgements, whoever reads them",
    public: &["MDEV-33551", "MDEV-35109"],
    planted: &[
        Planted {
            name: "nobody_reads_for_the_others",
            says: &["time passed"],
        },
        Planted {
            name: "the_thread_leaves_those_who_wait",
            says: &["time passed"],
        },
        Planted {
            name: "confirmed_before_it_waits",
            says: &["confirmed and not"],
        },
        Planted {
            name: "released_without_its_mutex",
            says: &["time passed"],
        },
    ],
    time: PATIENT,
    steps: 1500,
    run: || {
        plugin::install(true);
        // Sometimes those who wait look for a while before they sleep.
        plugin::install_operator();
        plugin::decide(c"spin_us", if pick(2) == 0 { 0 } else { 20_u32 });
        let after_commit = u64::from(pick(2) == 0);
        plugin::set(c"wait_point", after_commit);
        let replica = Arc::new(Replica::connect(2, BEGIN, Manner::Acknowledges));
        let clients = ["client 1", "client 2"].map(|name| {
            let replica = Arc::clone(&replica);
            client(name, 3, move |_, committed| {
                assert_replica_has(replica.received(), committed);
            })
        });
        join(clients);
        assert_confirmed(6);
        end(Arc::into_inner(replica));
        assert_no_time_passed();
    },
};

pub const ALL_REPLICAS: Scenario = Scenario {
    name: "all_replicas_must_have_it",
    claim: "with a count of two, or three, a commit goes on when so many replicas have it, not \
            before",
    public: &["MySQL 109829"],
    planted: &[
        Planted {
            name: "one_replica_is_enough",
            says: &["went on"],
        },
        Planted {
            name: "two_of_three_are_enough",
            says: &["went on"],
        },
    ],
    time: PATIENT,
    steps: 1500,
    run: || {
        plugin::install(true);
        let count = 2 + pick(2);
        plugin::set(c"wait_for_replica_count", count as u32);
        let connect = |id| Arc::new(Replica::connect(id, BEGIN, Manner::Acknowledges));
        let replicas: Vec<_> = (2..).map(connect).take(count).collect();
        let clients = ["client 1", "client 2"].map(|name| {
            let replicas = replicas.clone();
            client(name, 2, move |_, committed| {
                for replica in &replicas {
                    assert_replica_has(replica.received(), committed);
                }
            })
        });
        join(clients);
        assert_confirmed(4);
        end(replicas.into_iter().filter_map(Arc::into_inner));
        assert_no_time_passed();
    },
};

/// How long sessions wait here.
const TIMEOUT: Duration = Duration::from_secs(1);

pub const TIMEOUT_AND_ACK: Scenario = Scenario {
    name: "acknowledged_at_the_timeout",
    claim: "a commit whose acknowledgement and timeout come at once is counted once, as what it is, \
            and only an unconfirmed commit switches semi-sync off",
    public: &[],
    planted: &[Planted {
        name: "a_late_timeout_switches_off",
        says: &["off"],
    }],
    time: Time::Hasty(100),
    steps: 1500,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", 1000_u64);
        let manner = Manner::Slow(TIMEOUT);
        let replica = Arc::new(Replica::connect(2, BEGIN, manner));
        let threads = ["client 1", "client 2"].map(|name| {
            let replica = Arc::clone(&replica);
            client(name, 1, move |_, committed| {
                assert!(
                    no() > 0 || replica.received() >= committed.end,
                    "commit {} went on, confirmed by nobody",
                    committed.end
                );
            })
        });
        join(threads);
        assert_eq!(
            (yes() + no(), waiting()),
            (2, 0),
            "counted, and still waiting"
        );
        assert!(no() > 0 || is_on(), "off, and all are confirmed");
        // What came too late switches semi-sync on again.
        until("semi-sync comes back from off", is_on);
        assert_eq!(clients(), 1, "clients");
        end(Arc::into_inner(replica));
    },
};

pub const APPLIER: Scenario = Scenario {
    name: "an_applier_waits_beside_clients",
    claim: "an applier's commit is confirmed, whoever reads its acknowledgement",
    public: &[],
    planted: &[
        Planted {
            name: "an_applier_drives",
            says: &["confirmed and not"],
        },
        Planted {
            name: "nobody_reads_for_an_applier",
            says: &["time passed"],
        },
    ],
    time: PATIENT,
    steps: 1500,
    run: || {
        plugin::install(true);
        let replica = Replica::connect(2, BEGIN, Manner::Acknowledges);
        let of_client = client("a client", 3, |_, _| ());
        let applier = Session::of_applier().run("an applier", |session| {
            for _ in 0..3 {
                commit(session);
            }
        });
        join([of_client, applier]);
        assert_confirmed(6);
        end([replica]);
        assert_no_time_passed();
    },
};
