//! The cases of `data/rules.txt`: what a quorum means for those who are connected. The file
//! says how it is read. Every case is tried with the connections in every rotation.

use semisync_core::{
    Member, Position, Quorum, ReplicaConnectionId, Rule, Scratch,
    Standing::{self, Async, Potential, Quorum as Any, Sync},
    Voter,
};
use std::sync::Arc;

#[derive(Debug)]
struct Case {
    line: usize,
    rule: Rule,
    voters: Vec<Voter>,
    confirmed: Option<Position>,
    can_be_met: bool,
    missing: &'static str,
}

fn at(offset: u64) -> Position {
    Position { file: 1, offset }
}

fn cases() -> Vec<Case> {
    let mut own_zone = None;
    let mut cases = Vec::new();
    for (number, text) in include_str!("data/rules.txt").lines().enumerate() {
        let line = number + 1;
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if !text.starts_with(' ') {
            own_zone = text.strip_prefix("own zone: ").map(Box::from);
            continue;
        }
        let case = case(text, own_zone.clone(), line);
        cases.push(case.unwrap_or_else(|| panic!("line {line} makes no sense: {trimmed}")));
    }
    cases
}

fn case(text: &'static str, own_zone: Option<Box<str>>, line: usize) -> Option<Case> {
    let columns: Vec<_> = text.split('|').map(str::trim).collect();
    let [quorum, connected, confirmed, can_be_met, missing] = columns[..] else {
        return None;
    };
    Some(Case {
        line,
        rule: Rule {
            own_zone,
            ..rule(quorum)
        },
        voters: voters(connected)?,
        confirmed: match confirmed {
            "-" => None,
            offset => Some(at(offset.parse().ok()?)),
        },
        can_be_met: match can_be_met {
            "yes" => true,
            "no" => false,
            _ => return None,
        },
        missing,
    })
}

fn rule(text: &str) -> Rule {
    if let Some(count) = text.strip_prefix("count ") {
        return Rule::of_count(count.parse().expect("a count"));
    }
    let quorum: Quorum = text
        .parse()
        .unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
    Rule {
        quorum: Some(Arc::new(quorum)),
        ..Rule::of_count(1)
    }
}

fn voters(text: &str) -> Option<Vec<Voter>> {
    let connected = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    (1..)
        .map(ReplicaConnectionId)
        .zip(connected)
        .map(|(connection, one)| voter(one, connection))
        .collect()
}

fn voter(text: &str, connection: ReplicaConnectionId) -> Option<Voter> {
    let (who, acked) = text.split_once(' ')?;
    let (streaming, who) = match who.strip_prefix('~') {
        Some(who) => (false, who),
        None => (true, who),
    };
    let (who, zone) = match who.split_once('@') {
        Some((who, zone)) => (who, Some(zone.into())),
        None => (who, None),
    };
    let (name, server_id) = match who.strip_prefix("db") {
        Some(server_id) => (Some(who.into()), server_id),
        None => (None, who),
    };
    let member = Member {
        name,
        zone,
        ..Member::of(server_id.parse().ok()?)
    };
    let acked = match acked {
        "-" => None,
        offset => Some(at(offset.parse().ok()?)),
    };
    let member = Arc::new(member);
    Some(Voter::new(connection, member, acked, streaming))
}

#[test]
fn every_case_of_the_table() {
    let cases = cases();
    assert!(cases.len() >= 60);
    let mut scratch = Scratch::default();
    for mut case in cases {
        let line = case.line;
        for _ in 0..case.voters.len().max(1) {
            let (rule, voters) = (&case.rule, &case.voters);
            assert_eq!(
                rule.position(voters, &mut scratch),
                case.confirmed,
                "line {line}"
            );
            assert_eq!(rule.can_be_met(voters), case.can_be_met, "line {line}");
            let lacking = rule.lacking(voters, at(300));
            assert_eq!(lacking.missing, case.missing, "line {line}");
            let is_met = lacking.acknowledged_by >= lacking.needed;
            assert_eq!(is_met, case.confirmed >= Some(at(300)), "line {line}");
            if !case.voters.is_empty() {
                case.voters.rotate_left(1);
            }
        }
    }
}

