//! What a quorum asks for, worked out from the terms as `docs/quorum.md` has them.

use super::quorum::{Term, Who};
use semisync_core::{Member, Position, Voter};
use std::collections::BTreeSet;

/// Whether enough of those who are connected have all up to `at`. None: whether enough are
/// connected.
pub fn is_met(
    terms: &[Term],
    own_zone: Option<&str>,
    voters: &[Voter],
    at: Option<Position>,
) -> bool {
    let servers = servers(voters);
    let has = |server: &Voter| at.is_none() || server.acked >= at;
    let mentions = |members: &[Who], server: &Voter| place(members, server).is_some();
    terms.iter().all(|term| match term {
        Term::Any(count, members) => {
            let having = servers
                .iter()
                .filter(|one| mentions(members, one) && has(one));
            having.count() >= *count
        }
        Term::First(count, members) => {
            let mut order = servers.clone();
            order.retain(|server| mentions(members, server));
            order.sort_by_key(|one| (!one.streaming, place(members, one), one.server_id()));
            order.len() >= *count && order.iter().take(*count).all(|one| has(one))
        }
        Term::Zones(count) => {
            let zones = servers.iter().filter(|server| has(server));
            let zones = zones.filter_map(|server| server.member.zone.as_deref());
            let mut zones: BTreeSet<_> = zones.map(str::to_ascii_lowercase).collect();
            own_zone.map(|own| zones.remove(&own.to_ascii_lowercase()));
            zones.len() >= *count
        }
    })
}

/// Each server by the connection over which it has acknowledged most, the newest of those.
fn servers(voters: &[Voter]) -> Vec<&Voter> {
    let ids: BTreeSet<u32> = voters.iter().map(Voter::server_id).collect();
    let best = |id| {
        let its = voters.iter().filter(|voter| voter.server_id() == id);
        its.max_by_key(|voter| (voter.acked, voter.connection))
    };
    ids.into_iter().filter_map(best).collect()
}

/// The first of the members that the server is.
fn place(members: &[Who], server: &Voter) -> Option<usize> {
    members.iter().position(|who| is(who, &server.member))
}

fn is(who: &Who, member: &Member) -> bool {
    let same = |word: &Option<Box<str>>, wanted: &str| {
        word.as_deref().map(str::to_ascii_lowercase) == Some(wanted.to_ascii_lowercase())
    };
    match who {
        Who::Everybody => true,
        Who::ServerId(id) => member.server_id == *id,
        Who::Uuid(uuid) => member.uuid.is_some_and(|own| own.to_string() == *uuid),
        Who::Name(name) => same(&member.name, name),
        Who::Zone(zone) => same(&member.zone, zone),
    }
}
