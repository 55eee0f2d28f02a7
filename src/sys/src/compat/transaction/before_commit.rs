//! The transaction observer of MySQL 8.4 and later, where no hook that is missing is called.

use crate::{
    bindings::Trans_observer,
    hooks::{TransactionHook, transaction_hooks},
};

/// The observer of transactions, with these hooks.
pub const fn trans_observer(
    before_commit: TransactionHook,
    after_commit: TransactionHook,
    after_rollback: TransactionHook,
) -> Trans_observer {
    let mut table = transaction_hooks(after_commit, after_rollback);
    table.before_commit = Some(before_commit);
    table
}
