//! The transaction observer of MySQL 8.0. Its later releases look whether a hook
//! is there before they call it; 5.7 did not, and which release began to is not
//! known.

use crate::{
    bindings::{Trans_observer, Trans_param},
    hooks::{TransactionHook, transaction_hooks},
};
use std::ffi::c_int;

pub const fn trans_observer(
    after_commit: TransactionHook,
    after_rollback: TransactionHook,
) -> Trans_observer {
    let mut table = transaction_hooks(after_commit, after_rollback);
    table.before_dml = Some(nothing);
    table.begin = Some(nothing);
    table
}

unsafe extern "C" fn nothing(_: *mut Trans_param, _: *mut c_int) -> c_int {
    0
}
