//! What stands in for the server's own functions of a connection for as long as
//! a dump to a semi-sync replica lasts: to write, and to shut it down.
//!
//! Through the first every packet leaves, those included that no hook announces,
//! and TLS is serialised with the receiver. Through the second whoever closes the
//! connection tells us before its descriptor can be used again.

use crate::{
    dump::{Dump, take_dump},
    plugin::is_observing,
    state::Source,
};
use semisync_server::{
    callback::Callback,
    connection::{self, ConnectionId, WRITE_FAILED},
    guard::guard,
    sys,
};
use std::ffi::{c_int, c_uchar};

/// The server's `Vio::write` for a dump to a semi-sync replica.
pub unsafe extern "C" fn write_hook<const TLS: bool>(
    vio: *mut sys::Vio,
    bytes: *const c_uchar,
    size: usize,
) -> usize {
    guard(Callback::Write, WRITE_FAILED, || {
        if !is_observing() {
            // The plugin was uninstalled, the replica is gone, and no hook ends
            // this dump any more.
            take_dump();
            return match Source::get() {
                // SAFETY: the hook's arguments.
                Some(source) => unsafe { connection::write(source.server, TLS, vio, bytes, size) },
                None => WRITE_FAILED,
            };
        }
        match Dump::of_this_thread() {
            // SAFETY: the server's bytes.
            Some(dump) => unsafe { dump.on_write(bytes, size) },
            None => WRITE_FAILED,
        }
    })
}

/// The server's `Vio::vioshutdown` for it. Any thread: the dump thread at its
/// end, KILL (under the victim's `LOCK_thd_data`), the server's shutdown.
pub unsafe extern "C" fn shutdown_hook<const TLS: bool>(vio: *mut sys::Vio) -> c_int {
    let Some(source) = Source::get() else {
        return -1;
    };
    let link = guard(Callback::Shutdown, None, || {
        let link = source.links.find_connection(ConnectionId::of(vio))?;
        source.links.close(&link);
        source.stop_counting(&link);
        Some(link)
    });
    // On TLS the dump thread may be inside the SSL object.
    let _serialised = link.as_ref().map(|link| link.gate.lock());
    // SAFETY: the hook's argument.
    unsafe { connection::shut_down(source.server, TLS, vio) }
}
