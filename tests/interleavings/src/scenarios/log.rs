//! The binary log: commit groups, a new file, a new log.

use crate::{
    host::{
        binary_log::{self, BEGIN, File},
        commit,
        dump::From,
        plugin,
        replica::{Manner, Replica, ever_received},
        session::Session,
    },
    scenario::{
        PATIENT, Planted, Scenario, a_moment, assert_no_time_passed, assert_replica_has, client,
        clients, end, have_ended, is_on, join, no, until, waiting, yes,
    },
};
use semisync_interleaved::pick;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A wait that nothing ends takes so long.
const FOR_EVER: u64 = 20_000;

/// Any way in which the server may lead commits past the hooks.
fn any_way() {
    if pick(3) > 0 {
        commit::in_groups(pick(2) == 0);
    }
    plugin::set(c"wait_point", pick(2) as u64);
}

pub const GROUPS: Scenario = Scenario {
    name: "commits_in_groups",
    claim: "of a commit group, with binlog_order_commits or without, every member is confirmed, \
            and one acknowledgement ends all waits for what lies before it",
    public: &["MDEV-35109"],
    planted: &[
        Planted {
            name: "only_the_end_of_a_group_counts",
            says: &["unconfirmed", "went on"],
        },
        Planted {
            name: "one_wait_ends_with_each_acknowledgement",
            says: &["unconfirmed"],
        },
    ],
    time: PATIENT,
    steps: 2000,
    run: || {
        plugin::install(true);
        commit::in_groups(pick(2) == 0);
        plugin::set(c"wait_point", pick(2) as u64);
        let replica = Arc::new(Replica::connect(2, BEGIN, Manner::Acknowledges));
        let clients = ["client 1", "client 2", "client 3"].map(|name| {
            let replica = Arc::clone(&replica);
            client(name, 2, move |_, committed| {
                assert_replica_has(replica.received(), committed);
            })
        });
        join(clients);
        // With AFTER_SYNC only the leader of a group waits.
        assert!(no() == 0 && yes() > 0, "{} unconfirmed of {}", no(), yes());
        end(Arc::into_inner(replica));
        assert_no_time_passed();
    },
};

pub const ROTATE: Scenario = Scenario {
    name: "the_log_is_rotated",
    claim: "FLUSH BINARY LOGS holds nobody up for longer than the commits before it wait, commits \
            are confirmed in the next file too, and release_waits lets FLUSH go on",
    public: &["MySQL 104012"],
    planted: &[
        Planted {
            name: "where_a_file_lies_is_asked_once",
            says: &["in vain"],
        },
        Planted {
            name: "a_new_file_has_the_old_number",
            says: &["went on", "semi-sync is off"],
        },
        Planted {
            name: "the_last_wait_is_not_released",
            says: &["in vain"],
        },
    ],
    time: PATIENT,
    steps: 2500,
    run: || {
        plugin::install(true);
        plugin::install_operator();
        plugin::set(c"timeout", FOR_EVER);
        any_way();
        // One that says nothing any more: the operator releases who waits for it.
        let is_silent = pick(3) == 0;
        let manner = match is_silent {
            true => Manner::AcknowledgesFirst(2),
            false => Manner::Acknowledges,
        };
        let replica = Arc::new(Replica::connect(2, BEGIN, manner));
        let flush = Session::of_client().run("FLUSH", |_| {
            for _ in 0..2 {
                a_moment();
                binary_log::rotate();
            }
        });
        let clients = ["client 1", "client 2"].map(|name| {
            let replica = Arc::clone(&replica);
            client(name, 3, move |_, committed| {
                if !is_silent {
                    assert_replica_has(replica.received(), committed);
                }
            })
        });
        let threads = [flush, clients[0], clients[1]];
        until("FLUSH and all commits go on", || {
            if is_silent && waiting() > 0 {
                plugin::decide(c"release_waits", true);
            }
            have_ended(&threads)
        });
        join(threads);
        assert!(is_on(), "semi-sync is off");
        assert!(is_silent || no() == 0, "{} unconfirmed", no());
        // A replica that has nothing reads all files, and counts.
        let late = Replica::ask(3, From::AllBut(0), Manner::Acknowledges);
        until("a later replica has all files", || {
            late.received() >= replica.received()
        });
        assert_eq!(clients_of(2), 2, "clients");
        end([late].into_iter().chain(Arc::into_inner(replica)));
        assert_no_time_passed();
    },
};

