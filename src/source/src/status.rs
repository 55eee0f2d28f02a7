//! The fourteen status variables, with stock's names, types and units
//! (microseconds). Read under the server's `LOCK_status`: no waiting here.
//!
//! The rows below are asked of the coordinator, or of the sessions that have waited; the
//! others are counters, see `counters`.

use crate::{counters::WAITS, source::Source, waiting::Waiting};
use semisync_core::{Coordinator, Settings};
use semisync_server::status::{Show, Value};

macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident: |$core:pat_param| $value:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $row;

            impl Show for $row {
                fn value() -> Value {
                    ask(|$core| $value)
                }
            }
        )*
    };
}

rows! {
    /// Whether semi-sync is ON.
    Status: |core| Value::Bool(core.status());
    /// Sessions that wait now.
    WaitSessions: |core| Value::Long(core.wait_sessions());
    /// Microseconds of all waits together.
    TxWaitTime: |_| Value::LongLong(WAITS.micros());
    /// Waits that have ended.
    TxWaits: |_| Value::LongLong(WAITS.ended());
    /// Microseconds of one wait.
    TxAvgWaitTime: |_| Value::Long(WAITS.average());
    /// Always 0, as stock's since MySQL 5.7.
    NetWaitTime: |core| Value::LongLong(core.stats().net_wait_time);
    /// How often an acknowledgement was asked for.
    NetWaits: |core| Value::LongLong(core.stats().net_waits);
    /// As `NetWaitTime`.
    NetAvgWaitTime: |core| Value::Long(core.stats().net_avg_wait_time());
}

/// Semi-sync replicas that are connected.
pub struct Clients;

impl Show for Clients {
    fn value() -> Value {
        if let Some(source) = Source::get() {
            source.replicas.lose_hung_up(&source.state);
        }
        ask(|core| Value::Long(core.clients()))
    }
}

/// Before the first installation there is no coordinator: what a new one would say.
fn ask(ask: impl FnOnce(&Coordinator<Waiting>) -> Value) -> Value {
    match Source::get() {
        Some(source) => source.state.look(ask),
        None => ask(&Coordinator::new(Settings::default())),
    }
}
