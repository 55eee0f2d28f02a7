//! Rules for random histories, as plain lists. Servers have guises: in guise `n` a server has
//! the name `db<n>`, and a zone that follows from that number; every fourth guise has none. A
//! server's first guise is the number of its id.

#![allow(dead_code)] // every test uses its own part

use semisync_core::{Member, Quorum, Rule};
use std::{collections::BTreeSet, sync::Arc};

#[derive(Clone, Debug)]
pub enum PlainRule {
    Count(u32),
    /// All of them.
    Terms(Vec<PlainTerm>),
}

#[derive(Clone, Debug)]
pub enum PlainTerm {
    Any(u32, Vec<PlainMember>),
    First(u32, Vec<PlainMember>),
    Zones(u32),
}

#[derive(Clone, Debug)]
pub enum PlainMember {
    Everybody,
    Server(u32),
    Zone(&'static str),
}

/// A server that is connected.
#[derive(Clone, Copy, Debug)]
pub struct Server<P> {
    pub id: u32,
    pub guise: u32,
    pub has: P,
    pub streaming: bool,
}

fn zone_of(guise: u32) -> Option<&'static str> {
    [None, Some("a"), Some("b"), Some("c")][guise as usize % 4]
}

pub fn member_of(server: u32) -> Arc<Member> {
    disguised(server, server)
}

pub fn disguised(server: u32, guise: u32) -> Arc<Member> {
    Arc::new(Member {
        name: Some(format!("db{guise}").into()),
        zone: zone_of(guise).map(Box::from),
        ..Member::of(server)
    })
}

impl PlainMember {
    fn matches(&self, guise: u32) -> bool {
        match self {
            Self::Everybody => true,
            Self::Server(name) => *name == guise,
            Self::Zone(zone) => zone_of(guise) == Some(*zone),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Everybody => "*".to_owned(),
            Self::Server(id) => format!("db{id}"),
            Self::Zone(zone) => format!("zone:{zone}"),
        }
    }
}

impl PlainRule {
    pub fn rule(&self) -> Rule {
        let terms = match self {
            Self::Count(count) => return Rule::of_count(*count),
            Self::Terms(terms) => terms,
        };
        let list = |members: &[PlainMember]| {
            let texts: Vec<_> = members.iter().map(PlainMember::text).collect();
            texts.join(", ")
        };
        let text = |term: &PlainTerm| match term {
            PlainTerm::Any(count, members) => format!("ANY {count} ({})", list(members)),
            PlainTerm::First(count, members) => format!("FIRST {count} ({})", list(members)),
            PlainTerm::Zones(count) => format!("ZONES {count}"),
        };
        let texts: Vec<_> = terms.iter().map(text).collect();
        let quorum: Quorum = texts.join(" AND ").parse().expect("a quorum");
        Rule {
            quorum: Some(Arc::new(quorum)),
            // Of no account beside a quorum.
            ..Rule::of_count(1)
        }
    }

    /// Any server instead of the first ones: what is promised by whomever FIRST has chosen.
    pub fn without_order(&self) -> Self {
        let Self::Terms(terms) = self else {
            return self.clone();
        };
        let without_order = |term: &PlainTerm| match term {
            PlainTerm::First(count, members) => PlainTerm::Any(*count, members.clone()),
            other => other.clone(),
        };
        Self::Terms(terms.iter().map(without_order).collect())
    }

    /// How many of the servers are mentioned.
    pub fn counted<P>(&self, servers: &[Server<P>]) -> usize {
        let mentions = |term: &PlainTerm, guise: u32| match term {
            PlainTerm::Any(_, members) | PlainTerm::First(_, members) => {
                members.iter().any(|member| member.matches(guise))
            }
            PlainTerm::Zones(_) => zone_of(guise).is_some(),
        };
        let is_counted = |server: &&Server<P>| match self {
            Self::Count(_) => true,
            Self::Terms(terms) => terms.iter().any(|term| mentions(term, server.guise)),
        };
        servers.iter().filter(is_counted).count()
    }

    /// Whether enough of the servers that are connected have it. No server is in the list
    /// twice.
    pub fn is_met<P>(&self, servers: &[Server<P>], has: impl Fn(&P) -> bool) -> bool {
        let having = |servers: &[&Server<P>]| servers.iter().filter(|s| has(&s.has)).count();
        let all: Vec<_> = servers.iter().collect();
        let terms = match self {
            Self::Count(count) => return having(&all) >= *count as usize,
            Self::Terms(terms) => terms,
        };
        terms.iter().all(|term| match term {
            PlainTerm::Any(count, members) => {
                let mut any = all.clone();
                any.retain(|server| members.iter().any(|member| member.matches(server.guise)));
                having(&any) >= *count as usize
            }
            PlainTerm::First(count, members) => {
                let mut order: Vec<&Server<P>> = Vec::new();
                for streaming in [true, false] {
                    for member in members {
                        let mut next = all.clone();
                        next.retain(|server| {
                            let is_known = order.iter().any(|known| known.id == server.id);
                            server.streaming == streaming
                                && member.matches(server.guise)
                                && !is_known
                        });
                        next.sort_by_key(|server| server.id);
                        order.extend(next);
                    }
                }
                order.truncate(*count as usize);
                having(&order) == *count as usize
            }
            PlainTerm::Zones(count) => {
                let zones: BTreeSet<_> = servers
                    .iter()
                    .filter(|server| has(&server.has))
                    .filter_map(|server| zone_of(server.guise))
                    .collect();
                zones.len() >= *count as usize
            }
        })
    }
}
