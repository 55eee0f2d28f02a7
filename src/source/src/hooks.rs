//! Transaction and binary log storage observers: the commit's side.
//!
//! No hook answers with an error where stock's do not: an error of `after_sync`
//! would abort the server (`binlog_error_action`).

use crate::{
    state::Source,
    status::WAITS,
    variables::{WaitPoint, wait_point},
    wait::wait_for_acknowledgement,
};
use semisync_core::CommitVerdict;
use semisync_server::{
    Shared,
    callback::Callback,
    guard::guard,
    log_name, session,
    sys::{
        self,
        compat::{storage_observer, trans_observer},
    },
    system_micros,
};
use std::{
    ffi::{c_char, c_int},
    sync::atomic::Ordering,
};

pub static TRANSACTION: Shared<sys::Trans_observer> =
    Shared::new(trans_observer(after_commit, after_rollback));

pub static STORAGE: Shared<sys::Binlog_storage_observer> =
    Shared::new(storage_observer::<Storage>());

pub struct Storage;

impl sys::StorageHooks for Storage {
    /// Flush leader, or the committing session, under `LOCK_log`, before any dump
    /// thread may see the end.
    unsafe fn after_flush(log_file: *const c_char, log_pos: u64) -> c_int {
        guard(Callback::AfterFlush, 0, || {
            let Some(source) = enabled() else {
                return 0;
            };
            // SAFETY: the hook's argument.
            if let Some((name, end)) = unsafe { named(log_file, log_pos) } {
                on_flush(source, name, end);
            }
            0
        })
    }

    /// Leader of the commit group; under `LOCK_commit` with `binlog_order_commits`.
    unsafe fn after_sync(log_file: *const c_char, log_pos: u64) -> c_int {
        guard(Callback::AfterSync, 0, || {
            let Some(source) = enabled().filter(|_| wait_point() == WaitPoint::AfterSync) else {
                return 0;
            };
            // SAFETY: the hook's arguments.
            if let Some((name, offset)) = unsafe { named(log_file, log_pos) } {
                wait_for_acknowledgement(source, name, offset);
            }
            0
        })
    }
}

/// The engine has committed (or there was nothing to commit). May come with no
/// file, or with a position that was confirmed long ago.
unsafe extern "C" fn after_commit(param: *mut sys::Trans_param) -> c_int {
    // SAFETY: the hook's argument.
    guard(Callback::AfterCommit, 0, || unsafe {
        after_transaction(param)
    })
}

/// As `after_commit`: a rollback too can leave events in the binary log.
unsafe extern "C" fn after_rollback(param: *mut sys::Trans_param) -> c_int {
    // SAFETY: the hook's argument.
    guard(Callback::AfterRollback, 0, || unsafe {
        after_transaction(param)
    })
}

/// # Safety
/// `param` is the parameter of a transaction hook.
unsafe fn after_transaction(param: *const sys::Trans_param) -> c_int {
    let waits = wait_point() == WaitPoint::AfterCommit;
    let Some(source) = enabled().filter(|source| waits || source.is_unsettled()) else {
        return 0;
    };
    // SAFETY: the server's structure, valid during the hook.
    let (flags, file, offset) = unsafe { ((*param).flags, (*param).log_file, (*param).log_pos) };
    if flags & sys::TRANS_IS_REAL_TRANS == 0 {
        return 0;
    }
    // SAFETY: the file name is the server's.
    let Some((name, offset)) = (unsafe { named(file, offset) }) else {
        return 0;
    };
    if waits {
        wait_for_acknowledgement(source, name, offset);
    }
    // At either wait point every member of a commit group passes here before its client
    // is told OK.
    if source.is_unsettled() {
        settle(source, name, offset);
    }
    0
}

#[cold]
fn settle(source: &Source, name: &[u8], offset: u64) {
    let applier = session::is_applier(source.server);
    let ask = || {
        let shutting_down = source.server.is_shutting_down();
        source.update_log(|core, files| {
            core.on_engine_commit(files.find(name, offset), applier, shutting_down)
        })
    };
    let mut settled = ask();
    if settled == CommitVerdict::Waits {
        wait_for_acknowledgement(source, name, offset);
        settled = ask();
    }
    if settled == CommitVerdict::Untold && !session::hang_up_client(source.server) && !applier {
        source.not_cut.fetch_add(1, Ordering::Relaxed);
    }
}

/// A commit group was written and ends here. A log that begins anew was reset, and the
/// server has not told so yet: what was said of the old one is gone.
fn on_flush(source: &Source, name: &[u8], end: u64) {
    let reset = source.update_log(|core, files| {
        let reset = files.begins_anew(name, end);
        if reset {
            WAITS.clear();
            files.on_noticed_reset(system_micros());
            core.on_reset();
        }
        core.on_flush(files.on_flush(name, end));
        reset
    });
    if reset {
        source.links.hang_up_all();
    }
}

/// The place that the server names. None: no place, as after a transaction that wrote
/// nothing.
///
/// # Safety
/// `file` is null or a C string of the server's.
unsafe fn named<'a>(file: *const c_char, offset: u64) -> Option<(&'a [u8], u64)> {
    // SAFETY: the caller's promise.
    let name = unsafe { log_name(file) };
    (!name.is_empty() && offset != 0).then_some((name, offset))
}

fn enabled() -> Option<&'static Source> {
    Source::get().filter(|source| source.is_enabled())
}
