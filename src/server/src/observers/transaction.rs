//! Hooks of a transaction's end.

use super::table::Table;
use crate::{
    callback::Callback,
    guard::{guard, hook},
    log_pos::LogPos,
    server::Server,
    session, sys,
};
use semisync_sys::compat;
use std::ffi::{CStr, c_int};

/// Why a transaction is refused: the option that the server runs with, as the client's error
/// names it (1290, as that of `read_only`), for example `--semisync_source_fenced`.
pub struct RefusedBy(pub &'static CStr);

/// What is called for each transaction before it is written, and for each member of a commit
/// group before its client is told.
pub trait TransactionObserver: 'static {
    /// The transaction is about to be written to the binary log; one that has nothing to write
    /// does not come here. Err: it is rolled back, and nothing of it is left. A transaction that
    /// cannot be undone goes on all the same. The session's thread; the server holds the
    /// session's metadata locks (COMMIT among them) and engine locks, and no mutex. MySQL 5.7 and
    /// later.
    fn before_commit() -> Result<(), RefusedBy>;

    /// The transaction was refused, as `before_commit` has answered.
    fn on_refused();

    /// The engine has committed, or there was nothing to commit. `end`: of the member's
    /// group; it may be one that was confirmed long ago. Group leader for each member
    /// (`LOCK_after_commit` with `binlog_order_commits`), or the session.
    fn after_commit(end: LogPos<'_>);

    /// As `after_commit`: a rollback too can leave events in the binary log.
    fn after_rollback(end: LogPos<'_>);
}

/// The table of a [`TransactionObserver`].
pub type TransactionTable = Table<sys::Trans_observer>;

impl TransactionTable {
    /// The hooks of `O`.
    pub const fn new<O: TransactionObserver>() -> Self {
        Self::of(compat::trans_observer(
            before_commit::<O>,
            after_commit::<O>,
            after_rollback::<O>,
        ))
    }
}

/// After a panic the transaction goes on: nobody has said that it is refused.
unsafe extern "C" fn before_commit<O: TransactionObserver>(param: *mut sys::Trans_param) -> c_int {
    guard(Callback::BeforeCommit, 0, || match O::before_commit() {
        Ok(()) => 0,
        // SAFETY: the server's structure, valid during the hook.
        Err(RefusedBy(option)) => match unsafe { (*param).flags } & sys::TRANS_IS_REAL_TRANS {
            0 => 0,
            _ => refuse::<O>(option),
        },
    })
}

/// The answer of the hook.
fn refuse<O: TransactionObserver>(option: &CStr) -> c_int {
    let refused = Server::installed().and_then(|server| session::refuse(server, option));
    if refused.is_some() {
        O::on_refused();
    }
    refused.unwrap_or(0)
}

unsafe extern "C" fn after_commit<O: TransactionObserver>(param: *mut sys::Trans_param) -> c_int {
    hook(Callback::AfterCommit, || {
        // SAFETY: the server's structure, valid during the hook.
        if let Some(end) = unsafe { end(param) } {
            O::after_commit(end);
        }
    })
}

unsafe extern "C" fn after_rollback<O: TransactionObserver>(param: *mut sys::Trans_param) -> c_int {
    hook(Callback::AfterRollback, || {
        // SAFETY: as above.
        if let Some(end) = unsafe { end(param) } {
            O::after_rollback(end);
        }
    })
}

/// Where a transaction ends; None for a statement inside of one, and for a transaction
/// that wrote nothing.
///
/// # Safety
/// The parameter of a transaction hook.
unsafe fn end<'a>(param: *const sys::Trans_param) -> Option<LogPos<'a>> {
    // SAFETY: the caller's promise.
    let (flags, file, offset) = unsafe { ((*param).flags, (*param).log_file, (*param).log_pos) };
    if flags & sys::TRANS_IS_REAL_TRANS == 0 {
        return None;
    }
    // SAFETY: the server's file name.
    unsafe { LogPos::new(file, offset) }.named()
}
