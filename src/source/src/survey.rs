//! Looks at the source and makes [figures](crate::figures) of what is there. Under the
//! coordinator's lock only numbers are copied; texts are made, and the rule is asked, afterwards.

use crate::{
    counters::WAITS,
    figures::{LogPlace, Phase, ReplicaFigures, SourceFigures, WaitFigures},
    replica_connection::ReplicaConnection,
    state::State,
};
use semisync_core::{Position, Standing, Voter};
use semisync_server::MonotonicMicros;
use std::{net::SocketAddr, sync::Arc};

/// The connections, in the order in which they are given.
pub fn replicas(state: &State, connections: &[Arc<ReplicaConnection>]) -> Vec<ReplicaFigures> {
    let connections: Vec<_> = connections.iter().map(|connection| &**connection).collect();
    survey(state, &connections)
}

/// One connection.
pub fn replica(state: &State, connection: &ReplicaConnection) -> Option<ReplicaFigures> {
    survey(state, &[connection]).pop()
}

/// What the connection itself knows.
struct Own<'a> {
    connection: &'a ReplicaConnection,
    /// What it has acknowledged, as far as it knows itself.
    acked: Option<Position>,
    sent: Option<Position>,
}

/// What is to be known of it only under the lock.
struct Known {
    acked: Option<LogPlace>,
    lag_bytes: Option<u64>,
    /// For how long there has been something that it has not acknowledged.
    missing: Option<u64>,
}

fn survey(state: &State, connections: &[&ReplicaConnection]) -> Vec<ReplicaFigures> {
    let own: Vec<_> = connections
        .iter()
        .map(|connection| Own {
            connection,
            acked: connection.acks.last_position(),
            sent: connection.sent(),
        })
        .collect();
    let mut known = Vec::with_capacity(own.len());
    let now = MonotonicMicros::now();
    let (enabled, view) = state.look_around(|core, files, observed| {
        let view = core.voters_view();
        for own in &own {
            let voter = vote(&view.voters, own.connection);
            let acked = voter.map_or(own.acked, |voter| voter.acked);
            // What it may lack of the time before it connected nobody knows.
            let has = acked.or(own.connection.joined());
            // While semi-sync is disabled, nobody tells of commits.
            let measured = voter.filter(|_| core.enabled());
            let lag = |_: &Voter| observed.flush_times().lag(has, now);
            let distance = |_: &Voter| files.distance(acked?, view.flushed?);
            known.push(Known {
                acked: acked.and_then(|at| files.named(at)),
                lag_bytes: measured.and_then(distance),
                missing: measured.and_then(lag),
            });
        }
        (core.enabled(), view)
    });
    // Before the first commit, and while semi-sync is disabled, nobody knows where the log ends.
    let newest = view.flushed.filter(|_| enabled);
    let rows = own.iter().zip(known).map(|(own, known)| {
        let connection = own.connection;
        // Asked after the coordinator: it must know of every acknowledgement that is seen there.
        let acks = connection.acks.summary();
        let voter = vote(&view.voters, connection);
        let counts = view.rule.is_counted(&view.voters, connection.id);
        let standing = view.rule.standing(&view.voters, connection.id);
        let is_streaming = connection.has_caught_up() || newest.is_some() && own.sent >= newest;
        ReplicaFigures {
            connection: connection.id,
            member: voter.map_or_else(|| connection.member(), |voter| Arc::clone(&voter.member)),
            host: host(&connection.peer),
            thread_id: connection.thread_id,
            phase: match is_streaming {
                true => Phase::Streaming,
                false => Phase::CatchUp,
            },
            standing: voter.map_or(Standing::Async, |_| standing),
            not_counted: not_counted(connection, voter.is_some(), enabled, counts),
            ack_level: connection.ack_level,
            sent: connection.sent_up_to(),
            acked: known.acked,
            lag_bytes: known.lag_bytes,
            lag_us: voter
                .filter(|_| enabled)
                .and_then(|_| acks.lag(known.missing, now)),
            acks,
            connected_since: connection.connected_since,
        }
    });
    rows.collect()
}

