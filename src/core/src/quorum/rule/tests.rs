//! The rule against a naive model: lists, and everything worked out for one position at a
//! time. Written from what the operator is promised. The cases that people can check are in
//! `tests/data/rules.txt`.

use super::*;
use crate::{member::Member, quorum::lacking::Lacking};
use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::Config};
use std::collections::BTreeSet;

const NAMES: [&str; 4] = ["db1", "DB2", "db2", "db3"];
const ZONES: [&str; 4] = ["east", "East", "west", "north"];

fn boxed(words: &'static [&'static str]) -> impl Strategy<Value = Box<str>> {
    select(words).prop_map(Box::from)
}

fn position() -> impl Strategy<Value = Position> {
    (1..3_u64, 0..4_u64).prop_map(|(file, offset)| Position { file, offset })
}

fn voters() -> impl Strategy<Value = Vec<Voter>> {
    let words = (option::of(boxed(&NAMES)), option::of(boxed(&ZONES)));
    let voter = (1..6_u32, words, option::of(position()), any::<bool>());
    vec(voter, 0..10).prop_map(|connections| {
        let voter = |(number, (server_id, (name, zone), acked, streaming))| {
            let member = Member {
                name,
                zone,
                ..Member::of(server_id)
            };
            let connection = ReplicaConnectionId(number);
            Voter::new(connection, Arc::new(member), acked, streaming)
        };
        (1..).zip(connections).map(voter).collect()
    })
}

fn mention() -> impl Strategy<Value = Mention> {
    prop_oneof![
        1 => Just(Mention::Everybody),
        3 => (1..6_u32).prop_map(Mention::ServerId),
        3 => boxed(&NAMES).prop_map(Mention::Name),
        3 => boxed(&ZONES).prop_map(Mention::Zone),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let (count, members) = (|| 1..4_u32, || vec(mention(), 1..5));
    let term = prop_oneof![
        (count(), members()).prop_map(|(count, members)| Term::Any(count, members)),
        (count(), members()).prop_map(|(count, members)| Term::First(count, members)),
        count().prop_map(Term::Zones),
    ];
    let quorum = option::weighted(0.9, vec(term, 1..3));
    (quorum, count(), option::of(boxed(&ZONES))).prop_map(|(terms, count, own_zone)| Rule {
        quorum: terms.map(|terms| Arc::new(Quorum { terms })),
        count,
        own_zone,
    })
}

/// What the operator is promised, said as plainly as possible.
struct Naive<'a> {
    rule: &'a Rule,
    /// Of each server that is connected, the connection that has acknowledged most. In the
    /// order of server ids.
    servers: Vec<&'a Voter>,
}

impl<'a> Naive<'a> {
    fn new(rule: &'a Rule, voters: &'a [Voter]) -> Self {
        let connections_of = |server| voters.iter().filter(move |v| v.server_id() == server);
        let best = |server| connections_of(server).max_by_key(|v| (v.acked, v.connection));
        Self {
            rule,
            servers: (1..6).filter_map(best).collect(),
        }
    }

    fn matches(mention: &Mention, server: &Voter) -> bool {
        let lower = |word: &Option<Box<str>>| word.as_ref().map(|word| word.to_lowercase());
        match mention {
            Mention::Everybody => true,
            Mention::ServerId(id) => server.server_id() == *id,
            Mention::Name(name) => lower(&server.member.name) == Some(name.to_lowercase()),
            Mention::Zone(zone) => lower(&server.member.zone) == Some(zone.to_lowercase()),
            Mention::Uuid(uuid) => server.member.uuid == Some(*uuid),
        }
    }

