//! Registration of observers. Taking one back needs the write lock of the
//! server's delegate, so it waits for hooks that run and none runs afterwards.

use crate::{Server, plugin::Handle, sys};
use std::ffi::{c_int, c_void};

/// An observer that the server can call: its table, and how to register it.
pub trait Observer: Sized + 'static {
    #[doc(hidden)]
    fn functions(server: Server) -> [unsafe extern "C" fn(*mut Self, *mut c_void) -> c_int; 2];

    /// Fits the table to the running server, before it is registered.
    ///
    /// # Safety
    /// Nobody uses the table.
    #[doc(hidden)]
    unsafe fn fit(_table: *mut Self) {}
}

macro_rules! observer {
    ($($table:ident: $register:ident, $unregister:ident $(, $fit:path)?;)*) => { $(
        impl Observer for sys::$table {
            fn functions(server: Server) -> [unsafe extern "C" fn(*mut Self, *mut c_void) -> c_int; 2] {
                [server.symbols().$register, server.symbols().$unregister]
            }
            $(
                unsafe fn fit(table: *mut Self) {
                    // SAFETY: the caller's promise.
                    unsafe { $fit(table) }
                }
            )?
        }
    )* };
}
observer! {
    Trans_observer: register_trans_observer, unregister_trans_observer;
    Binlog_storage_observer: register_binlog_storage_observer, unregister_binlog_storage_observer;
    Binlog_transmit_observer: register_binlog_transmit_observer, unregister_binlog_transmit_observer;
    Binlog_relay_IO_observer: register_binlog_relay_io_observer, unregister_binlog_relay_io_observer, sys::compat::fit_relay_io_observer;
}

/// Registers a static table; false: the server refused.
pub fn register<T: Observer>(
    server: Server,
    table: &'static crate::Shared<T>,
    plugin: &Handle,
) -> bool {
    let [register, _] = T::functions(server);
    // SAFETY: the table is static and writable, and not registered; the handle is
    // the server's.
    unsafe { T::fit(table.as_ptr()) };
    // SAFETY: as above.
    unsafe { register(table.as_ptr(), plugin.raw) == 0 }
}

/// Takes it back; false: the server did not know it.
pub fn unregister<T: Observer>(
    server: Server,
    table: &'static crate::Shared<T>,
    plugin: &Handle,
) -> bool {
    let [_, unregister] = T::functions(server);
    // SAFETY: as above.
    unsafe { unregister(table.as_ptr(), plugin.raw) == 0 }
}
