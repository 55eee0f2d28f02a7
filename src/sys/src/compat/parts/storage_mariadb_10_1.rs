//! Hooks of the binary log's storage in MariaDB 10.1, with flags (the first and the
//! last of a group): after each transaction was flushed, and after it was synced.

use crate::{
    bindings::Binlog_storage_observer,
    hooks::{StorageHooks, observer, storage_hook},
};

pub const fn storage_observer<H: StorageHooks>() -> Binlog_storage_observer {
    storage_hook!(flush: after_flush(u32));
    storage_hook!(sync: after_sync(u32));
    let (after_flush, after_sync) = (flush::<H>, sync::<H>);
    observer!(Binlog_storage_observer {
        after_flush,
        after_sync
    })
}
