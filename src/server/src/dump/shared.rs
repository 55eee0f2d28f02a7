//! One replica's connection, as its dump thread and the receiver thread share it.
//!
//! The *gate* guards it. While a thread holds the gate and it is open, the connection
//! exists, and on TLS nobody else is inside the SSL object. [`SharedConnection::close`]
//! empties the gate, so after that nobody touches the connection or its descriptor. The
//! layer closes it before the server can free it: when somebody shuts the connection down
//! (see `vio_hooks`), and when the dump ends.
//!
//! The descriptor is one of our own (`F_DUPFD_CLOEXEC`): its number is not used again
//! before we close it, whoever closes the server's. It leaves the poller before it is
//! closed, because `epoll` goes on watching a socket of which another descriptor is open.

use crate::{
    poller::Poller,
    socket::{duplicate, is_hung_up},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    sys,
};
use rustix::{
    io::Errno,
    net::{RecvFlags, recv},
};
use semisync_sys::{
    Symbols,
    compat::{VIO_SOCKET_ERROR, VIO_SOCKET_WANT_READ, VIO_SOCKET_WANT_WRITE},
};
use std::{
    ffi::c_int,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Weak},
};

/// Result of a read that does not block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// So many bytes, at least one.
    Bytes(usize),
    /// There is nothing to read just now.
    Nothing,
    /// End of stream or a broken connection.
    Closed,
}

/// One replica's connection, for any thread.
pub struct SharedConnection {
    symbols: &'static Symbols,
    gate: Mutex<Option<Open>>,
    /// The gate is empty, or about to be. For hooks that run for every event.
    closed: AtomicBool,
}

/// A connection that exists.
pub(super) struct Open {
    socket: TcpStream,
    reads: Reads,
    watched_by: Weak<Poller>,
}

/// How acknowledgements are read.
enum Reads {
    FromSocket,
    ThroughTls(Vio),
    /// Not at all: the connection can only be ended.
    Never,
}

/// The Vio of a TLS connection.
struct Vio(*mut sys::Vio);

// SAFETY: used under the gate alone, as long as the gate is open.
unsafe impl Send for Vio {}

impl SharedConnection {
    /// A connection that can be read from: once `read_tls` was called if it is TLS, else
    /// at once.
    pub(super) fn new(symbols: &'static Symbols, socket: TcpStream, is_tls: bool) -> Arc<Self> {
        let reads = if is_tls {
            Reads::Never
        } else {
            Reads::FromSocket
        };
        Self::with(symbols, Some((socket, reads)))
    }

    /// One that can only be ended; without a socket, not even that.
    pub(super) fn unreadable(symbols: &'static Symbols, socket: Option<TcpStream>) -> Arc<Self> {
        Self::with(symbols, socket.map(|socket| (socket, Reads::Never)))
    }

    fn with(symbols: &'static Symbols, open: Option<(TcpStream, Reads)>) -> Arc<Self> {
        let open = open.map(|(socket, reads)| Open {
            socket,
            reads,
            watched_by: Weak::new(),
        });
        Arc::new(Self {
            symbols,
            closed: AtomicBool::new(open.is_none()),
            gate: Mutex::new(open),
        })
    }

    /// From now on acknowledgements are read through `vio`.
    ///
    /// # Safety
    /// TLS that can be read without blocking. The gate is closed before the Vio is freed.
    pub(super) unsafe fn read_tls(&self, vio: *mut sys::Vio) {
        if let Some(open) = self.gate.lock().as_mut() {
            open.reads = Reads::ThroughTls(Vio(vio));
        }
    }

    /// One more descriptor of our own for the same socket. It is taken of ours under the gate, since
    /// the server's may be another connection's by now. None: closed, or there is none left.
    pub(super) fn duplicate(&self) -> Option<TcpStream> {
        let gate = self.gate.lock();
        duplicate(gate.as_ref()?.socket.as_fd())
    }

