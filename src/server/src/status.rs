//! Status variables: rows that are functions, and rows that are counters.
//!
//! The server calls the functions under `LOCK_status`: they must not block. A
//! counter it reads by itself, and `FLUSH STATUS` sets it to 0.

use crate::sys;
use std::{
    ffi::{CStr, c_char, c_int},
    sync::atomic::AtomicU64,
};

/// A value as `SHOW GLOBAL STATUS` prints it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// ON or OFF.
    Bool(bool),
    /// An unsigned long.
    Long(u64),
    /// An unsigned long long.
    LongLong(u64),
}

/// A row: the full name, and the function that fills it in.
pub const fn row(name: &'static CStr, show: ShowFunction) -> sys::st_mysql_show_var {
    sys::st_mysql_show_var {
        name: name.as_ptr(),
        value: show as *mut c_char,
        type_: sys::compat::SHOW_ROW,
        scope: sys::SHOW_SCOPE_GLOBAL,
    }
}

/// A row whose value the server reads, and sets to 0 in `FLUSH STATUS`.
pub const fn counter_row(
    name: &'static CStr,
    counter: &'static AtomicU64,
) -> sys::st_mysql_show_var {
    sys::st_mysql_show_var {
        name: name.as_ptr(),
        value: counter.as_ptr().cast(),
        type_: sys::SHOW_LONG,
        scope: sys::SHOW_SCOPE_GLOBAL,
    }
}

/// The row that ends the array.
pub const END: sys::st_mysql_show_var = sys::st_mysql_show_var {
    name: std::ptr::null(),
    value: std::ptr::null_mut(),
    type_: sys::SHOW_UNDEF,
    scope: sys::SHOW_SCOPE_UNDEF,
};

pub type ShowFunction =
    unsafe extern "C" fn(*mut sys::THD, *mut sys::st_mysql_show_var, *mut c_char) -> c_int;

/// Fills a row in with nothing, before the function that is to answer runs: what a panic leaves.
/// The server does not look at the result of the function. It reads the row, which without this
/// would hold what happened to lie there, or name the function again, which would be called for ever.
///
/// # Safety
/// `out` is the argument of a show function.
pub unsafe fn leave_empty(out: *mut sys::st_mysql_show_var) {
    // SAFETY: the caller's row.
    unsafe {
        (*out).type_ = sys::SHOW_UNDEF;
        (*out).value = c"".as_ptr().cast_mut();
    }
}

/// Answers a show function.
///
/// # Safety
/// `out` and `buffer` are the arguments of a show function: a row to fill in
/// and `SHOW_VAR_FUNC_BUFF_SIZE` bytes that live as long as the row is used.
pub unsafe fn answer(out: *mut sys::st_mysql_show_var, buffer: *mut c_char, value: Value) -> c_int {
    let (kind, bytes) = match value {
        Value::Bool(on) => (sys::SHOW_BOOL, u64::from(on)),
        Value::Long(number) => (sys::SHOW_LONG, number),
        Value::LongLong(number) => (sys::SHOW_LONGLONG, number),
    };
    // SAFETY: the buffer holds more than 8 bytes (little-endian: the first byte
    // serves as the bool); alignment is not assumed.
    unsafe { buffer.cast::<u64>().write_unaligned(bytes) };
    // SAFETY: `out` is the caller's row.
    unsafe {
        (*out).type_ = kind;
        (*out).value = buffer;
    }
    0
}
