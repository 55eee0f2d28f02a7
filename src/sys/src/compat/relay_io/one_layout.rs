//! The relay-I/O observer is the same in all releases of the series.

use crate::bindings::Binlog_relay_IO_observer;

/// Fits the observer to the running server, before it is registered: nothing to do.
///
/// # Safety
/// None.
pub unsafe fn fit_relay_io_observer(_: *mut Binlog_relay_IO_observer) {}
