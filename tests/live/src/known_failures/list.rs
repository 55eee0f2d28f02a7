//! All cases, in the order of `docs/history.md`.

use super::case::{Case, Kind};
use super::seen::Seen;
use super::side::Side;
use super::{cost, crashes, hangs, locks, lost, operations};

/// A case that must hold with ours.
const fn case(
    kind: Kind,
    name: &'static str,
    numbers: &'static [&'static str],
    title: &'static str,
    measure: fn(&Side) -> Seen,
) -> Case {
    Case {
        name,
        kind,
        numbers,
        title,
        measure,
        ours_too: None,
    }
}

const fn ours_too(case: Case, why: &'static str) -> Case {
    Case {
        ours_too: Some(why),
        ..case
    }
}

pub const CASES: [Case; 28] = [
    case(
        Kind::Lost,
        "two-of-three",
        &["MySQL 109829"],
        "three replicas are needed, two have the commit",
        lost::two_of_three,
    ),
    case(
        Kind::Lost,
        "a-lie",
        &[],
        "the only replica lies about a position once: confirmed of 5 later commits without a copy",
        lost::a_lie,
    ),
    case(
        Kind::Lost,
        "back-on-too-early",
        &["MDEV-37116"],
        "two replicas are needed; after a timeout one of them catches up",
        lost::back_on_too_early,
    ),
    case(
        Kind::Lost,
        "shutdown",
        &["MDEV-11853", "PS-9916"],
        "four commits wait, no replica has them, the server is told to end: clients told OK",
        lost::shutdown,
    ),
    case(
        Kind::Lost,
        "phantom-read",
        &["MySQL 62174"],
        "with the defaults, another session looks for a row before a replica has it",
        lost::phantom_read,
    ),
    ours_too(
        case(
            Kind::Lost,
            "crash-recovery",
            &["MySQL 99370", "MDEV-21117"],
            "the source is killed while a commit waits, and starts again as a replica",
            lost::crash_recovery,
        ),
        "the server's recovery decides, before any plugin is loaded",
    ),
    case(
        Kind::Hangs,
        "lost-acknowledgement",
        &[
            "MySQL 104015",
            "MySQL 101056",
            "Vitess 17709",
            "Vitess 17749",
        ],
        "an acknowledgement gets lost, the replica is back by GTID, the timeout is 10 s",
        hangs::lost_acknowledgement,
    ),
    case(
        Kind::Hangs,
        "half-packet",
        &["MySQL 99628"],
        "a second replica sends half an acknowledgement: the slowest of 20 commits",
        hangs::half_packet,
    ),
    case(
        Kind::Hangs,
        "split-packet",
        &["MySQL 99628"],
        "the only replica's acknowledgements come in two pieces, 20 ms apart: confirmed of 20",
        hangs::split_packet,
    ),
    case(
        Kind::Hangs,
        "count-lowered",
        &["MySQL 89370"],
        "the count goes from 2 to 1 under load, a replica connects again: until it has more",
        hangs::count_lowered,
    ),
    case(
        Kind::Hangs,
        "mixed-writers",
        &["MDEV-35109"],
        "AFTER_SYNC, writers of tables with and without transactions together, the timeout is 60 s",
        hangs::mixed_writers,
    ),
    case(
        Kind::Hangs,
        "replica-killed",
        &["MDEV-36934"],
        "wait_no_replica=OFF, 8 writers, the replica is killed and started again, twice",
        hangs::replica_killed,
    ),
    case(
        Kind::Hangs,
        "skip-replication",
        &["MDEV-38486"],
        "a commit that the source filters out for its only replica, the timeout is 3 s",
        hangs::skip_replication,
    ),
    ours_too(
        case(
            Kind::Hangs,
            "flush-logs",
            &["MySQL 104012"],
            "FLUSH BINARY LOGS while a commit waits, with the defaults",
            locks::flush_logs,
        ),
        "the server's own lock; semisync_source_release_waits ends the wait",
    ),
    case(
        Kind::Hangs,
        "uninstall",
        &["MySQL 71182"],
        "UNINSTALL PLUGIN while a commit waits and no replica is there, then the replica is back",
        locks::uninstall,
    ),
    case(
        Kind::Hangs,
        "applier",
        &[],
        "a replica that is a source too: its applier waits, STOP REPLICA SQL_THREAD",
        locks::applier,
    ),
    case(
        Kind::Crashes,
        "many-descriptors",
        &["MySQL 79865"],
        "1,100 connections are open when the replica connects: confirmed of 5",
        crashes::many_descriptors,
    ),
    case(
        Kind::Crashes,
        "on-and-off",
        &["MySQL 78680", "5.7.14"],
        "semi-sync is disabled and enabled 40 times under load",
        crashes::on_and_off,
    ),
    case(
        Kind::Crashes,
        "replica-stops",
        &["5.7.16"],
        "the replica's server is shut down and started again three times under load",
        crashes::replica_stops,
    ),
    case(
        Kind::Crashes,
        "disabled-from-the-start",
        &["MDEV-18096"],
        "enabled=OFF and wait_no_replica=OFF in the option file, a replica comes and goes",
        crashes::disabled_from_the_start,
    ),
    case(
        Kind::Crashes,
        "disabled-in-use",
        &["MDEV-36359"],
        "wait_no_replica=OFF, semi-sync is disabled, then the replica stops",
        crashes::disabled_in_use,
    ),
    case(
        Kind::Cost,
        "wake-ups",
        &["MDEV-33551"],
        "AFTER_COMMIT, 32 clients: how often threads of the server sleep for each commit",
        cost::wake_ups,
    ),
    case(
        Kind::Operations,
        "replica-gone",
        &[],
        "the only replica is gone, nobody writes: it counts for another",
        operations::replica_gone,
    ),
    case(
        Kind::Operations,
        "switching-off",
        &[],
        "SET GLOBAL ..._enabled = OFF, the slowest of 10",
        operations::switching_off,
    ),
    case(
        Kind::Operations,
        "observe-commits-only",
        &["MySQL 105400"],
        "replication_sender_observe_commit_only=ON, the replica starts again under load",
        operations::observe_commits_only,
    ),
    case(
        Kind::Operations,
        "two-channels",
        &["MySQL 102994"],
        "a replica has two sources, and one channel is stopped: the other one",
        operations::two_channels,
    ),
    case(
        Kind::Operations,
        "goodbye",
        &["MDEV-32385", "MDEV-32551"],
        "the replica's side is disabled and stops; a proxy says COM_QUIT: errors logged",
        operations::goodbye,
    ),
    case(
        Kind::Operations,
        "status-of-a-disabled-source",
        &["MySQL 80122"],
        "the source has semi-sync disabled: the replica's status",
        operations::status_of_a_disabled_source,
    ),
];

/// The case of that name.
pub fn case_named(name: &str) -> &'static Case {
    let case = CASES.iter().find(|case| case.name == name);
    case.unwrap_or_else(|| panic!("no case {name:?}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_no_kind_has_the_name_of_a_case() {
        let mut words = BTreeSet::new();
        for case in &CASES {
            assert!(words.insert(case.name), "{} twice", case.name);
        }
        for case in &CASES {
            assert!(!words.contains(case.kind.to_string().as_str()));
        }
    }
}