    fn any(&self, members: &[Mention]) -> Vec<&'a Voter> {
        let mut servers = self.servers.clone();
        servers.retain(|server| members.iter().any(|m| Self::matches(m, server)));
        servers
    }

    /// All whom FIRST may choose, in the order in which it does.
    fn in_order(&self, members: &[Mention]) -> Vec<&'a Voter> {
        let mut order: Vec<&Voter> = Vec::new();
        for streaming in [true, false] {
            for member in members {
                for server in &self.servers {
                    let is_known = order.iter().any(|o| o.server_id() == server.server_id());
                    if server.streaming == streaming && Self::matches(member, server) && !is_known {
                        order.push(server);
                    }
                }
            }
        }
        order
    }

    fn zones(&self, has: impl Fn(&Voter) -> bool) -> BTreeSet<String> {
        let zone = |server: &&Voter| server.member.zone.as_ref().map(|zone| zone.to_lowercase());
        let mut zones: BTreeSet<_> = self
            .servers
            .iter()
            .filter(|server| has(server))
            .filter_map(zone)
            .collect();
        if let Some(own) = &self.rule.own_zone {
            zones.remove(&own.to_lowercase());
        }
        zones
    }

    fn is_met(&self, has: impl Fn(&Voter) -> bool) -> bool {
        let having = |servers: Vec<&Voter>| servers.iter().filter(|server| has(server)).count();
        let Some(quorum) = &self.rule.quorum else {
            return having(self.servers.clone()) >= self.rule.count as usize;
        };
        quorum.terms.iter().all(|term| match term {
            Term::Any(count, members) => having(self.any(members)) >= *count as usize,
            Term::First(count, members) => {
                let mut chosen = self.in_order(members);
                chosen.truncate(*count as usize);
                having(chosen) == *count as usize
            }
            Term::Zones(count) => self.zones(&has).len() >= *count as usize,
        })
    }

    fn standing(&self, server: &Voter) -> Standing {
        let mut standings = vec![];
        let is_in =
            |servers: &[&Voter]| servers.iter().any(|s| s.server_id() == server.server_id());
        match &self.rule.quorum {
            None => standings.push(Standing::Quorum),
            Some(quorum) => {
                for term in &quorum.terms {
                    match term {
                        Term::Any(_, members) if is_in(&self.any(members)) => {
                            standings.push(Standing::Quorum);
                        }
                        Term::Zones(_) => {
                            let zone = server.member.zone.as_ref().map(|zone| zone.to_lowercase());
                            if zone.is_some_and(|zone| self.zones(|_| true).contains(&zone)) {
                                standings.push(Standing::Quorum);
                            }
                        }
                        Term::First(count, members) => {
                            let order = self.in_order(members);
                            let chosen = order.len().min(*count as usize);
                            if is_in(&order[..chosen]) {
                                standings.push(Standing::Sync);
                            } else if is_in(&order) {
                                standings.push(Standing::Potential);
                            }
                        }
                        Term::Any(..) => {}
                    }
                }
            }
        }
        [Standing::Sync, Standing::Quorum, Standing::Potential]
            .into_iter()
            .find(|standing| standings.contains(standing))
            .unwrap_or(Standing::Async)
    }
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 8 } else { 1024 },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn the_rule_is_what_the_model_says(rule in rule(), voters in voters(), at in position()) {
        let naive = Naive::new(&rule, &voters);
        let positions: BTreeSet<Position> = voters.iter().filter_map(|v| v.acked).collect();
        let has = |at: Position| move |voter: &Voter| voter.acked >= Some(at);
        let newest = positions.into_iter().rev().find(|at| naive.is_met(has(*at)));
        prop_assert_eq!(rule.position(&voters, &mut Scratch::default()), newest);
        prop_assert_eq!(rule.can_be_met(&voters), naive.is_met(|_| true));

        let mut counted = 0;
        for server in &naive.servers {
            let standing = naive.standing(server);
            counted += u32::from(standing != Standing::Async);
            for voter in voters.iter().filter(|v| v.server_id() == server.server_id()) {
                prop_assert_eq!(rule.standing(&voters, voter.connection), standing);
                let counts = rule.is_counted(&voters, voter.connection);
                prop_assert_eq!(counts, standing != Standing::Async);
            }
        }
        prop_assert_eq!(rule.counted(&voters), counted);
        prop_assert_eq!(rule.standing(&voters, ReplicaConnectionId(0)), Standing::Async);
        prop_assert!(!rule.is_counted(&voters, ReplicaConnectionId(0)));

        let Lacking { acknowledged_by, needed, missing } = rule.lacking(&voters, at);
        let is_met = naive.is_met(has(at));
        prop_assert_eq!(acknowledged_by >= needed, is_met);
        prop_assert_eq!(missing.is_empty(), is_met, "{}", missing);
    }

    #[test]
    fn the_order_of_voters_is_of_no_account(
        rule in rule(),
        voters in voters(),
        turn in 0..10_usize,
        at in position(),
    ) {
        let mut turned = voters.clone();
        turned.rotate_left(turn % voters.len().max(1));
        let mut scratch = Scratch::default();
        prop_assert_eq!(
            rule.position(&voters, &mut scratch),
            rule.position(&turned, &mut scratch)
        );
        prop_assert_eq!(rule.can_be_met(&voters), rule.can_be_met(&turned));
        prop_assert_eq!(rule.counted(&voters), rule.counted(&turned));
        let (lacking, same) = (rule.lacking(&voters, at), rule.lacking(&turned, at));
        prop_assert_eq!(lacking.acknowledged_by, same.acknowledged_by);
    }

    #[test]
    fn what_can_be_met_is_met_once_all_have_it(rule in rule(), mut voters in voters()) {
        let at = Position { file: 9, offset: 9 };
        for voter in &mut voters {
            voter.acked = Some(at);
        }
        let met = rule.position(&voters, &mut Scratch::default());
        prop_assert_eq!(met, rule.can_be_met(&voters).then_some(at));
    }

    /// Only FIRST takes something back, when it chooses another server. (A server with several
    /// connections may change its name and zone as its connections overtake each other.)
    #[test]
    fn who_acknowledges_more_takes_nothing_back_from_any_and_zones(
        rule in rule(),
        voters in voters(),
        nth in 0..10_usize,
        at in position(),
    ) {
        let mut more = voters.clone();
        more.sort_by_key(Voter::server_id);
        more.dedup_by_key(|voter| voter.server_id());
        let before = more.clone();
        let many = more.len().max(1);
        if let Some(voter) = more.get_mut(nth % many) {
            voter.acked = voter.acked.max(Some(at));
        }
        let quorum = rule.quorum.as_ref();
        let of_first = quorum.is_some_and(|quorum| {
            quorum.terms.iter().any(|term| matches!(term, Term::First(..)))
        });
        let mut scratch = Scratch::default();
        let (before, after) =
            (rule.position(&before, &mut scratch), rule.position(&more, &mut scratch));
        prop_assert!(after >= before || of_first);
    }
}

#[test]
fn nothing_is_allocated_in_the_long_run() {
    let quorum: Quorum = "ANY 2 (*) AND FIRST 2 (*) AND ZONES 1"
        .parse()
        .expect("a quorum");
    let rule = Rule {
        quorum: Some(Arc::new(quorum)),
        ..Rule::of_count(1)
    };
    let voters: Vec<_> = (1..=7)
        .map(|server_id| {
            let member = Member {
                zone: Some("east".into()),
                ..Member::of(server_id)
            };
            let connection = ReplicaConnectionId(server_id.into());
            let acked = Some(Position { file: 1, offset: 4 });
            Voter::new(connection, Arc::new(member), acked, true)
        })
        .collect();
    let mut scratch = Scratch::default();
    assert!(rule.position(&voters, &mut scratch).is_some());
    let room = |scratch: &Scratch| {
        let Scratch {
            positions,
            candidates,
        } = scratch;
        (
            (positions.as_ptr(), positions.capacity()),
            (candidates.as_ptr(), candidates.capacity()),
        )
    };
    let before = room(&scratch);
    for _ in 0..7 {
        rule.position(&voters, &mut scratch);
    }
    assert_eq!(room(&scratch), before);
}
