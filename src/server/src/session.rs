//! The session that the current thread serves. The leader of a commit group stands
//! in for each member in turn, while it runs the hooks in the member's name.

use crate::{Server, connection};

/// Ends the connection of the session's client, so that nothing more reaches it,
/// not even the OK of the statement that is about to end. false: there is none that
/// we know (an applier, the event scheduler, the X protocol).
pub fn hang_up_client(server: Server) -> bool {
    let Some(fd) = connection::current_fd(server) else {
        return false;
    };
    // Under plain TCP, TLS and Unix sockets alike lies a socket.
    // SAFETY: takes no pointers. Only the server's shutdown and KILL close this
    // connection from another thread. If one does so just now, the number is free,
    // or, at worst, another connection's, which is cut in the course of the same
    // shutdown.
    unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
    true
}
