//! A descriptor of our own for a socket of the server's, and what the kernel tells of
//! one. Nothing in here waits.

use crate::failpoint;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_getfl},
    io::{Errno, fcntl_dupfd_cloexec, retry_on_intr},
    net::{SendFlags, send, sockopt::set_tcp_cork},
};
use std::{
    net::TcpStream,
    os::fd::{AsFd, BorrowedFd},
};

/// A descriptor of our own for the same socket. None: there is none left.
pub(crate) fn duplicate(socket: BorrowedFd<'_>) -> Option<TcpStream> {
    if failpoint::fails("duplicate") {
        return None;
    }
    fcntl_dupfd_cloexec(socket, 0).ok().map(TcpStream::from)
}

/// Whether the connection has ended: closed by either end, or broken.
pub fn is_hung_up(socket: &TcpStream) -> bool {
    let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    holds(socket.as_fd(), PollFlags::RDHUP).intersects(gone)
}

/// Whether a write does not wait: a third of the send buffer is free; or the
/// connection is broken or closed, which the write will find.
pub(crate) fn takes_bytes(socket: BorrowedFd<'_>) -> bool {
    !holds(socket, PollFlags::OUT).is_empty()
}

/// Why no byte went out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotSent {
    /// The send buffer is full.
    Full,
    /// The connection is broken.
    Failed,
}

/// Writes what of `bytes` can be written at once, by one call of the system that never waits. How
/// many that were. Where the send buffer becomes full, they may be fewer than all.
pub(crate) fn send_at_once(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, NotSent> {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    retry_on_intr(|| send(socket, bytes, flags)).map_err(|error| match error {
        Errno::AGAIN => NotSent::Full,
        _ => NotSent::Failed,
    })
}

/// As long as it lives, the kernel keeps what is written to a TCP socket, but for full segments.
pub(crate) struct Corked<'s>(&'s TcpStream);

impl<'s> Corked<'s> {
    /// A socket of another kind does without.
    pub(crate) fn new(socket: &'s TcpStream) -> Self {
        let _ = set_tcp_cork(socket, true);
        Self(socket)
    }
}

impl Drop for Corked<'_> {
    fn drop(&mut self) {
        let _ = set_tcp_cork(self.0, false);
    }
}

/// Whether reads and writes of the socket never wait.
pub(crate) fn is_nonblocking(socket: BorrowedFd<'_>) -> bool {
    fcntl_getfl(socket).is_ok_and(|flags| flags.contains(OFlags::NONBLOCK))
}

/// What of `events`, or of what is always told, holds now.
fn holds(socket: BorrowedFd<'_>, events: PollFlags) -> PollFlags {
    let mut polled = [PollFd::from_borrowed_fd(socket, events)];
    // A failure tells nothing of the socket.
    let _ = poll(&mut polled, Some(&Timespec::default()));
    let [polled] = polled;
    polled.revents()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::sockopt::tcp_cork;
    use std::{
        io::{ErrorKind, Write},
        net::TcpListener,
    };

    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (ours, listener.accept().unwrap().0)
    }

    #[test]
    fn a_socket_is_corked_for_a_while_alone() {
        let (ours, _theirs) = connection();
        let is_corked = || tcp_cork(&ours).unwrap();
        let corked = Corked::new(&ours);
        assert!(is_corked());
        drop(corked);
        assert!(!is_corked());
    }

    #[test]
    fn a_connection_is_hung_up_when_either_end_has_closed_it() {
        let (ours, theirs) = connection();
        let kept = duplicate(ours.as_fd()).unwrap();
        assert!(!is_hung_up(&kept));
        drop(theirs);
        while !is_hung_up(&kept) {
            std::thread::yield_now();
        }
        let (ours, _theirs) = connection();
        let kept = duplicate(ours.as_fd()).unwrap();
        ours.shutdown(std::net::Shutdown::Both).unwrap();
        assert!(is_hung_up(&kept));
    }

    #[test]
    fn bytes_go_out_at_once_or_it_is_told_why_not() {
        let (ours, theirs) = connection();
        assert_eq!(send_at_once(ours.as_fd(), b"all"), Ok(3));
        let much = vec![0; 64 << 20];
        assert!(send_at_once(ours.as_fd(), &much).unwrap() < much.len());
        // Some of it may reach the other end yet, and make room.
        let full = std::iter::repeat_with(|| send_at_once(ours.as_fd(), &much));
        assert_eq!(full.take(1000).find_map(Result::err), Some(NotSent::Full));
        drop(theirs);
        while send_at_once(ours.as_fd(), b"more") != Err(NotSent::Failed) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_full_socket_takes_no_bytes() {
        let (mut ours, _theirs) = connection();
        assert!(takes_bytes(ours.as_fd()));
        ours.set_nonblocking(true).unwrap();
        let full = std::iter::repeat_with(|| ours.write(&[0; 4096])).find_map(Result::err);
        assert_eq!(full.unwrap().kind(), ErrorKind::WouldBlock);
        assert!(!takes_bytes(ours.as_fd()));
    }
}
