//! The transmission in MySQL 5.5 and MariaDB: all dumps are observed.

use crate::{bindings::*, hooks::SendHook};
use std::ffi::{c_char, c_int, c_ulong};

/// Nothing to tell: the server calls the hooks for every dump.
///
/// # Safety
/// None.
pub unsafe fn set_observed(_: *mut Binlog_transmit_param, _: bool) {}

/// The hook `after_send_event`, in the shape that the server calls.
///
/// # Safety
/// The arguments of the hook.
pub unsafe extern "C" fn after_send_event<H: SendHook>(
    _: *mut Binlog_transmit_param,
    packet: *const c_char,
    len: c_ulong,
) -> c_int {
    // SAFETY: the server's packet.
    unsafe { H::after_send_event(packet, len, false) }
}
