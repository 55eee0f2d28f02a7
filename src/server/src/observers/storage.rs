//! Hooks of the binary log's storage.

use super::table::Table;
use crate::{callback::Callback, guard::hook, log_pos::LogPos, sys};
use semisync_sys::{StorageHooks, compat};
use std::{
    ffi::{c_char, c_int},
    marker::PhantomData,
};

/// What is called when the binary log grows.
pub trait StorageObserver: 'static {
    /// A commit group was written and ends at `end`. Flush leader, or the committing
    /// session, under `LOCK_log`, before any dump thread may see the end.
    fn after_flush(end: LogPos<'_>);

    /// It was synced. Leader of the commit group, under `LOCK_commit` with
    /// `binlog_order_commits`. Not in MySQL 5.6 and MariaDB 5.5.
    fn after_sync(end: LogPos<'_>);
}

/// The table of a [`StorageObserver`].
pub type StorageTable = Table<sys::Binlog_storage_observer>;

impl StorageTable {
    /// The hooks of `O`.
    pub const fn new<O: StorageObserver>() -> Self {
        Self::of(compat::storage_observer::<Trampoline<O>>())
    }
}

struct Trampoline<O>(PhantomData<O>);

/// None answers with an error: an error of `after_sync` would abort the server
/// (`binlog_error_action`).
impl<O: StorageObserver> StorageHooks for Trampoline<O> {
    unsafe fn after_flush(log_file: *const c_char, log_pos: u64) -> c_int {
        hook(Callback::AfterFlush, || {
            // SAFETY: the server's file name, valid during the hook.
            let end = unsafe { LogPos::new(log_file, log_pos) };
            if let Some(end) = end.named() {
                O::after_flush(end);
            }
        })
    }

    unsafe fn after_sync(log_file: *const c_char, log_pos: u64) -> c_int {
        hook(Callback::AfterSync, || {
            // SAFETY: as above.
            let end = unsafe { LogPos::new(log_file, log_pos) };
            if let Some(end) = end.named() {
                O::after_sync(end);
            }
        })
    }
}
