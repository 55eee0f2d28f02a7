//! Commits, each a group of its own.

use super::{
    binary_log::{self, EVENT, FILE},
    plugin::{STORAGE, TRANSACTIONS},
    session::Session,
};
use semisync_interleaved::{Mutex, trace};
use semisync_sys as sys;
use std::mem::zeroed;

/// `LOCK_commit`, with `binlog_order_commits`.
static COMMIT: Mutex<()> = Mutex::new(());

/// A commit that has returned.
#[derive(Clone, Copy, Debug)]
pub struct Committed {
    pub end: u64,
}

/// Commits a transaction, up to where the client is told (sql/binlog.cc,
/// `MYSQL_BIN_LOG::ordered_commit`). `ordered`: with `binlog_order_commits`.
pub fn commit(session: &Session, ordered: bool) -> Committed {
    let mut log = binary_log::END.lock();
    let end = *log + EVENT;
    // SAFETY: plain data that the hook does not read.
    let mut param: sys::Binlog_storage_param = unsafe { zeroed() };
    STORAGE.call("after_flush", |observer| {
        let hook = observer.after_flush?;
        // SAFETY: as the server calls it; so below.
        Some(unsafe { hook(&mut param, FILE.as_ptr(), end) })
    });
    *log = end;
    drop(log);
    trace(format_args!(
        "commit {end} of session {} is flushed",
        session.id
    ));
    binary_log::publish(end);
    let order = ordered.then(|| COMMIT.lock());
    STORAGE.call("after_sync", |observer| {
        let hook = observer.after_sync?;
        // SAFETY: see above.
        Some(unsafe { hook(&mut param, FILE.as_ptr(), end) })
    });
    drop(order);
    // SAFETY: plain data.
    let mut transaction: sys::Trans_param = unsafe { zeroed() };
    transaction.flags = sys::TRANS_IS_REAL_TRANS;
    transaction.log_file = FILE.as_ptr();
    transaction.log_pos = end;
    TRANSACTIONS.call("after_commit", |observer| {
        let hook = observer.after_commit?;
        // SAFETY: see above.
        Some(unsafe { hook(&mut transaction) })
    });
    Committed { end }
}