#[test]
fn every_connection_has_a_standing() {
    let cases: [(&str, &str, &[Standing]); 12] = [
        ("count 2", "db2 100, db3 -", &[Any, Any]),
        (
            "ANY 1 (db2, db3)",
            "db2 100, db3 -, db4 300",
            &[Any, Any, Async],
        ),
        (
            "FIRST 1 (db2, db3)",
            "db2 100, db3 200, db4 300",
            &[Sync, Potential, Async],
        ),
        ("FIRST 1 (db3, db2)", "db2 100, db3 200", &[Potential, Sync]),
        (
            "FIRST 1 (db2, db3)",
            "~db2 100, db3 200",
            &[Potential, Sync],
        ),
        ("FIRST 2 (db2, db3)", "db2 100", &[Sync]),
        ("FIRST 1 (*)", "db3 100, db2 -", &[Potential, Sync]),
        ("ZONES 1", "db2@b 100, db3@c -, db4 300", &[Any, Any, Async]),
        (
            "ANY 1 (db2, db3) AND FIRST 1 (db3)",
            "db2 1, db3 1, db4 1",
            &[Any, Sync, Async],
        ),
        (
            "ANY 1 (db3) AND FIRST 1 (db2, db3)",
            "db2 1, db3 1",
            &[Sync, Any],
        ),
        (
            "FIRST 1 (db2)",
            "db2 100, db2 -, db3 1",
            &[Sync, Sync, Async],
        ),
        ("ANY 1 (db2)", "db3 100", &[Async]),
    ];
    for (text, connected, standings) in cases {
        let (rule, voters) = (rule(text), voters(connected).expect("voters"));
        let standing = |voter: &Voter| rule.standing(&voters, voter.connection);
        let all: Vec<_> = voters.iter().map(standing).collect();
        assert_eq!(all, standings, "{text}: {connected}");
    }
}

#[test]
fn what_is_counted_are_servers_and_not_connections() {
    for (text, connected, counted) in [
        ("count 1", "db2 100, db2 200, db3 -", 2),
        ("ANY 1 (db2)", "db2 100, db2 200, db3 -", 1),
        ("FIRST 1 (db2, db3)", "db2 100, ~db3 200, db4 300", 2),
        ("ZONES 1", "db2@b 100, db3@b 200, db4 300", 2),
        ("ANY 1 (db5)", "db2 100", 0),
    ] {
        let voters = voters(connected).expect("voters");
        assert_eq!(rule(text).counted(&voters), counted, "{text}: {connected}");
    }
}

#[test]
fn what_is_missing_is_told_as_far_as_256_characters_go() {
    let connected: Vec<_> = (100..200).map(|server| format!("db{server} 100")).collect();
    let voters = voters(&connected.join(", ")).expect("voters");
    let missing = rule("ANY 100 (*)").lacking(&voters, at(300)).missing;
    assert_eq!(missing.len(), 256);
    assert!(missing.starts_with("db100, db101, ") && missing.ends_with("..."));
}

#[test]
fn of_two_connections_the_one_counts_that_has_more_with_its_name_and_zone() {
    let mut voters = voters("db2@b 100, db2@c 200").expect("voters");
    let zones = |text: &str, voters: &[Voter]| rule(text).position(voters, &mut Scratch::default());
    assert_eq!(zones("ANY 1 (zone:c)", &voters), Some(at(200)));
    assert_eq!(zones("ANY 1 (zone:b)", &voters), None);
    assert_eq!(zones("ZONES 2", &voters), None);
    voters[0].acked = Some(at(300));
    assert_eq!(zones("ANY 1 (zone:b)", &voters), Some(at(300)));
}
