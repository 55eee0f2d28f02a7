//! System variables: descriptors that the server writes into, over values that
//! are atomics, so that Rust reads what the server stores without a lock.
//!
//! The server stores a value before `init` (default, option file, command line)
//! and in `SET GLOBAL` through the update function, or by itself if there is
//! none. Update functions run under `LOCK_global_system_variables`.

use crate::sys;
use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_ulong},
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64},
};

/// All variables of semi-sync: argument optional on the command line.
const OPTIONS: u32 = sys::PLUGIN_VAR_OPCMDARG;

const fn head(
    kind: u32,
    name: &'static CStr,
    comment: &'static CStr,
    update: sys::mysql_var_update_func,
) -> sys::st_mysql_sys_var {
    sys::st_mysql_sys_var {
        flags: (kind | OPTIONS) as c_int,
        name: name.as_ptr(),
        comment: comment.as_ptr(),
        check: None,
        update,
    }
}

pub const fn boolean(
    name: &'static CStr,
    comment: &'static CStr,
    value: &'static AtomicBool,
    default: bool,
    update: sys::mysql_var_update_func,
) -> sys::sys_var_bool {
    sys::sys_var_bool {
        head: head(sys::PLUGIN_VAR_BOOL, name, comment, update),
        value: value.as_ptr(),
        def_val: default,
    }
}

/// `range`: least and greatest value; the server clamps to it with a warning.
pub const fn uint(
    name: &'static CStr,
    comment: &'static CStr,
    value: &'static AtomicU32,
    default: c_uint,
    range: (c_uint, c_uint),
    update: sys::mysql_var_update_func,
) -> sys::sys_var_uint {
    sys::sys_var_uint {
        head: head(
            sys::PLUGIN_VAR_INT | sys::PLUGIN_VAR_UNSIGNED,
            name,
            comment,
            update,
        ),
        value: value.as_ptr(),
        def_val: default,
        min_val: range.0,
        max_val: range.1,
        blk_sz: 1,
    }
}

/// 0 to 2^64-1.
pub const fn ulong(
    name: &'static CStr,
    comment: &'static CStr,
    value: &'static AtomicU64,
    default: c_ulong,
) -> sys::sys_var_ulong {
    sys::sys_var_ulong {
        head: head(
            sys::PLUGIN_VAR_LONG | sys::PLUGIN_VAR_UNSIGNED,
            name,
            comment,
            None,
        ),
        value: value.as_ptr(),
        def_val: default,
        min_val: 0,
        max_val: c_ulong::MAX,
        blk_sz: 1,
    }
}

/// The variable `trace_level` of both sides, and stock's default.
pub const fn trace_level(value: &'static AtomicU64) -> sys::sys_var_ulong {
    let comment = c"What to trace in the error log: the sum of 1 (general), 16 (details), 32 (network waits), 64 (functions).";
    ulong(c"trace_level", comment, value, 32)
}

/// The value is the index into the names.
pub const fn enumeration(
    name: &'static CStr,
    comment: &'static CStr,
    value: &'static AtomicU64,
    default: c_ulong,
    names: *mut sys::typelib,
) -> sys::sys_var_enum {
    sys::sys_var_enum {
        head: head(sys::PLUGIN_VAR_ENUM, name, comment, None),
        value: value.as_ptr(),
        def_val: default,
        typelib: names,
    }
}

/// `names` ends with a null pointer, which is not counted.
pub const fn names(names: &'static [NamePtr]) -> sys::typelib {
    sys::typelib {
        count: names.len() - 1,
        name: c"".as_ptr(),
        type_names: names.as_ptr().cast(),
        type_lengths: std::ptr::null_mut(),
    }
}

/// A C string in a static array of names.
#[repr(transparent)]
pub struct NamePtr(*const c_char);

// SAFETY: points to a string literal, which is never written.
unsafe impl Sync for NamePtr {}

impl NamePtr {
    pub const END: Self = Self(std::ptr::null());

    pub const fn new(name: &'static CStr) -> Self {
        Self(name.as_ptr())
    }
}

/// The value that `SET GLOBAL` brought to an update function.
///
/// # Safety
/// `save` is the update function's last argument, and `T` the variable's type.
pub unsafe fn saved<T: Copy>(save: *const std::ffi::c_void) -> T {
    // SAFETY: the server's temporary of that type, valid during the call.
    unsafe { *save.cast::<T>() }
}
