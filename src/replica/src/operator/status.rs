//! The operator's status rows: numbers only, for exporters. Those of all channels together; the
//! table has each channel.

use crate::report::totals;
use semisync_server::status::{Row, Rows, Show, Value};

pub static ALL: Rows<3> = Rows::new([
    Row::shown::<WasAcker>(c"Semisync_replica_was_acker"),
    Row::shown::<LastAckAge>(c"Semisync_replica_last_ack_age_us"),
    Row::shown::<Acks>(c"Semisync_replica_acks"),
]);

/// 1: some channel acknowledged during its last connection that has ended.
struct WasAcker;

impl Show for WasAcker {
    fn value() -> Value {
        Value::LongLong(totals().was_acker.into())
    }
}

/// Microseconds since the newest acknowledgement; 0: there was none.
struct LastAckAge;

impl Show for LastAckAge {
    fn value() -> Value {
        Value::LongLong(totals().last_ack_age)
    }
}

/// Acknowledgements sent since the server has started.
struct Acks;

impl Show for Acks {
    fn value() -> Value {
        Value::LongLong(totals().acks)
    }
}
