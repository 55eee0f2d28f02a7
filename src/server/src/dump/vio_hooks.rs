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
use crate::{callback::Callback, guard::hook, server::Server, sync::Mutex, sys};
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
pub(super) struct Observed {
    connection: Arc<SharedConnection>,
    observer: Arc<dyn ConnectionObserver>,
}

/// As many as there are dumps to semi-sync replicas.
static OBSERVED: ByAddress<Observed> = ByAddress(Mutex::new(Vec::new()));

/// Things by the address of a Vio. The address of a connection that has ended may be
/// another's by now, so a thing is taken out by what it is. Nothing else is locked under the
/// lock.
struct ByAddress<T>(Mutex<Vec<(usize, Arc<T>)>>);

impl<T> ByAddress<T> {
    /// A thing that has the same address is of a connection that has ended.
    fn add(&self, address: usize, thing: Arc<T>) {
        self.0.lock().push((address, thing));
    }

    fn remove(&self, thing: &Arc<T>) {
        let mut things = self.0.lock();
        let at = things
            .iter()
            .position(|(_, other)| Arc::ptr_eq(other, thing));
        let removed = at.map(|at| things.remove(at));
        drop(things);
        // Whatever ends with it, ends without the lock.
        drop(removed);
    }

    /// The one that was added last.
    fn find(&self, address: usize) -> Option<Arc<T>> {
        let things = self.0.lock();
        let mut newest_first = things.iter().rev();
        let found = newest_first.find(|(other, _)| *other == address);
        found.map(|(_, thing)| Arc::clone(thing))
    }
}

/// Whoever shuts `vio` down from now on closes `connection` first and tells `observer`. Until
/// [`forget`].
pub(super) fn observe(
    vio: *mut sys::Vio,
    connection: Arc<SharedConnection>,
    observer: Arc<dyn ConnectionObserver>,
) -> Arc<Observed> {
    let observed = Arc::new(Observed {
        connection,
        observer,
    });
    OBSERVED.add(vio.addr(), Arc::clone(&observed));
    observed
}

pub(super) fn forget(observed: &Arc<Observed>) {
    OBSERVED.remove(observed);
}

/// `Vio::vioshutdown` of a dump to a semi-sync replica. Any thread, see
/// [`ConnectionObserver`].
pub(super) unsafe extern "C" fn shutdown<const TLS: bool>(vio: *mut sys::Vio) -> c_int {
    let Some(server) = Server::installed() else {
        return -1;
    };
    // Outside the guard: whatever fails, the connection is closed before it ends.
    let observed = OBSERVED.find(vio.addr());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_was_left_over_takes_no_other_with_it() {
        let observed = ByAddress(Mutex::new(Vec::new()));
        let [left_over, present] = ["left over", "present"].map(Arc::new);
        observed.add(7, Arc::clone(&left_over));
        assert!(
            observed
                .find(7)
                .is_some_and(|found| Arc::ptr_eq(&found, &left_over))
        );
        // The server has freed the one and made the other in its place.
        observed.add(7, Arc::clone(&present));
        observed.remove(&left_over);
        assert!(
            observed
                .find(7)
                .is_some_and(|found| Arc::ptr_eq(&found, &present))
        );
        observed.remove(&present);
        assert!(observed.find(7).is_none());
    }
}
