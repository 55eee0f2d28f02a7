//! The transmission in MySQL 5.6 and later: a dump to a replica without semi-sync need not be
//! observed, and `after_send_event` is told whether the event was skipped.

use crate::{bindings::*, hooks::SendHook};
use std::ffi::{c_char, c_int, c_ulong};

/// Tells the server whether to call the hooks for this dump.
///
/// # Safety
/// `param` is that of `transmit_start`.
pub unsafe fn set_observed(param: *mut Binlog_transmit_param, observed: bool) {
    // SAFETY: the server's structure, ours to change.
    unsafe {
        (*param).flags |= if observed {
            TRANSMIT_F_OBSERVE
        } else {
            TRANSMIT_F_DONT_OBSERVE
        };
    }
}

/// The hook `after_send_event`, in the shape that the server calls. `skipped_log_pos`: 0, or the
/// end of this event, which was not sent.
///
/// # Safety
/// The arguments of the hook.
pub unsafe extern "C" fn after_send_event<H: SendHook>(
    _: *mut Binlog_transmit_param,
    packet: *const c_char,
    len: c_ulong,
    _skipped_log_file: *const c_char,
    skipped_log_pos: u64,
) -> c_int {
    // SAFETY: the server's packet.
    unsafe { H::after_send_event(packet, len, skipped_log_pos != 0) }
}
