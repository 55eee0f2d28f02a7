//! The transaction observer of MySQL 5.6 and MariaDB: no hook that is missing is called, and there
//! is none before a commit.

use crate::{
    bindings::Trans_observer,
    hooks::{TransactionHook, transaction_hooks},
};

/// The observer of transactions, with these hooks.
pub const fn trans_observer(
    _: TransactionHook,
    after_commit: TransactionHook,
    after_rollback: TransactionHook,
) -> Trans_observer {
    transaction_hooks(after_commit, after_rollback)
}
