//! The transaction observer of MySQL 5.7, which calls `before_dml` without looking whether there is
//! one (sql/rpl_handler.cc, FOREACH_OBSERVER_ERROR_OUT).

use super::before_commit;
use crate::{
    bindings::{Trans_observer, Trans_param},
    hooks::TransactionHook,
};
use std::ffi::c_int;

/// The observer of transactions, with these hooks.
pub const fn trans_observer(
    before_commit: TransactionHook,
    after_commit: TransactionHook,
    after_rollback: TransactionHook,
) -> Trans_observer {
    let mut table = before_commit::trans_observer(before_commit, after_commit, after_rollback);
    table.before_dml = Some(nothing);
    table
}

/// A hook that agrees to everything.
pub(in crate::compat) unsafe extern "C" fn nothing(_: *mut Trans_param, _: *mut c_int) -> c_int {
    0
}
