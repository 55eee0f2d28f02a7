//! The relay-I/O observer of MySQL 5.7 got a hook in its middle between 5.7.18 and 5.7.22, under
//! the same version of the interface.

use crate::{
    bindings::{Binlog_relay_IO_observer, Binlog_relay_IO_observer_early},
    symbols::look_up,
};
use std::ffi::c_void;

/// Fits the observer to the running server, before it is registered: which of the two layouts the
/// server has is told by whether it can call the hook at all.
///
/// # Safety
/// `observer` is the one that `relay_io_observer` made, or was fitted already; nobody uses it.
pub unsafe fn fit_relay_io_observer(observer: *mut Binlog_relay_IO_observer) {
    // SAFETY: an address that is only compared with null.
    let applier_start = unsafe {
        look_up::<*const c_void>(
            c"_ZN24Binlog_relay_IO_delegate13applier_startEP3THDP11Master_info",
        )
    };
    if applier_start.is_ok() {
        return;
    }
    // SAFETY: the earlier table is the shorter one; read whole before it is written.
    unsafe {
        let late = observer.read();
        if late.len as usize == size_of::<Binlog_relay_IO_observer_early>() {
            return; // fitted already
        }
        // SAFETY of zeroed: no hook in each place.
        let mut early: Binlog_relay_IO_observer_early = std::mem::zeroed();
        #[allow(clippy::cast_possible_truncation)] // below 100
        {
            early.len = size_of::<Binlog_relay_IO_observer_early>() as u32;
        }
        early.thread_start = late.thread_start;
        early.thread_stop = late.thread_stop;
        early.before_request_transmit = late.before_request_transmit;
        early.after_read_event = late.after_read_event;
        early.after_queue_event = late.after_queue_event;
        observer
            .cast::<Binlog_relay_IO_observer_early>()
            .write(early);
    }
}