/// `..._clients`, once so many are there.
fn clients_of(wanted: u64) -> u64 {
    until("the replicas count", || clients() >= wanted);
    clients()
}

pub const RESET: Scenario = Scenario {
    name: "the_log_is_reset",
    claim: "RESET ends all waits at once, at any moment of a commit or of a dump's beginning; no \
            word of the old log confirms a commit of the new one, and replicas come back to it",
    public: &[],
    planted: &[
        Planted {
            name: "a_flush_that_goes_back_is_no_reset",
            says: &["went on"],
        },
        Planted {
            name: "a_replaced_file_is_the_old_one",
            says: &["went on"],
        },
        Planted {
            name: "a_reset_releases_nobody",
            says: &["in vain"],
        },
        Planted {
            name: "replicas_of_the_old_log_stay",
            says: &["in vain"],
        },
        Planted {
            name: "a_dump_of_before_a_reset_counts",
            says: &["went on"],
        },
    ],
    time: PATIENT,
    steps: 3000,
    run: || {
        plugin::install(true);
        plugin::set(c"timeout", FOR_EVER);
        any_way();
        let by_gtid = pick(2) == 0;
        let ask = move |has: u64| {
            let has = match File::of(has).0.era == binary_log::era() {
                true => has,
                false => new_log(),
            };
            match by_gtid {
                true => Replica::ask(2, From::AllBut(has), Manner::Acknowledges),
                false => Replica::ask(2, From::Place(has), Manner::Acknowledges),
            }
        };
        let mut replica = ask(BEGIN);
        let commits = |name: &'static str| {
            client(name, 3, |_, committed| {
                let (file, _) = File::of(committed.end);
                // What waited in the old log goes on unconfirmed.
                if file.era == binary_log::era() {
                    assert_replica_has(ever_received(), committed);
                }
            })
        };
        let first = commits("client 1");
        let is_near = Arc::new(AtomicBool::new(false));
        let reset = Session::of_client().run("RESET", {
            let is_near = Arc::clone(&is_near);
            move |_| {
                until("something is in the log", || yes() > 0 || waiting() > 0);
                a_moment();
                is_near.store(true, Ordering::Relaxed);
                a_moment();
                commit::reset_log(pick(2) == 0, a_moment);
            }
        });
        // Some old logs are short, so that the first group of the new one ends further on.
        if pick(2) == 0 {
            until("the RESET is near", || is_near.load(Ordering::Relaxed));
        }
        let [second, third] = ["client 2", "client 3"].map(commits);
        let threads = [first, second, third];
        // A replica that loses its connection comes back, also in the middle of a RESET.
        let mut leaves = pick(3) > 0;
        until("all commits go on", || {
            if leaves && is_near.load(Ordering::Relaxed) || replica.has_left() {
                leaves = false;
                let has = replica.received();
                replica.end();
                replica = ask(has);
            }
            have_ended(&threads) && have_ended(&[reset])
        });
        join(threads);
        assert_eq!(waiting(), 0, "somebody still waits");
        assert!(is_on(), "semi-sync is off");
        until("the replica is in the new log", || {
            if replica.has_left() {
                replica.end();
                replica = ask(new_log());
            }
            clients() == 1 && replica.has_connected()
        });
        join([client("a later client", 1, |_, committed| {
            assert_replica_has(ever_received(), committed);
        })]);
        end([replica]);
        assert_no_time_passed();
    },
};

/// Where the log begins.
fn new_log() -> u64 {
    let era = binary_log::era();
    File { era, number: 1 }.place(BEGIN)
}
