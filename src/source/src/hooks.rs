//! Transaction and binary log storage observers: the commit's side.
//!
//! No hook answers with an error where stock's do not: an error of `after_sync`
//! would abort the server (`binlog_error_action`).

use crate::{
    state::Source,
    variables::{WaitPoint, wait_point},
    wait::wait_for_acknowledgement,
};
use semisync_server::{
    Shared,
    guard::guard,
    log_name,
    sys::{
        self,
        compat::{storage_observer, trans_observer},
    },
    system_micros,
};
use std::ffi::{c_char, c_int};

pub static TRANSACTION: Shared<sys::Trans_observer> =
    Shared::new(trans_observer(after_commit, after_rollback));

pub static STORAGE: Shared<sys::Binlog_storage_observer> =
    Shared::new(storage_observer::<Storage>());

pub struct Storage;

impl sys::StorageHooks for Storage {
    /// Flush leader, or the committing session, under `LOCK_log`, before any dump
    /// thread may see the end.
    unsafe fn after_flush(log_file: *const c_char, log_pos: u64) -> c_int {
        guard("after_flush", 0, || {
            let Some(source) = Source::get().filter(|source| source.is_enabled()) else {
                return 0;
            };
            // SAFETY: the hook's argument.
            let name = unsafe { log_name(log_file) };
            if !name.is_empty() && log_pos != 0 {
                let reset = source.update_log(|core, files, now, fx| {
                    let reset = files.begins_anew(name, log_pos);
                    if reset {
                        files.on_reset(system_micros());
                        core.reset(now, fx);
                    }
                    let end = files.on_flush(name, log_pos);
                    core.on_flush(end, now, fx);
                    reset
                });
                if reset {
                    source.links.hang_up_all();
                }
            }
            0
        })
    }

    /// Leader of the commit group; under `LOCK_commit` with `binlog_order_commits`.
    unsafe fn after_sync(log_file: *const c_char, log_pos: u64) -> c_int {
        guard("after_sync", 0, || {
            if wait_point() == WaitPoint::AfterSync {
                // SAFETY: the hook's arguments.
                unsafe { wait_for(log_file, log_pos) };
            }
            0
        })
    }
}

/// The engine has committed (or there was nothing to commit). May come with no
/// file, or with a position that was confirmed long ago.
unsafe extern "C" fn after_commit(param: *mut sys::Trans_param) -> c_int {
    // SAFETY: the hook's argument.
    guard("after_commit", 0, || unsafe { after_transaction(param) })
}

/// As `after_commit`: a rollback too can leave events in the binary log.
unsafe extern "C" fn after_rollback(param: *mut sys::Trans_param) -> c_int {
    // SAFETY: the hook's argument.
    guard("after_rollback", 0, || unsafe { after_transaction(param) })
}

/// # Safety
/// `param` is the parameter of a transaction hook.
unsafe fn after_transaction(param: *const sys::Trans_param) -> c_int {
    if wait_point() == WaitPoint::AfterCommit {
        // SAFETY: the server's structure, valid during the hook.
        let (flags, file, offset) =
            unsafe { ((*param).flags, (*param).log_file, (*param).log_pos) };
        if flags & sys::TRANS_IS_REAL_TRANS != 0 {
            // SAFETY: the file name is the server's.
            unsafe { wait_for(file, offset) };
        }
    }
    0
}

/// # Safety
/// `file` is null or a C string of the server's.
unsafe fn wait_for(file: *const c_char, offset: u64) {
    let Some(source) = Source::get().filter(|source| source.is_enabled()) else {
        return;
    };
    // SAFETY: the caller's promise.
    let name = unsafe { log_name(file) };
    if !name.is_empty() && offset != 0 {
        wait_for_acknowledgement(source, name, offset);
    }
}
