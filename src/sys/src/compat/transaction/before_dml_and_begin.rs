//! The transaction observer of MySQL 8.0. Its later releases look whether a hook is there before
//! they call it; 5.7 did not, and which release began to is not known.

use super::before_dml;
use crate::{bindings::Trans_observer, hooks::TransactionHook};

/// The observer of transactions, with these hooks.
pub const fn trans_observer(
    before_commit: TransactionHook,
    after_commit: TransactionHook,
    after_rollback: TransactionHook,
) -> Trans_observer {
    let mut table = before_dml::trans_observer(before_commit, after_commit, after_rollback);
    table.begin = Some(before_dml::nothing);
    table
}
