//! A table of hooks in static memory, and how the server is given it.

use crate::{dump, plugin::Handle, server::Server, sys};
use semisync_sys::Shared;
use std::{
    ffi::{c_int, c_void},
    sync::atomic::{AtomicBool, Ordering},
};

type Function<T> = unsafe extern "C" fn(*mut T, *mut c_void) -> c_int;

/// A table of hooks, in static memory.
pub struct Table<T: 'static> {
    hooks: Shared<T>,
    /// The server knows it.
    registered: AtomicBool,
}

impl<T> Table<T> {
    pub(super) const fn of(hooks: T) -> Self {
        Self {
            hooks: Shared::new(hooks),
            registered: AtomicBool::new(false),
        }
    }
}

/// A table that the server can be given.
pub trait Observer: Sync {
    /// false: the server refused.
    fn register(&'static self, server: Server, plugin: &Handle) -> bool;
    /// After this none of its hooks runs. One that is not registered is no error. false: the
    /// server did not know it.
    fn unregister(&'static self, server: Server, plugin: &Handle) -> bool;
}

/// Registers all of them, or none.
pub fn register(server: Server, plugin: &Handle, observers: &[&'static dyn Observer]) -> bool {
    for (done, observer) in observers.iter().enumerate() {
        if !observer.register(server, plugin) {
            for observer in observers.iter().take(done).rev() {
                observer.unregister(server, plugin);
            }
            return false;
        }
    }
    true
}

/// # Safety
/// `function` registers the table's kind of observer, or takes it back.
unsafe fn call<T>(function: Function<T>, table: &'static Table<T>, plugin: &Handle) -> bool {
    // SAFETY: the table is static and writable; the handle is the server's.
    unsafe { function(table.hooks.as_ptr(), plugin.raw) == 0 }
}

macro_rules! observer {
    ($table:ident: $register:ident, $unregister:ident, $before:expr, $after:expr) => {
        impl Observer for Table<sys::$table> {
            fn register(&'static self, server: Server, plugin: &Handle) -> bool {
                $before(self);
                // SAFETY: the function for this table.
                let done = unsafe { call(server.symbols().$register, self, plugin) };
                self.registered.store(done, Ordering::Release);
                if !done {
                    $after();
                }
                done
            }

            fn unregister(&'static self, server: Server, plugin: &Handle) -> bool {
                if !self.registered.swap(false, Ordering::AcqRel) {
                    return true;
                }
                // SAFETY: the function for this table.
                let done = unsafe { call(server.symbols().$unregister, self, plugin) };
                $after();
                done
            }
        }
    };
}
observer! {
    Trans_observer: register_trans_observer, unregister_trans_observer, |_: &Self| (), || ()
}
observer! {
    Binlog_storage_observer: register_binlog_storage_observer,
    unregister_binlog_storage_observer, |_: &Self| (), || ()
}
observer! {
    // Before: a dump may begin as soon as the server knows the observer. After: as long as
    // it is known, a hook may run, and it ends the dump.
    Binlog_transmit_observer: register_binlog_transmit_observer,
    unregister_binlog_transmit_observer,
    |_: &Self| dump::set_installed(true), || dump::set_installed(false)
}
observer! {
    Binlog_relay_IO_observer: register_binlog_relay_io_observer,
    unregister_binlog_relay_io_observer,
    // SAFETY: nobody uses the table before it is registered.
    |table: &Self| unsafe { sys::compat::fit_relay_io_observer(table.hooks.as_ptr()) }, || ()
}
