//! The transaction observer where no hook that is missing is called.

use crate::{
    bindings::Trans_observer,
    hooks::{TransactionHook, transaction_hooks},
};

/// The observer of transactions, with these hooks.
pub const fn trans_observer(
    after_commit: TransactionHook,
    after_rollback: TransactionHook,
) -> Trans_observer {
    transaction_hooks(after_commit, after_rollback)
}