fn vote<'a>(voters: &'a [Voter], connection: &ReplicaConnection) -> Option<&'a Voter> {
    let mut voters = voters.iter();
    voters.find(|voter| voter.connection == connection.id)
}

/// Why it does not count, as a person reads it. None: it does.
fn not_counted(
    connection: &ReplicaConnection,
    votes: bool,
    enabled: bool,
    counts: bool,
) -> Option<String> {
    let why = match (connection.fault(), votes) {
        (Some(fault), _) => fault,
        (None, false) if !connection.is_read() => "it is connecting",
        (None, false) => "it must connect again",
        (None, true) if !enabled => "semi-sync is disabled",
        (None, true) if !counts => "the quorum does not name it",
        (None, true) => return None,
    };
    Some(why.to_owned())
}

/// As in the process list, without the port.
fn host(peer: &str) -> Option<String> {
    match peer.parse::<SocketAddr>() {
        Ok(address) => Some(address.ip().to_canonical().to_string()),
        Err(_) if peer.is_empty() => None,
        Err(_) => Some("localhost".to_owned()),
    }
}

/// The sessions that wait, in the order of the log.
pub fn waits(state: &State) -> Vec<WaitFigures> {
    let mut waits = Vec::new();
    let mut names = Vec::new();
    let view = state.look_around(|core, files, _| {
        waits.extend(
            core.waits()
                .map(|(at, who)| (at, who.thread_id, who.wait.since)),
        );
        for (at, ..) in &waits {
            if names.last().is_none_or(|(file, _)| *file != at.file) {
                names.push((at.file, files.name(at.file)));
            }
        }
        core.voters_view()
    });
    let now = MonotonicMicros::now();
    let mut figures: Vec<WaitFigures> = Vec::with_capacity(waits.len());
    let mut last = None;
    for (at, thread_id, since) in waits {
        let name = names.iter().find(|(file, _)| *file == at.file);
        let same = figures.last().filter(|_| last == Some(at));
        figures.push(WaitFigures {
            thread_id,
            at: name.and_then(|(_, name)| Some((name.clone()?, at.offset))),
            waited_us: now.saturating_sub(since),
            lacking: match same {
                Some(same) => same.lacking.clone(),
                None => view.rule.lacking(&view.voters, at),
            },
        });
        last = Some(at);
    }
    figures
}

/// The source in numbers.
pub fn source(state: &State) -> SourceFigures {
    let now = MonotonicMicros::now();
    let last_release = state.last_release();
    let mut figures = state.look_around(|core, files, observed| {
        let mut figures = SourceFigures {
            state: core.state(),
            wait_sessions: core.wait_sessions(),
            off_since_us: observed.off_for(now).unwrap_or_default(),
            ..SourceFigures::default()
        };
        if let Some(since) = core.waits().map(|(_, waiting)| waiting.wait.since).min() {
            figures.oldest_wait_us = now.saturating_sub(since);
            figures.blocked_us = now.saturating_sub(since.max(last_release));
            let begin = core.confirmed().or_else(|| observed.begin());
            let lag = begin.zip(core.flushed());
            let lag = lag.and_then(|(begin, flushed)| files.distance(begin, flushed));
            figures.waiting_lag_bytes = lag.unwrap_or_default();
        }
        figures
    });
    figures.waits = WAITS.histogram.rounded();
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_without_its_port() {
        for (peer, shown) in [
            ("127.0.0.1:3306", Some("127.0.0.1")),
            ("[::1]:3306", Some("::1")),
            ("[::ffff:10.0.0.7]:61000", Some("10.0.0.7")),
            ("a local socket", Some("localhost")),
            ("", None),
        ] {
            assert_eq!(host(peer).as_deref(), shown, "{peer}");
        }
    }
}
