//! Observers, put together out of hooks that have one shape for all series.
//!
//! `compat` settles what a server calls with more arguments, or does not call at all; here is what
//! all series have. SAFETY.md lists each hook, its thread and the locks that the server holds
//! meanwhile.

use crate::bindings::*;
use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};

/// Hooks of the binary log's storage. They answer 0 for success.
pub trait StorageHooks {
    /// A transaction, or a group of them, was written to the binary log and ends at `log_pos`, a
    /// number of bytes.
    ///
    /// # Safety
    /// `log_file` is a C string of the server's.
    unsafe fn after_flush(log_file: *const c_char, log_pos: u64) -> c_int;
    /// The transaction, or the group, was synced. Only where `HAS_WAIT_POINT`.
    ///
    /// # Safety
    /// As above.
    unsafe fn after_sync(log_file: *const c_char, log_pos: u64) -> c_int;
}

/// The hook of the transmission that differs between series.
pub trait SendHook {
    /// After each event of a dump. `skipped`: the event was not sent, because the replica has its
    /// transaction.
    ///
    /// # Safety
    /// `packet` holds `len` bytes.
    unsafe fn after_send_event(packet: *const c_char, len: c_ulong, skipped: bool) -> c_int;
}

/// Why a table was not made, or not deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableFailure {
    /// Somebody reads it, or is in a transaction that has read it.
    InUse,
    /// The server refused.
    Refused,
}

/// A table of ours in performance_schema. The functions run in the session that reads the table.
/// A scan is the server's word for it (`PSI_table_handle`), and is ours.
pub trait TableHooks: 'static {
    /// The table's name.
    const NAME: &'static CStr;
    /// Its columns, as between the parentheses of CREATE TABLE.
    const COLUMNS: &'static CStr;
    /// The size of a position in bytes.
    const POSITION: u32;
    /// About how many rows there are, for the server's optimizer.
    const USUAL_ROWS: u64;

    /// A new scan. `position`: set to where the server reads and writes the scan's position, until
    /// `close`; also after a failure, when the scan is null.
    ///
    /// # Safety
    /// `position` may be written.
    unsafe fn open(position: *mut *mut c_void) -> *mut c_void;
    /// The end of a scan.
    ///
    /// # Safety
    /// Of `open`, and not closed yet; so in all that follow.
    unsafe fn close(scan: *mut c_void);
    /// A scan begins from the start, or the scan is to be read by positions of an earlier one.
    ///
    /// # Safety
    /// See `close`.
    unsafe fn init(scan: *mut c_void) -> c_int;
    /// The next row becomes the current one.
    ///
    /// # Safety
    /// See `close`.
    unsafe fn next(scan: *mut c_void) -> c_int;
    /// The row at the position becomes the current one.
    ///
    /// # Safety
    /// See `close`.
    unsafe fn at_position(scan: *mut c_void) -> c_int;
    /// The current row's value goes into `field`, the column `column` (from 0).
    ///
    /// # Safety
    /// See `close`. The field is the server's, during the call.
    unsafe fn read(scan: *mut c_void, field: *mut c_void, column: c_uint) -> c_int;
}

/// An observer with the hooks that are named. All else is not observed: a NULL hook is not called
/// (where a server does call one, compat puts one there that does nothing).
macro_rules! observer {
    ($table:ident { $($hook:ident),* }) => {{
        // SAFETY: all-zero is "no hook" in each place.
        let mut table: $table = unsafe { std::mem::zeroed() };
        #[allow(clippy::cast_possible_truncation)] // below 100
        {
            table.len = size_of::<$table>() as u32;
        }
        $( table.$hook = Some($hook); )*
        table
    }};
}
pub(crate) use observer;

/// The function that the server calls for a storage hook: its arguments differ in what comes after
/// the position.
macro_rules! storage_hook {
    ($name:ident: $hook:ident($($extra:ty)?)) => {
        unsafe extern "C" fn $name<H: $crate::StorageHooks>(
            _: *mut $crate::Binlog_storage_param,
            log_file: *const std::ffi::c_char,
            log_pos: u64,
            $( _: $extra, )?
        ) -> std::ffi::c_int {
            // SAFETY: the server's arguments.
            unsafe { H::$hook(log_file, log_pos) }
        }
    };
}
pub(crate) use storage_hook;

pub(crate) type TransactionHook = unsafe extern "C" fn(*mut Trans_param) -> c_int;

/// The transaction hooks that there are in every series.
pub(crate) const fn transaction_hooks(
    after_commit: TransactionHook,
    after_rollback: TransactionHook,
) -> Trans_observer {
    observer!(Trans_observer {
        after_commit,
        after_rollback
    })
}

/// The observer of a receiver thread, with these hooks. They answer 0 for success; they get the
/// server's own parameter, packet and event, which live until the hook returns.
pub const fn relay_io_observer(
    thread_start: unsafe extern "C" fn(*mut Binlog_relay_IO_param) -> c_int,
    thread_stop: unsafe extern "C" fn(*mut Binlog_relay_IO_param) -> c_int,
    before_request_transmit: unsafe extern "C" fn(*mut Binlog_relay_IO_param, u32) -> c_int,
    after_read_event: unsafe extern "C" fn(
        *mut Binlog_relay_IO_param,
        *const c_char,
        c_ulong,
        *mut *const c_char,
        *mut c_ulong,
    ) -> c_int,
    after_queue_event: unsafe extern "C" fn(
        *mut Binlog_relay_IO_param,
        *const c_char,
        c_ulong,
        u32,
    ) -> c_int,
) -> Binlog_relay_IO_observer {
    observer!(Binlog_relay_IO_observer {
        thread_start,
        thread_stop,
        before_request_transmit,
        after_read_event,
        after_queue_event
    })
}
