//! Hooks of the binary log's storage in MariaDB 10.1, with flags (the first and the last of a
//! group): after each transaction was flushed, and after it was synced.
//!
//! When a group fills its file, the server begins the next file between the two hooks, and
//! `after_sync` comes with the new file's name and an offset in the old one
//! (`trx_group_commit_leader` in log.cc of 10.1.9): a place where nothing is. One thread calls both
//! hooks for a whole group, so the thread waits for the end of what it has flushed.

use crate::{
    bindings::Binlog_storage_observer,
    hooks::{StorageHooks, observer, storage_hook},
};
use std::{
    cell::RefCell,
    ffi::{CStr, c_char, c_int},
    marker::PhantomData,
};

/// The observer of the binary log's storage, whose hooks are those of `H`.
pub const fn storage_observer<H: StorageHooks>() -> Binlog_storage_observer {
    storage_hook!(flush: after_flush(u32));
    storage_hook!(sync: after_sync(u32));
    let (after_flush, after_sync) = (flush::<WhereFlushed<H>>, sync::<WhereFlushed<H>>);
    observer!(Binlog_storage_observer {
        after_flush,
        after_sync
    })
}

/// Where the transaction ends that this thread flushed last.
struct End {
    file: [c_char; FILE_NAME],
    /// 0: it flushed none.
    offset: u64,
}

/// The server's limit (FN_REFLEN).
const FILE_NAME: usize = 512;

thread_local! {
    /// Without a destructor, so that nothing of ours runs when a server thread ends.
    static FLUSHED: RefCell<End> = const {
        RefCell::new(End { file: [0; FILE_NAME], offset: 0 })
    };
}

/// The hooks `H`, with `after_sync` where the thread has flushed.
struct WhereFlushed<H>(PhantomData<H>);

impl<H: StorageHooks> StorageHooks for WhereFlushed<H> {
    unsafe fn after_flush(log_file: *const c_char, log_pos: u64) -> c_int {
        // SAFETY: the server's file name and, with its NUL, as many bytes as it has.
        let name = unsafe {
            let size = CStr::from_ptr(log_file).count_bytes() + 1;
            std::slice::from_raw_parts(log_file, size)
        };
        FLUSHED.with_borrow_mut(|end| {
            end.offset = 0;
            if let Some(file) = end.file.get_mut(..name.len()) {
                file.copy_from_slice(name);
                end.offset = log_pos;
            }
        });
        // SAFETY: the server's arguments.
        unsafe { H::after_flush(log_file, log_pos) }
    }

    unsafe fn after_sync(log_file: *const c_char, log_pos: u64) -> c_int {
        FLUSHED.with_borrow(|end| {
            let (file, offset) = match end.offset {
                0 => (log_file, log_pos), // the plugin was installed in between
                offset => (end.file.as_ptr(), offset),
            };
            // SAFETY: the server's arguments, or a copy of earlier ones.
            unsafe { H::after_sync(file, offset) }
        })
    }
}
