//! The channel of a receiver thread. MySQL 5.7 and later.

use crate::bindings::Binlog_relay_IO_param;
use std::ffi::c_char;

/// The name of the hook's channel, a C string; null: the server does not tell it.
///
/// # Safety
/// `param` is the argument of a hook that runs.
pub unsafe fn channel_name(param: *const Binlog_relay_IO_param) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { (*param).channel_name }
}