    /// While the answer is held, nobody else reads from the connection or closes it. None
    /// in it: the connection is closed.
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.gate.lock()
    }

    /// After this nobody touches the connection. Whether it was open. Any thread.
    pub fn close(&self) -> bool {
        self.closed.store(true, Ordering::Release);
        let Some(open) = self.gate.lock().take() else {
            return false;
        };
        open.unwatch();
        true
    }

    /// Whether nobody may touch the connection any more. No lock.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether the other end has closed a connection that is read from, or it is broken.
    pub fn is_hung_up(&self) -> bool {
        let gate = self.gate.lock();
        let read = |open: &&Open| !matches!(open.reads, Reads::Never);
        gate.as_ref()
            .filter(read)
            .is_some_and(|open| is_hung_up(&open.socket))
    }

    /// The replica's address, for the error log.
    pub fn peer(&self) -> String {
        let gate = self.gate.lock();
        let address = gate.as_ref().and_then(|open| open.socket.peer_addr().ok());
        address.map_or_else(|| "a local socket".into(), |address| address.to_string())
    }

    /// Ends the connection, so that both ends find out. What was sent still arrives.
    pub fn hang_up(&self) {
        if let Some(open) = self.gate.lock().as_ref() {
            // A connection that has ended already is no error.
            let _ = open.socket.shutdown(Shutdown::Both);
        }
    }

    /// Has `poller` tell when there is something to read, under `token`. Once for each
    /// poller; again is no error. The error is an errno.
    pub fn watch(&self, poller: &Arc<Poller>, token: u64) -> Result<(), c_int> {
        let mut gate = self.gate.lock();
        let Some(open) = gate.as_mut() else {
            return Ok(());
        };
        if !std::ptr::eq(open.watched_by.as_ptr(), Arc::as_ptr(poller)) {
            poller.add(&open.socket, token)?;
            open.watched_by = Arc::downgrade(poller);
        }
        Ok(())
    }

    /// Ends the watch, if there is one.
    pub fn unwatch(&self) {
        if let Some(open) = self.gate.lock().as_mut() {
            open.unwatch();
            open.watched_by = Weak::new();
        }
    }

    /// Reads what is there, without blocking.
    pub fn receive(&self, buffer: &mut [u8]) -> Received {
        let gate = self.gate.lock();
        let Some(open) = gate.as_ref() else {
            return Received::Nothing;
        };
        match &open.reads {
            Reads::Never => Received::Nothing,
            Reads::FromSocket => receive_plain(&open.socket, buffer),
            // SAFETY: the gate is open, so the connection lives, and it is held, so no
            // other thread is inside the SSL object.
            Reads::ThroughTls(Vio(vio)) => unsafe { receive_tls(self.symbols, *vio, buffer) },
        }
    }
}

impl Open {
    fn unwatch(&self) {
        if let Some(poller) = self.watched_by.upgrade() {
            poller.remove(&self.socket);
        }
    }
}

fn receive_plain(socket: &TcpStream, buffer: &mut [u8]) -> Received {
    match recv(socket, buffer, RecvFlags::DONTWAIT) {
        Ok((_, 0)) => Received::Closed,
        Ok((_, read)) => Received::Bytes(read),
        Err(Errno::AGAIN | Errno::INTR) => Received::Nothing,
        Err(_) => Received::Closed,
    }
}

/// # Safety
/// A live TLS connection that can be read without blocking, used by nobody else.
unsafe fn receive_tls(symbols: &Symbols, vio: *mut sys::Vio, buffer: &mut [u8]) -> Received {
    // SAFETY: the caller's promise; the buffer is as long as we say.
    match unsafe { symbols.tls.read(vio, buffer.as_mut_ptr(), buffer.len()) } {
        VIO_SOCKET_WANT_READ | VIO_SOCKET_WANT_WRITE => Received::Nothing,
        0 | VIO_SOCKET_ERROR => Received::Closed,
        read => Received::Bytes(read.min(buffer.len())),
    }
}
