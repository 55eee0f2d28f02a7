//! The session that the current thread serves. The leader of a commit group stands
//! in for each member in turn, while it runs the hooks in the member's name.

use crate::{
    callback::Callback,
    dump::DumpConnection,
    guard::guard,
    log::{self, Level},
    server::Server,
    sys,
};
use rustix::net::{Shutdown, shutdown};
use std::{
    ffi::{CStr, CString, c_int},
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether it applies what another server has sent.
pub fn is_applier(server: Server) -> bool {
    let thd = current(server);
    // SAFETY: not null, and the session of this thread.
    !thd.is_null() && unsafe { (server.symbols().thd_slave_thread)(thd) } != 0
}

/// Its id in the process list; 0: there is no session.
pub fn thread_id(server: Server) -> u64 {
    let thd = current(server);
    if thd.is_null() {
        return 0;
    }
    // SAFETY: not null, and the session of this thread.
    unsafe { (server.symbols().thd_get_thread_id)(thd) }
}

/// Whether its account may write where `read_only` is set: SUPER, or CONNECTION_ADMIN. Where
/// nothing can be refused (see [`crate::HAS_BEFORE_COMMIT`]), nobody knows: false.
pub fn is_privileged(server: Server) -> bool {
    let thd = current(server);
    let privileges = &server.symbols().privileges;
    // SAFETY: not null, and the session of this thread.
    !thd.is_null() && unsafe { privileges.writes_when_read_only(thd) }
}

/// Refuses the transaction that is about to be written. What the hook is to answer. None: it is
/// not refused, because it cannot be undone.
pub(crate) fn refuse(server: Server, option: &CStr) -> Option<c_int> {
    let thd = current(server);
    let symbols = server.symbols();
    // SAFETY: not null, and the session of this thread, which runs `before_commit`.
    if thd.is_null() || !unsafe { symbols.refusals.is_refusable(thd, &symbols.sessions) } {
        return None;
    }
    // The group has agreed to the transaction, or will: one member alone cannot refuse it.
    if server.replicates_in_a_group() {
        warn_of_group_replication(option);
        return None;
    }
    // SAFETY: as above; nobody else decides.
    unsafe {
        let session = (symbols.thd_get_thread_id)(thd);
        Some(symbols.refusals.refuse(session, option))
    }
}

/// Once: the operator has set something that has no effect.
#[cold]
fn warn_of_group_replication(option: &CStr) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        let option = option.to_string_lossy();
        log::plain(
            Level::Warning,
            format_args!(
                "{option} refuses no transaction while the plugin group_replication is installed: \
                 the group may have agreed to it already"
            ),
        );
    }
}

/// Whether KILL or the server's shutdown wants it to end.
pub fn is_killed(server: Server) -> bool {
    let thd = current(server);
    // SAFETY: as above.
    !thd.is_null() && unsafe { (server.symbols().thd_killed)(thd) } != 0
}

/// Whether appliers are being stopped, as far as the server shows it: a session runs a
/// statement that is one to `is_stop`, or somebody has killed an applier. No lock of
/// ours may be held.
pub fn are_appliers_stopped(server: Server, is_stop: fn(statement: &[u8]) -> bool) -> bool {
    const READ: usize = 256;
    let symbols = server.symbols();
    let mut found = false;
    let mut visit = |thd: *mut sys::THD| {
        found |= guard(Callback::VisitSession, false, || {
            let mut buffer = [0; READ];
            // SAFETY: the session lives as long as it is visited.
            let killed =
                unsafe { (symbols.thd_slave_thread)(thd) != 0 && (symbols.thd_killed)(thd) != 0 };
            // SAFETY: as above.
            killed || is_stop(unsafe { symbols.sessions.statement(thd, &mut buffer) })
        });
    };
    // SAFETY: the caller holds no lock; whoever holds the server's LOCK_thd_list waits
    // for no commit.
    unsafe { symbols.sessions.for_each(&mut visit) };
    found
}

/// The beginning of the statement that the current thread's session runs; zeros follow. Only
/// zeros where the server does not tell.
pub(crate) fn statement<const READ: usize>(server: Server) -> [u8; READ] {
    let mut buffer = [0; READ];
    let thd = current(server);
    if !thd.is_null() {
        // SAFETY: the session of this thread. The server takes its LOCK_thd_query.
        unsafe { server.symbols().sessions.statement(thd, &mut buffer) };
    }
    buffer
}

/// Warns the client, besides what its statement answers, if the server lets us. The statement
/// must not be over.
pub fn warn(server: Server, text: &str) {
    const WARNING: c_int = 1;
    let thd = current(server);
    let Ok(text) = CString::new(text) else {
        return;
    };
    if let Some(push) = server.symbols().push_warning
        && !thd.is_null()
    {
        // SAFETY: the session of this thread, which copies the text.
        unsafe { push(thd, WARNING, sys::ER_UNKNOWN_ERROR, text.as_ptr()) };
    }
}

/// Ends the connection of the session's client, so that nothing more reaches it,
/// not even the OK of the statement that is about to end. false: there is none that
/// we know (an applier, the event scheduler, the X protocol).
pub fn hang_up_client(server: Server) -> bool {
    let Some(connection) = DumpConnection::find(server) else {
        return false;
    };
    let Some(socket) = connection.socket() else {
        return false;
    };
    // Under plain TCP, TLS and Unix sockets alike lies a socket. Only the server's
    // shutdown and KILL close this connection from another thread. If one does so just
    // now, the number is free, or, at worst, another connection's, which is cut in the
    // course of the same shutdown.
    let _ = shutdown(socket, Shutdown::Both);
    true
}

/// Whether the current thread serves a session at all.
pub(crate) fn is_there(server: Server) -> bool {
    !current(server).is_null()
}

pub(crate) fn current(server: Server) -> *mut sys::THD {
    // SAFETY: hooks run in threads of the server.
    unsafe { server.symbols().connections.current_session() }
}
