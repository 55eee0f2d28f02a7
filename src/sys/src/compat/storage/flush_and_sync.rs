//! Hooks of the binary log's storage from MySQL 5.7 on: after a group was flushed, and after it was
//! synced.

use crate::{
    bindings::Binlog_storage_observer,
    hooks::{StorageHooks, observer, storage_hook},
};

/// The observer of the binary log's storage, whose hooks are those of `H`.
pub const fn storage_observer<H: StorageHooks>() -> Binlog_storage_observer {
    storage_hook!(flush: after_flush());
    storage_hook!(sync: after_sync());
    let (after_flush, after_sync) = (flush::<H>, sync::<H>);
    observer!(Binlog_storage_observer {
        after_flush,
        after_sync
    })
}
