//! The channel of a receiver thread, where a server has many and does not tell which: MariaDB 10.1
//! calls them connections.

use crate::bindings::Binlog_relay_IO_param;
use std::ffi::c_char;

/// The name of the hook's channel: null, because the server does not tell it.
///
/// # Safety
/// None.
pub unsafe fn channel_name(_: *const Binlog_relay_IO_param) -> *const c_char {
    std::ptr::null()
}
