//! What else ends waits: KILL, disabling, uninstalling, the server's shutdown, the operator's word.

use crate::{
    host::{
        binary_log::BEGIN,
        commit::{self, commit},
        lifecycle, plugin,
        replica::{Manner, Replica},
        session::{Heard, Session},
    },
    scenario::{
        PATIENT, Planted, Scenario, assert_no_time_passed, client, clients, end, have_ended, is_on,
        join, no, until, waiting, yes,
    },
};
use semisync_interleaved::{pick, slept};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Acknowledges so many, so that sessions read by themselves, and then nothing.
const THEN_SILENT: Manner = Manner::AcknowledgesFirst(4);
/// At a shutdown, before the server ends the dumps.
const IN_TIME: Duration = Duration::from_secs(6);
/// A wait that nothing ends takes so long.
const FOR_EVER: u64 = 20_000;

/// Goes on when somebody waits for what will not come, or nobody is there any more.
fn until_silent(replica: &Replica, threads: &[usize]) {
    until("somebody waits for what will not come", || {
        replica.asked() > 4 && waiting() > 0 || have_ended(threads)
    });
}

pub const KILL: Scenario = Scenario {
    name: "kill_ends_a_wait",
    claim: "with kill_ends_wait a KILL ends the wait of its session at once, wherever it sleeps",
    public: &[],
    planted: &[
        Planted {
            name: "kill_is_not_passed_on",
            says: &["time passed"],
        },
        Planted {
            name: "a_kill_before_the_sleep_is_lost",
            says: &["time passed"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::install_operator();
        plugin::decide(c"kill_ends_wait", true);
        plugin::set(c"timeout", FOR_EVER);
        let replica = Replica::connect(2, BEGIN, THEN_SILENT);
        let sessions = [Session::of_client(), Session::of_client()];
        let warned = Arc::new(AtomicU64::new(0));
        let threads = sessions.map(|session| {
            let warned = Arc::clone(&warned);
            session.run("a client", move |session| {
                for _ in 0..4 {
                    commit(session);
                    if session.is_killed() {
                        break;
                    }
                }
                warned.fetch_add(session.warnings.get().into(), Ordering::Relaxed);
            })
        });
        // When somebody waits for what will not come, or anywhere on the way there.
        if pick(2) == 0 {
            until_silent(&replica, &threads);
        }
        for session in sessions {
            session.kill(false);
        }
        join(threads);
        assert_no_time_passed();
        assert_eq!(waiting(), 0, "somebody still waits");
        assert_eq!(
            warned.load(Ordering::Relaxed),
            no(),
            "warned, and unconfirmed"
        );
        assert!(is_on(), "KILL has switched semi-sync off");
        end([replica]);
    },
};

pub const RELEASE: Scenario = Scenario {
    name: "the_operator_releases",
    claim: "release_waits ends all waits at once, and semi-sync stays ON",
    public: &[],
    planted: &[
        Planted {
            name: "a_driver_is_not_woken_in_its_poller",
            says: &["time passed"],
        },
        // Only stores that others see late make this one fail.
        Planted {
            name: "released_by_flags_alone",
            says: &["time passed"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::install_operator();
        plugin::set(c"timeout", FOR_EVER);
        let replica = Replica::connect(2, BEGIN, THEN_SILENT);
        let clients = ["client 1", "client 2"].map(|name| client(name, 3, |_, _| ()));
        until("all are released", || {
            if waiting() > 0 {
                plugin::decide(c"release_waits", true);
            }
            yes() + no() == 6
        });
        join(clients);
        assert_eq!(waiting(), 0, "somebody still waits");
        assert!(is_on(), "a release has switched semi-sync off");
        end([replica]);
        assert_no_time_passed();
    },
};

pub const DISABLE: Scenario = Scenario {
    name: "disabled_while_sessions_wait",
    claim: "SET enabled=OFF ends all waits and the thread at once, and ON again finds its replicas",
    public: &["MySQL 78680", "crash on disable (5.7.14)"],
    planted: &[
        Planted {
            name: "what_was_flushed_before_is_expected",
            says: &["nobody has told of this commit"],
        },
        Planted {
            name: "a_call_of_the_thread_is_lost",
            says: &["time passed"],
        },
        Planted {
            name: "old_connections_are_not_read",
            says: &["confirmed at the end"],
        },
    ],
    time: PATIENT,
    steps: 3500,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", FOR_EVER);
        let silent = Replica::connect(2, BEGIN, THEN_SILENT);
        until("the replica connects", || silent.has_connected());
        let threads = ["client 1", "client 2"].map(|name| client(name, 3, |_, _| ()));
        if pick(2) == 0 {
            until_silent(&silent, &threads);
        }
        for _ in 0..2 {
            plugin::set(c"enabled", false);
            assert_eq!(waiting(), 0, "somebody still waits");
            plugin::set(c"enabled", true);
        }
        plugin::set(c"enabled", false);
        join(threads);
        plugin::set(c"enabled", true);
        assert!(is_on(), "enabled, and not on");
        assert_eq!(clients(), 1, "clients");
        silent.end();
        // A replica that was there while semi-sync was disabled is read from.
        plugin::set(c"enabled", false);
        let before = yes();
        let replica = Replica::connect(3, BEGIN, Manner::Acknowledges);
        until("the replica connects", || replica.has_connected());
        plugin::set(c"enabled", true);
        join([client("a later client", 2, |_, _| ())]);
        assert_eq!(yes() - before, 2, "confirmed at the end");
        end([replica]);
        assert_no_time_passed();
    },
};

pub const UNINSTALL: Scenario = Scenario {
    name: "uninstalled_while_sessions_wait",
    claim: "UNINSTALL PLUGIN ends all waits at once, is refused while a replica is there, and the \
            last session to go on ends the plugin",
    public: &["MySQL 71182"],
    planted: &[
        Planted {
            name: "uninstall_leaves_those_who_wait",
            says: &["time passed"],
        },
        Planted {
            name: "uninstalled_while_a_replica_is_there",
            says: &["without its plugin"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", FOR_EVER);
        let replica = Replica::connect(2, BEGIN, Manner::Leaves(3));
        let threads = ["client 1", "client 2"].map(|name| client(name, 3, |_, _| ()));
        until("the replica leaves", || replica.has_left());
        until("the plugin can go", plugin::uninstall);
        join(threads);
        replica.end();
        assert!(plugin::is_absent(), "somebody still uses the plugin");
        // Once more, with nothing left of the first time.
        plugin::install(true);
        let replica = Replica::connect(3, BEGIN, Manner::Acknowledges);
        join([client("a later client", 1, |_, _| ())]);
        assert_eq!(
            (yes(), no(), waiting()),
            (1, 0, 0),
            "confirmed, not, waiting"
        );
        assert!(!plugin::uninstall(), "a replica is without its plugin");
        end([replica]);
        assert_no_time_passed();
    },
};

pub const SHUTDOWN: Scenario = Scenario {
    name: "shut_down_while_sessions_wait",
    claim: "at the server's shutdown all waits end in time, and no client hears OK of a commit \
            that no replica has",
    public: &["MDEV-11853", "PS-9916"],
    planted: &[
        Planted {
            name: "a_shutdown_before_the_sleep_is_lost",
            says: &["a wait ended after"],
        },
        Planted {
            name: "told_ok_all_the_same",
            says: &["heard OK"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", FOR_EVER);
        if pick(3) == 0 {
            commit::in_groups(pick(2) == 0);
        }
        // One that stays is waited for, one that has left is not.
        let manner = if pick(2) == 0 {
            THEN_SILENT
        } else {
            Manner::Leaves(3)
        };
        let replica = Arc::new(Replica::connect(2, BEGIN, manner));
        let threads = ["client 1", "client 2"].map(|name| {
            let replica = Arc::clone(&replica);
            client(name, 3, move |session, committed| {
                assert!(slept() < IN_TIME, "a wait ended after {:?}", slept());
                if session.answer() == Heard::Ok {
                    let acknowledged = replica.acknowledged();
                    assert!(
                        acknowledged >= committed.end,
                        "a client heard OK of {}, and the replica has acknowledged {acknowledged}",
                        committed.end
                    );
                }
            })
        });
        if pick(2) == 0 {
            until("somebody waits", || waiting() > 0 || have_ended(&threads));
        }
        lifecycle::shut_down();
        replica.join();
    },
};

pub const APPLIER_STOP: Scenario = Scenario {
    name: "an_applier_is_stopped",
    claim: "an applier that waits goes on at once when it is stopped, and a client beside it waits \
            on",
    public: &[],
    planted: &[Planted {
        name: "an_applier_sleeps_on",
        says: &["time passed"],
    }],
    time: PATIENT,
    steps: 2000,
    run: || {
        plugin::install(true);
        plugin::install_operator();
        plugin::set(c"timeout", FOR_EVER);
        let replica = Replica::connect(2, BEGIN, THEN_SILENT);
        let beside = client("a client", 3, |_, _| ());
        let session = Session::of_applier();
        let applier = session.run("an applier", |session| {
            for _ in 0..4 {
                commit(session);
                if session.is_killed() {
                    break;
                }
            }
        });
        if pick(2) == 0 {
            until_silent(&replica, &[beside, applier]);
        }
        session.kill(false);
        join([applier]);
        assert_no_time_passed();
        assert!(is_on(), "its stop has switched semi-sync off");
        until("the client is released", || {
            if waiting() > 0 {
                plugin::decide(c"release_waits", true);
            }
            have_ended(&[beside])
        });
        end([replica]);
        assert_no_time_passed();
    },
};
