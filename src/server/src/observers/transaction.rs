//! Hooks of a transaction's end.

use super::table::Table;
use crate::{callback::Callback, guard::hook, log_pos::LogPos, sys};
use semisync_sys::compat;
use std::ffi::c_int;

/// What is called for each member of a commit group, before its client is told.
pub trait TransactionObserver: 'static {
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
            after_commit::<O>,
            after_rollback::<O>,
        ))
    }
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
