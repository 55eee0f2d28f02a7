//! The hook of the binary log's storage in MySQL 5.6: after a group was flushed.

use crate::{
    bindings::Binlog_storage_observer,
    hooks::{StorageHooks, observer, storage_hook},
};

/// The observer of the binary log's storage, whose hooks are those of `H`.
pub const fn storage_observer<H: StorageHooks>() -> Binlog_storage_observer {
    storage_hook!(flush: after_flush());
    let after_flush = flush::<H>;
    observer!(Binlog_storage_observer { after_flush })
}
