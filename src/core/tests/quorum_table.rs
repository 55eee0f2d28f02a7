//! The cases of `data/quorum.txt`. They are put to the quorum itself, in every order of the
//! voters that a rotation gives; and to the coordinator, which never takes back what was
//! confirmed. The file says how it is read.

use semisync_core::{
    Coordinator, Member, Position, ReplicaConnectionId, Rule, Scratch, Settings, Voter, split_name,
};

#[derive(Debug)]
enum Event {
    Count(u32),
    Connects(u32, Option<Position>),
    Acknowledges(u32, Position),
    Leaves(u32),
}

#[derive(Debug)]
struct Step {
    line: usize,
    event: Event,
    confirmed: Option<Position>,
}

struct Case {
    name: &'static str,
    steps: Vec<Step>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, text) in include_str!("data/quorum.txt").lines().enumerate() {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if trimmed == text {
            cases.push(Case {
                name: text,
                steps: Vec::new(),
            });
            continue;
        }
        let line = number + 1;
        let step =
            parse(trimmed, line).unwrap_or_else(|| panic!("line {line} makes no sense: {trimmed}"));
        cases.last_mut().expect("a name first").steps.push(step);
    }
    cases
}

fn parse(text: &str, line: usize) -> Option<Step> {
    let (event, confirmed) = text.split_once("->")?;
    let words: Vec<_> = event.split_whitespace().collect();
    let event = match words[..] {
        ["count", count] => Event::Count(count.parse().ok()?),
        [replica, "connects"] => Event::Connects(replica.parse().ok()?, None),
        [replica, "connects", "at", start] => {
            Event::Connects(replica.parse().ok()?, Some(position(start)?))
        }
        [replica, "acknowledges", at] => Event::Acknowledges(replica.parse().ok()?, position(at)?),
        [replica, "leaves"] => Event::Leaves(replica.parse().ok()?),
        _ => return None,
    };
    let confirmed = match confirmed.trim() {
        "-" => None,
        at => Some(position(at)?),
    };
    Some(Step {
        line,
        event,
        confirmed,
    })
}

fn position(text: &str) -> Option<Position> {
    let (name, offset) = text.split_once(':')?;
    let (_, file) = split_name(name.as_bytes())?;
    let offset = offset.parse().ok()?;
    Some(Position { file, offset })
}

/// Where in `voters` the newest connection of a replica is.
fn newest_of(voters: &[Voter], replica: u32) -> usize {
    (0..voters.len())
        .filter(|voter| voters[*voter].server_id() == replica)
        .max_by_key(|voter| voters[*voter].connection)
        .expect("not connected")
}

#[test]
fn the_table_holds_the_cases_that_stock_gets_wrong() {
    let cases = cases();
    assert!(cases.len() >= 15);
    assert!(cases.iter().all(|case| case.steps.len() >= 3));
    assert!(cases.iter().any(|case| case.name.contains("p2, p1, p3")));
}

#[test]
fn every_case_of_the_table() {
    for Case { name, steps } in cases() {
        let (mut voters, mut connections) = (vec![], 0);
        let (mut rule, mut scratch) = (Rule::of_count(1), Scratch::default());
        for Step {
            line,
            event,
            confirmed,
        } in steps
        {
            match event {
                Event::Count(count) => rule = Rule::of_count(count),
                Event::Connects(server_id, acked) => {
                    connections += 1;
                    let connection = ReplicaConnectionId(connections);
                    let member = Member::of(server_id).into();
                    voters.push(Voter::new(connection, member, acked, true));
                }
                Event::Acknowledges(replica, at) => {
                    let voter = newest_of(&voters, replica);
                    voters[voter].acked = Some(at);
                }
                Event::Leaves(replica) => {
                    voters.remove(newest_of(&voters, replica));
                }
            }
            for _ in 0..voters.len().max(1) {
                assert_eq!(
                    rule.position(&voters, &mut scratch),
                    confirmed,
                    "{name}, line {line}"
                );
                if !voters.is_empty() {
                    voters.rotate_left(1);
                }
            }
        }
    }
}

#[test]
fn the_coordinator_follows_the_table_and_takes_nothing_back() {
    for Case { name, steps } in cases() {
        let mut core = Coordinator::<()>::new(Settings::default());
        core.on_enable();
        // All that the table names was flushed before it is acknowledged.
        let (file, offset) = (u64::MAX, 4);
        core.on_flush(Position { file, offset });
        let (mut connections, mut next, mut best): (
            Vec<(u32, ReplicaConnectionId)>,
            u64,
            Option<Position>,
        ) = (vec![], 0, None);
        let newest = |connections: &[(u32, ReplicaConnectionId)], replica| {
            let mine = connections.iter().filter(|(server, _)| *server == replica);
            mine.map(|(_, connection)| *connection)
                .max()
                .expect("not connected")
        };
        for step in steps {
            match step.event {
                Event::Count(count) => core.on_rule(Rule::of_count(count)),
                Event::Connects(server_id, start) => {
                    next += 1;
                    connections.push((server_id, ReplicaConnectionId(next)));
                    let member = Member::of(server_id).into();
                    core.on_connect(ReplicaConnectionId(next), member, start);
                }
                Event::Acknowledges(replica, at) => {
                    core.on_ack(newest(&connections, replica), at, Some(at));
                }
                Event::Leaves(replica) => {
                    let connection = newest(&connections, replica);
                    connections.retain(|(_, other)| *other != connection);
                    core.on_disconnect(connection, false);
                }
            }
            best = best.max(step.confirmed);
            assert_eq!(core.confirmed(), best, "{name}, line {}", step.line);
        }
    }
}
