//! What a replica sends during a dump, read by the receiver thread without
//! blocking. See `connection` for what the dump thread may do at the same time.

use crate::{
    socket::{duplicate, is_hung_up},
    sys,
};
use semisync_sys::{
    Symbols,
    compat::{VIO_SOCKET_ERROR, VIO_SOCKET_WANT_READ, VIO_SOCKET_WANT_WRITE},
};
use std::{
    ffi::c_int,
    net::{Shutdown, TcpStream},
    os::fd::AsRawFd,
};

/// Result of a read that does not block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    Bytes(usize),
    Nothing,
    /// End of stream or a broken connection.
    Closed,
}

/// Reads what the replica sends, without blocking.
pub struct AckStream {
    symbols: &'static Symbols,
    /// A descriptor of our own for the same socket: its number is not used
    /// again before we close it, whoever closes the server's.
    socket: TcpStream,
    /// The Vio to read through on TLS, null on a plain socket.
    tls: *mut sys::Vio,
}

// SAFETY: the pointer is used under the owner's lock only (see `receive`).
unsafe impl Send for AckStream {}

impl AckStream {
    /// `tls`: the Vio to read through, null for a plain socket.
    pub(crate) fn new(symbols: &'static Symbols, fd: c_int, tls: *mut sys::Vio) -> Option<Self> {
        let socket = duplicate(fd)?;
        Some(Self {
            symbols,
            socket,
            tls,
        })
    }

    pub fn fd(&self) -> c_int {
        self.socket.as_raw_fd()
    }

    /// The replica's address, for the error log.
    pub fn peer(&self) -> String {
        self.socket
            .peer_addr()
            .map_or_else(|_| "a local socket".into(), |address| address.to_string())
    }

    /// Ends the connection, so that both ends find out.
    pub fn hang_up(&self) {
        // A connection that has ended already is no error.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Whether the other end has closed the connection, or it is broken.
    pub fn is_hung_up(&self) -> bool {
        is_hung_up(&self.socket)
    }

    /// Reads what is there. Under the lock that guards the stream's life, and
    /// on TLS serialises it with the dump thread's writes.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Received {
        if self.tls.is_null() {
            return self.receive_plain(buffer);
        }
        let tls = &self.symbols.tls;
        // SAFETY: the connection lives (the lock's owner vouches for it) and no
        // other thread is inside the SSL object.
        let read = unsafe { tls.read(self.tls, buffer.as_mut_ptr(), buffer.len()) };
        match read {
            VIO_SOCKET_WANT_READ | VIO_SOCKET_WANT_WRITE => Received::Nothing,
            0 | VIO_SOCKET_ERROR => Received::Closed,
            read => Received::Bytes(read.min(buffer.len())),
        }
    }

    fn receive_plain(&mut self, buffer: &mut [u8]) -> Received {
        // SAFETY: an open socket and a valid buffer.
        let read = unsafe {
            libc::recv(
                self.fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                libc::MSG_DONTWAIT,
            )
        };
        match usize::try_from(read) {
            Ok(0) => Received::Closed,
            Ok(read) => Received::Bytes(read),
            Err(_) => match std::io::Error::last_os_error().kind() {
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted => {
                    Received::Nothing
                }
                _ => Received::Closed,
            },
        }
    }
}
