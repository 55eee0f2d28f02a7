//! What a commit waits for, as people read it.

use super::{
    chosen::{best_of_zones, is_mentioned, mentioned},
    count::{number_of, servers},
    rule::{Rule, is_chosen},
    terms::{Mention, Term},
    voter::Voter,
};
use crate::position::Position;

/// Why a position is not confirmed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lacking {
    /// How many of those `needed` have it. Servers beyond the number that a term wants do
    /// not count, so the position is confirmed if this is as much as `needed`.
    pub acknowledged_by: u32,
    /// How many must have it: servers, or zones; of all terms together.
    pub needed: u32,
    /// Who is waited for, such as `db2` or `1 of db2, db3 (not connected)`; with terms that
    /// are joined by AND, for each term that is not met. Empty: for nobody. At most
    /// [`Lacking::LONGEST`] characters, of ASCII.
    pub missing: String,
}

impl Lacking {
    /// How long `missing` may be.
    pub const LONGEST: usize = 256;
}

impl Rule {
    /// What a commit that ends at `at` waits for. Allocates: for tables, and best called
    /// with a copy of the voters, without a lock.
    pub fn lacking(&self, voters: &[Voter], at: Position) -> Lacking {
        let terms = match &self.quorum {
            None => vec![of_count(voters, self.count, at)],
            Some(quorum) => quorum
                .terms
                .iter()
                .map(|term| self.lacking_of_term(term, voters, at))
                .collect(),
        };
        let texts: Vec<_> = terms.iter().filter_map(OfTerm::text).collect();
        Lacking {
            acknowledged_by: terms
                .iter()
                .fold(0, |sum, term| sum.saturating_add(term.have)),
            needed: terms
                .iter()
                .fold(0, |sum, term| sum.saturating_add(term.needed)),
            missing: shortened(texts.join(" AND ")),
        }
    }

    fn lacking_of_term(&self, term: &Term, voters: &[Voter], at: Position) -> OfTerm {
        match term {
            Term::Any(count, members) => any(voters, *count, members, at),
            Term::First(count, members) => first(voters, *count, members, at),
            Term::Zones(count) => {
                let best = best_of_zones(voters, self.own_zone.as_deref());
                let (have, lack): (Vec<_>, Vec<_>) = best.partition(|voter| has(voter, at));
                let zone = |voter: &Voter| {
                    let zone = voter.member.zone.as_deref();
                    format!("zone:{}", zone.unwrap_or_default())
                };
                let mut zones: Vec<_> = lack.into_iter().map(zone).collect();
                zones.sort();
                OfTerm {
                    have: number_of(have.into_iter()).min(*count),
                    needed: *count,
                    each: Vec::new(),
                    any_of: zones,
                    more: " more zone",
                }
            }
        }
    }
}

/// What one term waits for.
struct OfTerm {
    have: u32,
    needed: u32,
    /// All of these are waited for.
    each: Vec<String>,
    /// The others that are needed may be any of these.
    any_of: Vec<String>,
    /// What is said of those for whom there is nobody in `any_of`.
    more: &'static str,
}

impl OfTerm {
    fn text(&self) -> Option<String> {
        let wanted = self.needed.saturating_sub(self.have);
        let wanted = wanted.saturating_sub(number_of(self.each.iter()));
        let there = number_of(self.any_of.iter());
        let any_of = self.any_of.join(", ");
        let mut parts = self.each.clone();
        if wanted > 0 && there > wanted {
            parts.push(format!("{wanted} of {any_of}"));
        } else if wanted > 0 {
            parts.extend(self.any_of.iter().cloned());
            if wanted > there {
                parts.push(format!("{}{}", wanted - there, self.more));
            }
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn of_count(voters: &[Voter], count: u32, at: Position) -> OfTerm {
    let (have, lack): (Vec<_>, Vec<_>) = servers(voters).partition(|voter| has(voter, at));
    OfTerm {
        have: number_of(have.into_iter()).min(count),
        needed: count,
        each: Vec::new(),
        any_of: names(lack),
        more: " more",
    }
}

fn any(voters: &[Voter], count: u32, members: &[Mention], at: Position) -> OfTerm {
    let (have, lack): (Vec<_>, Vec<_>) =
        mentioned(voters, members).partition(|voter| has(voter, at));
    let mut any_of = names(lack);
    any_of.extend(absent(voters, members));
    OfTerm {
        have: number_of(have.into_iter()).min(count),
        needed: count,
        each: Vec::new(),
        any_of,
        more: " more",
    }
}

fn first(voters: &[Voter], count: u32, members: &[Mention], at: Position) -> OfTerm {
    let chosen =
        servers(voters).filter(|voter| is_chosen(voter, voters, count, members) == Some(true));
    let (have, lack): (Vec<_>, Vec<_>) = chosen.partition(|voter| has(voter, at));
    OfTerm {
        have: number_of(have.into_iter()),
        needed: count,
        each: names(lack),
        any_of: absent(voters, members).collect(),
        more: " more",
    }
}

fn has(voter: &Voter, at: Position) -> bool {
    voter.acked >= Some(at)
}

fn names(voters: Vec<&Voter>) -> Vec<String> {
    let mut voters = voters;
    voters.sort_by_key(|voter| voter.server_id());
    let name = |voter: &Voter| voter.member.to_string();
    voters.into_iter().map(name).collect()
}

/// The members that nobody is who is connected. Of `*` nobody can say who that would be.
fn absent<'a>(voters: &'a [Voter], members: &'a [Mention]) -> impl Iterator<Item = String> + 'a {
    let is_absent = |mention: &&Mention| {
        let alone = std::slice::from_ref(*mention);
        **mention != Mention::Everybody && !servers(voters).any(|voter| is_mentioned(voter, alone))
    };
    members
        .iter()
        .filter(is_absent)
        .map(|mention| format!("{mention} (not connected)"))
}

/// As long as it may be.
fn shortened(mut text: String) -> String {
    const REST: &str = "...";
    if text.len() > Lacking::LONGEST {
        text = text.chars().take(Lacking::LONGEST - REST.len()).collect();
        text.push_str(REST);
    }
    text
}
