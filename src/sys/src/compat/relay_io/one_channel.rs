//! The channel of a receiver thread, where a server has only one. MySQL 5.6, MariaDB 5.5.

use crate::bindings::Binlog_relay_IO_param;
use std::ffi::c_char;

/// The name of the hook's channel, a C string: always the default channel's.
///
/// # Safety
/// None.
pub unsafe fn channel_name(_: *const Binlog_relay_IO_param) -> *const c_char {
    c"".as_ptr()
}
