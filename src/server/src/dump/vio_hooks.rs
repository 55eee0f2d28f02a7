//! What stands in for the server's own functions of a connection for as long as a dump to
//! a semi-sync replica lasts: to write, and to shut it down.
//!
//! Through the first every packet leaves, those included that no hook announces, and TLS
//! is serialised with the receiver. Through the second whoever closes the connection tells
//! us before its descriptor can be used again.
//!
//! The server takes no reference to the plugin for these two, as it does for a hook. So
//! they may run while the plugin is uninstalled and afterwards; all that they need is
//! never freed, or owned by the thread itself.

use super::shared::SharedConnection;
use crate::{callback::Callback, guard::hook, server::Server, sys};
use parking_lot::Mutex;
use semisync_sys::Symbols;
use std::{
    ffi::{c_int, c_uchar},
    sync::Arc,
};

pub(super) type ShutdownHook = unsafe extern "C" fn(*mut sys::Vio) -> c_int;
pub(super) type WriteHook = unsafe extern "C" fn(*mut sys::Vio, *const c_uchar, usize) -> usize;

/// Is told of the end of a connection.
pub trait ConnectionObserver: Send + Sync {
    /// Somebody shuts the connection down. Nobody touches it from now on. Any thread: the
    /// dump thread at its end, KILL (under the victim's `LOCK_thd_data`), the server's
    /// shutdown.
    fn on_shutdown(&self);
}

/// A connection whose functions are ours.
#[derive(Clone)]
struct Observed {
    /// The address of the Vio, by which `shutdown` finds the connection.
    vio: usize,
    connection: Arc<SharedConnection>,
    observer: Arc<dyn ConnectionObserver>,
}

/// As many as there are dumps to semi-sync replicas. Nothing else is locked under it.
static OBSERVED: Mutex<Vec<Observed>> = Mutex::new(Vec::new());

/// Whoever shuts `vio` down from now on closes `connection` first and tells `observer`.
pub(super) fn observe(
    vio: *mut sys::Vio,
    connection: Arc<SharedConnection>,
    observer: Arc<dyn ConnectionObserver>,
) {
    let vio = vio.addr();
    let mut observed = OBSERVED.lock();
    observed.retain(|other| other.vio != vio);
    observed.push(Observed {
        vio,
        connection,
        observer,
    });
}

pub(super) fn forget(vio: *mut sys::Vio) {
    let vio = vio.addr();
    let mut observed = OBSERVED.lock();
    let at = observed.iter().position(|other| other.vio == vio);
    let forgotten = at.map(|at| observed.swap_remove(at));
    drop(observed);
    // Whatever ends with it, ends without the lock.
    drop(forgotten);
}

fn find(vio: *mut sys::Vio) -> Option<Observed> {
    let vio = vio.addr();
    OBSERVED
        .lock()
        .iter()
        .find(|other| other.vio == vio)
        .cloned()
}

/// `Vio::vioshutdown` of a dump to a semi-sync replica. Any thread, see
/// [`ConnectionObserver`].
pub(super) unsafe extern "C" fn shutdown<const TLS: bool>(vio: *mut sys::Vio) -> c_int {
    let Some(server) = Server::installed() else {
        return -1;
    };
    // Outside the guard: whatever fails, the connection is closed before it ends.
    let observed = find(vio);
    if let Some(observed) = &observed {
        observed.connection.close();
        hook(Callback::Shutdown, || observed.observer.on_shutdown());
    }
    // On TLS the dump thread may be inside the SSL object.
    let _serialised = observed.as_ref().map(|observed| observed.connection.lock());
    let (_, shutdown) = own_functions(server.symbols(), TLS);
    // SAFETY: the function of its transport, with the server's argument.
    unsafe { shutdown(vio) }
}

/// The server's own functions for the two kinds of transport.
pub(super) fn own_functions(symbols: &Symbols, is_tls: bool) -> (WriteHook, ShutdownHook) {
    if is_tls {
        (symbols.vio_ssl_write, symbols.vio_ssl_shutdown)
    } else {
        (symbols.vio_write, symbols.vio_shutdown)
    }
}

/// Where in the session's Vio two of its functions are kept.
#[derive(Clone, Copy)]
pub(super) struct Slots {
    pub(super) write: *mut Option<WriteHook>,
    pub(super) shutdown: *mut Option<ShutdownHook>,
}

impl Slots {
    /// Where a Vio keeps the two functions, and whether it is one of TLS. The layout
    /// differs between releases of one series, so the functions are searched for by
    /// the addresses of the server's own. None: it has others.
    ///
    /// # Safety
    /// A live Vio. It is read up to the functions, or up to the declared size.
    pub(super) unsafe fn find(symbols: &Symbols, vio: *mut sys::Vio) -> Option<(bool, Self)> {
        let words = size_of::<sys::Vio>() / size_of::<usize>();
        let mut slots = (0..words).map(|word| vio.cast::<usize>().wrapping_add(word));
        // SAFETY: within the Vio by the caller's promise.
        let read = |slot: &*mut usize| unsafe { slot.read() };
        let [plain, tls] = [false, true].map(|is_tls| own_functions(symbols, is_tls));
        let write = slots.find(|slot| [plain.0 as usize, tls.0 as usize].contains(&read(slot)))?;
        let is_tls = read(&write) == tls.0 as usize;
        let (_, shutdown) = if is_tls { tls } else { plain };
        let found = Self {
            write: write.cast(),
            shutdown: slots.find(|slot| read(slot) == shutdown as usize)?.cast(),
        };
        Some((is_tls, found))
    }
}
