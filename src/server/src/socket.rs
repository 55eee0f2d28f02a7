//! A descriptor of our own for a socket of the server's, and what the kernel tells of
//! one. Nothing in here waits.

use crate::failpoint;
use std::{
    ffi::{c_int, c_short},
    net::TcpStream,
    os::fd::{AsRawFd, FromRawFd},
};

/// A descriptor of our own for the same socket.
pub(crate) fn duplicate(fd: c_int) -> Option<TcpStream> {
    if failpoint::fails("duplicate") {
        return None;
    }
    // SAFETY: no pointers; the result is checked.
    let ours = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
    // SAFETY: just made, and nobody else's.
    (ours >= 0).then(|| unsafe { TcpStream::from_raw_fd(ours) })
}

/// Whether the connection has ended: closed by either end, or broken.
pub fn is_hung_up(socket: &TcpStream) -> bool {
    let gone = libc::POLLRDHUP | libc::POLLHUP | libc::POLLERR | libc::POLLNVAL;
    poll(socket.as_raw_fd(), libc::POLLRDHUP) & gone != 0
}

/// Whether a write does not wait: a third of the send buffer is free; or the
/// connection is broken or closed, which the write will find.
pub(crate) fn takes_bytes(fd: c_int) -> bool {
    fd < 0 || poll(fd, libc::POLLOUT) != 0
}

/// What of `events`, or of what is always told, holds now.
fn poll(fd: c_int, events: c_short) -> c_short {
    let mut poll = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one descriptor, no waiting.
    unsafe { libc::poll(&mut poll, 1, 0) };
    poll.revents
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn a_connection_is_hung_up_when_either_end_has_closed_it() {
        let (ours, theirs) = connection();
        let kept = duplicate(ours.as_raw_fd()).unwrap();
        assert!(!is_hung_up(&kept));
        drop(theirs);
        while !is_hung_up(&kept) {
            std::thread::yield_now();
        }
        let (ours, _theirs) = connection();
        let kept = duplicate(ours.as_raw_fd()).unwrap();
        ours.shutdown(std::net::Shutdown::Both).unwrap();
        assert!(is_hung_up(&kept));
    }

    #[test]
    fn a_full_socket_takes_no_bytes() {
        let (mut ours, _theirs) = connection();
        assert!(takes_bytes(ours.as_raw_fd()) && takes_bytes(-1));
        ours.set_nonblocking(true).unwrap();
        let full = std::iter::repeat_with(|| ours.write(&[0; 4096])).find_map(Result::err);
        assert_eq!(full.unwrap().kind(), ErrorKind::WouldBlock);
        assert!(!takes_bytes(ours.as_raw_fd()));
    }
}
