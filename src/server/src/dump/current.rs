//! The dump of the current thread.
//!
//! A cell in the thread owns it. Hooks and `vio_hooks` borrow it for as long as they run;
//! they may nest (a hook that flushes writes), so the borrows are shared, and a dump that
//! is borrowed cannot be taken. The cell has no destructor: nothing of ours runs when a
//! server thread ends. A dump that is left there so belongs to a connection that was
//! closed, and is never touched again but to free it.

use super::{
    connection::{DumpConnection, Offer, WRITE_FAILED},
    hooks::Dump,
    vio_hooks::own_functions,
};
use crate::{
    callback::Callback,
    guard::guard,
    server::Server,
    sync::{
        atomic::{AtomicBool, Ordering},
        thread_local,
    },
    sys,
};
use std::{cell::RefCell, ffi::c_uchar, mem::ManuallyDrop};

thread_local! {
    static CURRENT: ManuallyDrop<RefCell<Option<Current>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// A dump to a semi-sync replica, and its connection.
pub(crate) struct Current {
    /// First, so that it is dropped first: then nobody else touches the connection.
    connection: Option<DumpConnection>,
    pub(crate) dump: Box<dyn Dump>,
}

impl Current {
    /// The connection too, if it is shared and was not closed before.
    fn dump_and_connection(&self) -> Option<(&dyn Dump, &DumpConnection)> {
        Some((&*self.dump, self.connection.as_ref()?))
    }

    pub(crate) fn connection(&self) -> Option<&DumpConnection> {
        self.connection.as_ref()
    }

    /// The server may leave hooks out (while UNINSTALL PLUGIN asks whether it may,
    /// `FOREACH_OBSERVER` passes the plugin over), even `transmit_stop`. A dump that is
    /// left over so is closed, because its connection was.
    fn is_over(&self) -> bool {
        let closed = self.connection.as_ref().map(DumpConnection::is_closed);
        closed.unwrap_or_else(|| self.dump.is_over())
    }

    /// The dump, after its connection has been given back.
    pub(crate) fn into_dump(self) -> Box<dyn Dump> {
        drop(self.connection);
        self.dump
    }
}

/// Makes a dump the current thread's. A connection that is not shared is not kept: it may
/// be freed without a word to us.
pub(crate) fn begin(dump: Box<dyn Dump>, offer: Offer) {
    let connection = match offer {
        Offer::Usable(connection) => Some(connection).filter(DumpConnection::is_shared),
        Offer::Ended | Offer::Unusable(..) => None,
    };
    CURRENT.with(|current| {
        if let Ok(mut current) = current.try_borrow_mut() {
            *current = Some(Current { connection, dump });
        }
    });
    with(|current| {
        if let Some((dump, connection)) = current.dump_and_connection() {
            connection.interpose([write::<false>, write::<true>], dump.observer());
            connection.enlarge_buffer();
        }
        current.dump.on_begun(current.connection());
    });
}

/// Shows the current thread's dump, if there is one.
fn with<R>(look: impl FnOnce(&Current) -> R) -> Option<R> {
    CURRENT.with(|current| current.borrow().as_ref().map(look))
}

/// As `with`, for a dump whose connection is open.
pub(crate) fn with_open<R>(look: impl FnOnce(&Current) -> R) -> Option<R> {
    CURRENT.with(|current| {
        let current = current.borrow();
        current
            .as_ref()
            .filter(|current| !current.is_over())
            .map(look)
    })
}

/// Ends the current thread's dump. None: there is none, or it is being looked at.
pub(crate) fn take() -> Option<Current> {
    CURRENT.with(|current| current.try_borrow_mut().ok()?.take())
}

/// Whether the plugin is installed, so that a hook ends each dump: from before the transmit
/// observer is registered until it was taken back.
static INSTALLED: AtomicBool = AtomicBool::new(false);

pub(crate) fn set_installed(installed: bool) {
    INSTALLED.store(installed, Ordering::Release);
}

/// `Vio::write` of a dump to a semi-sync replica, in its dump thread.
unsafe extern "C" fn write<const TLS: bool>(
    vio: *mut sys::Vio,
    bytes: *const c_uchar,
    size: usize,
) -> usize {
    guard(Callback::Write, WRITE_FAILED, || {
        if !INSTALLED.load(Ordering::Acquire) {
            // The replica is gone, and no hook ends this dump any more.
            drop(take());
            let Some(server) = Server::installed() else {
                return WRITE_FAILED;
            };
            let (write, _) = own_functions(server.symbols(), TLS);
            // SAFETY: the function of its transport, with the server's arguments.
            return unsafe { write(vio, bytes, size) };
        }
        with(|current| {
            let Some((dump, connection)) = current.dump_and_connection() else {
                return WRITE_FAILED;
            };
            let Some(_writing) = connection.enter_write() else {
                return WRITE_FAILED;
            };
            dump.on_writing(connection);
            // SAFETY: the server's bytes.
            let written = unsafe { connection.write(bytes, size) };
            dump.on_written(connection);
            written
        })
        .unwrap_or(WRITE_FAILED)
    })
}
