//! System variables: their values, and what `SET GLOBAL` leads to.
//!
//! Update functions run under the server's `LOCK_global_system_variables`, one
//! at a time; sessions that read variables wait meanwhile, so they are quick.

use crate::{plugin::after_panic, state::Source};
use semisync_server::{
    Shared,
    callback::Callback,
    guard::{self, guard},
    sys::{self, compat},
    variables::{self as v, NamePtr, saved},
};
use std::{
    ffi::{CStr, c_void},
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

static ENABLED: AtomicBool = AtomicBool::new(false);
static TIMEOUT_MS: AtomicU64 = AtomicU64::new(10_000);
static TRACE_LEVEL: AtomicU64 = AtomicU64::new(32);
static WAIT_COUNT: AtomicU32 = AtomicU32::new(1);
static WAIT_NO_REPLICA: AtomicBool = AtomicBool::new(true);
static WAIT_POINT: AtomicU64 = AtomicU64::new(DEFAULT_WAIT_POINT);

/// After the engine's commit where stock waits there, or the server calls no
/// earlier hook.
const DEFAULT_WAIT_POINT: u64 = compat::WAITS_AFTER_COMMIT as u64;

/// Where a commit waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitPoint {
    /// After the binary log was synced, before the engine commits.
    AfterSync,
    /// After the engine has committed, before the client is told.
    AfterCommit,
}

/// Bit of `trace_level` for lines about single positions.
const TRACE_DETAIL: u64 = 16;

pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Acquire)
}

pub fn timeout_ms() -> u64 {
    TIMEOUT_MS.load(Ordering::Relaxed)
}

pub fn wait_count() -> u32 {
    WAIT_COUNT.load(Ordering::Acquire)
}

pub fn waits_without_replicas() -> bool {
    WAIT_NO_REPLICA.load(Ordering::Acquire)
}

pub fn wait_point() -> WaitPoint {
    match WAIT_POINT.load(Ordering::Relaxed) {
        0 => WaitPoint::AfterSync,
        _ => WaitPoint::AfterCommit,
    }
}

pub fn traces_details() -> bool {
    TRACE_LEVEL.load(Ordering::Relaxed) & TRACE_DETAIL != 0
}

// ---- descriptors; the names that hold a word of the vocabulary come in ----

pub const fn enabled(comment: &'static CStr) -> sys::sys_var_bool {
    v::boolean(c"enabled", comment, &ENABLED, false, Some(update_enabled))
}

pub const fn timeout(comment: &'static CStr) -> sys::sys_var_ulong {
    v::ulong(c"timeout", comment, &TIMEOUT_MS, 10_000)
}

pub const fn trace_level() -> sys::sys_var_ulong {
    v::trace_level(&TRACE_LEVEL)
}

pub const fn wait_for_count(name: &'static CStr, comment: &'static CStr) -> sys::sys_var_uint {
    let range = (1, 65_535);
    v::uint(
        name,
        comment,
        &WAIT_COUNT,
        1,
        range,
        Some(update_wait_count),
    )
}

pub const fn wait_no_replica(name: &'static CStr, comment: &'static CStr) -> sys::sys_var_bool {
    let update = Some(update_wait_no_replica as UpdateFunction);
    v::boolean(name, comment, &WAIT_NO_REPLICA, true, update)
}

pub const fn wait_point_variable() -> sys::sys_var_enum {
    let comment = c"AFTER_SYNC: a commit waits before the storage engine commits, so that nobody sees what no replica has. AFTER_COMMIT: it waits after that, before the client is told.";
    v::enumeration(
        c"wait_point",
        comment,
        &WAIT_POINT,
        DEFAULT_WAIT_POINT,
        WAIT_POINTS.as_ptr(),
    )
}

/// The variables of the series: the last two only where stock, or we, have them.
pub const fn listed(
    always: [*mut sys::st_mysql_sys_var; 4],
    wait_point: *mut sys::st_mysql_sys_var,
    wait_count: *mut sys::st_mysql_sys_var,
) -> [*mut sys::st_mysql_sys_var; 7] {
    let [a, b, c, d] = always;
    let null = std::ptr::null_mut();
    match (compat::HAS_WAIT_POINT, compat::HAS_WAIT_COUNT) {
        (true, true) => [a, b, c, d, wait_point, wait_count, null],
        (true, false) => [a, b, c, d, wait_point, null, null],
        (false, true) => [a, b, c, d, wait_count, null, null],
        (false, false) => [a, b, c, d, null, null, null],
    }
}

type UpdateFunction =
    unsafe extern "C" fn(*mut sys::THD, *mut sys::st_mysql_sys_var, *mut c_void, *const c_void);

static WAIT_POINT_NAMES: [NamePtr; 3] = [
    NamePtr::new(c"AFTER_SYNC"),
    NamePtr::new(c"AFTER_COMMIT"),
    NamePtr::END,
];
static WAIT_POINTS: Shared<sys::typelib> = Shared::new(v::names(&WAIT_POINT_NAMES));

// ---- SET GLOBAL ----

unsafe extern "C" fn update_enabled(
    _: *mut sys::THD,
    _: *mut sys::st_mysql_sys_var,
    _: *mut c_void,
    save: *const c_void,
) {
    guard(Callback::UpdateVariable, (), || {
        // SAFETY: the server's value of a BOOL variable.
        let wanted: bool = unsafe { saved(save) };
        guard::arm(after_panic);
        let done = Source::get().is_none_or(|source| source.set_enabled(wanted));
        ENABLED.store(wanted && done, Ordering::Release);
    });
}

unsafe extern "C" fn update_wait_count(
    _: *mut sys::THD,
    _: *mut sys::st_mysql_sys_var,
    _: *mut c_void,
    save: *const c_void,
) {
    guard(Callback::UpdateVariable, (), || {
        // SAFETY: the server's value of an unsigned INT variable.
        let count: u32 = unsafe { saved(save) };
        WAIT_COUNT.store(count, Ordering::Release);
        if let Some(source) = Source::get() {
            source.update(|core| core.on_wait_count(count));
        }
    });
}

unsafe extern "C" fn update_wait_no_replica(
    _: *mut sys::THD,
    _: *mut sys::st_mysql_sys_var,
    _: *mut c_void,
    save: *const c_void,
) {
    guard(Callback::UpdateVariable, (), || {
        // SAFETY: the server's value of a BOOL variable.
        let on: bool = unsafe { saved(save) };
        let before = WAIT_NO_REPLICA.swap(on, Ordering::AcqRel);
        // Setting what is set already changes nothing, as in stock's
        // fix_rpl_semi_sync_source_wait_no_replica.
        if before != on
            && let Some(source) = Source::get()
        {
            source.update(|core| core.on_wait_no_replica(on));
        }
    });
}
