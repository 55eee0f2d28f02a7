//! The operator's status rows: numbers only, for exporters. Microseconds are whole numbers of them.

use super::values;
use crate::{
    counters::{ACKS_REFUSED, CONFIRMED_TX, REFUSED_TX, UNCONFIRMED_TX},
    figures::{ReplicaFigures, SourceFigures},
    source::Source,
    wait_histogram::LIMITS,
};
use semisync_server::{
    MonotonicMicros,
    status::{Group, Row, Rows, ShowMany, Value},
    system_micros,
};
use std::sync::atomic::Ordering;

pub static ALL: Rows<1> = Rows::new([Row::group::<Status>(c"Semisync_source")]);

/// For so many replicas there are rows.
const SHOWN_REPLICAS: usize = 32;

struct Status;

impl ShowMany for Status {
    fn fill(group: &mut Group) {
        let source = Source::get();
        let figures = source.map(Source::source_figures).unwrap_or_default();
        add_source(group, &figures);
        if let Some(source) = source.filter(|_| values::shows_replicas()) {
            let replicas = source.connected_replicas();
            for replica in one_of_each_server(&replicas).take(SHOWN_REPLICAS) {
                add_replica(group, replica);
            }
        }
    }
}

fn add_source(group: &mut Group, figures: &SourceFigures) {
    let mut add = |name: &str, number| group.add(name, Value::LongLong(number));
    add("oldest_wait_us", figures.oldest_wait_us);
    add("blocked_us", figures.blocked_us);
    add("waiting_lag_bytes", figures.waiting_lag_bytes);
    add("state", figures.state);
    add("off_since_us", figures.off_since_us);
    add("confirmed_tx", CONFIRMED_TX.load(Ordering::Relaxed));
    add("unconfirmed_tx", UNCONFIRMED_TX.load(Ordering::Relaxed));
    for (limit, count) in LIMITS.iter().zip(figures.waits.up_to) {
        add(&format!("wait_le_{limit}"), count);
    }
    add("wait_le_inf", figures.waits.all);
    add("wait_sum_us", figures.waits.sum);
    add("unconfirmed_waits", figures.waits.unconfirmed);
    add("refused_tx", REFUSED_TX.load(Ordering::Relaxed));
    add("acks_refused", ACKS_REFUSED.load(Ordering::Relaxed));
}

/// Of the connections of one server that which acknowledged last, or came last. `replicas`: by
/// server id.
fn one_of_each_server(replicas: &[ReplicaFigures]) -> impl Iterator<Item = &ReplicaFigures> {
    replicas
        .chunk_by(|one, next| one.member.server_id == next.member.server_id)
        .filter_map(|connections| {
            let last_ack = |figures: &&ReplicaFigures| figures.acks.last.map(|last| last.since);
            connections.iter().max_by_key(last_ack)
        })
}

fn add_replica(group: &mut Group, replica: &ReplicaFigures) {
    let id = replica.member.server_id;
    let mut add = |name: &str, number| {
        group.add(&format!("replica_{id}_{name}"), Value::LongLong(number));
    };
    // What is not known has no row: 0 would look like a replica that is close.
    if let Some(bytes) = replica.lag_bytes {
        add("lag_bytes", bytes);
    }
    let idle = replica.is_counted().then_some(0);
    if let Some(lag) = replica.lag_us.or(idle) {
        add("lag_us", lag);
    }
    // Before the first acknowledgement: how long there has been none.
    let age = replica.acks.last.map_or_else(
        || system_micros().saturating_sub(replica.connected_since),
        |last| MonotonicMicros::now().saturating_sub(last.since),
    );
    add("ack_age_us", age);
    add("counted", replica.is_counted().into());
}
