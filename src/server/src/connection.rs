//! A dump thread's connection to its replica: packets not yet sent, packet
//! numbers, and the transport below.
//!
//! `DumpConnection` belongs to the dump thread. [`AckStream`] is the receiver
//! thread's way to the same socket. What the two may do at the same time:
//! on a plain socket anything (the kernel serialises); on TLS nothing, because
//! OpenSSL allows one thread at a time in an `SSL` object: there every read and
//! every write must be made under one lock, and neither blocks under it. (The
//! server's own plugins read and write without one.) To get at the writes, the
//! connection's `write` function is replaced for as long as the dump lasts.
//!
//! The connection may end before the dump does: KILL and the server's shutdown
//! close its descriptor from another thread, and the number may be in use again
//! at once. So its `vioshutdown` function is replaced too: whoever closes the
//! connection tells us first.

use crate::{
    Server,
    ack_stream::{AckStream, VIO_SOCKET_WANT_READ, VIO_SOCKET_WANT_WRITE},
    sys,
};
use semisync_sys::Symbols;
use std::ffi::{c_int, c_uchar};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    None,
    Zlib,
    Zstd,
}

/// The connection of the current dump thread. Not Send: only that thread.
pub struct DumpConnection {
    symbols: &'static Symbols,
    net: *mut sys::NET,
    vio: *mut sys::Vio,
    is_tls: bool,
}

/// What there is to be had of a dump thread's connection.
pub enum Current {
    Usable(DumpConnection),
    /// Somebody has just closed it.
    Ended,
    /// It cannot be shared safely: of a kind, or a layout, that we do not know.
    Unknown,
}

/// What a TLS write did without blocking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsWrite {
    /// The result for the caller of `write`: bytes written, or an error.
    Done(usize),
    /// Wait until the socket is readable, then write the same bytes again.
    WantRead,
    /// Wait until the socket is writable, then write the same bytes again.
    WantWrite,
}

/// The server's result for a failed write.
pub const WRITE_FAILED: usize = usize::MAX;

impl DumpConnection {
    /// The connection that the current thread serves.
    pub fn current(server: Server) -> Current {
        let Some(connection) = Self::find(server) else {
            return Current::Unknown;
        };
        if connection.is_shut_down() {
            return Current::Ended;
        }
        // The layout of Vio is this series' if its functions are those that
        // belong to the transport; nothing is written otherwise. A blocking
        // socket under TLS would block in `write` with our lock held.
        let known = connection.has_own_functions();
        if known && (!connection.is_tls || connection.socket_is_nonblocking()) {
            Current::Usable(connection)
        } else {
            Current::Unknown
        }
    }

    fn find(server: Server) -> Option<Self> {
        let symbols = server.symbols();
        // SAFETY: called in a dump thread, which has a THD with a classic
        // protocol; each answer is checked before the next call.
        let net = unsafe {
            let thd = (symbols.thd_get_current_thd)();
            if thd.is_null() {
                return None;
            }
            let protocol = (symbols.thd_get_protocol_classic)(thd);
            if protocol.is_null() {
                return None;
            }
            (symbols.protocol_classic_get_net)(protocol)
        };
        if net.is_null() {
            return None;
        }
        // SAFETY: the NET of a live session; this thread owns it.
        let vio = unsafe { (*net).vio };
        if vio.is_null() {
            return None;
        }
        // SAFETY: the session's Vio.
        let kind = unsafe { (symbols.vio_type)(vio) };
        let is_tls = match kind {
            sys::VIO_TYPE_TCPIP | sys::VIO_TYPE_SOCKET => false,
            sys::VIO_TYPE_SSL => true,
            _ => return None,
        };
        Some(Self {
            symbols,
            net,
            vio,
            is_tls,
        })
    }

    fn has_own_functions(&self) -> bool {
        let (write, shutdown) = own_functions(self.symbols, self.is_tls);
        let symbols = self.symbols;
        // SAFETY: the session's Vio; all of these lie within the server's
        // structure, whatever the layout.
        let vio = unsafe { &*self.vio };
        vio.write.map(|f| f as usize) == Some(write as usize)
            && vio.vioshutdown.map(|f| f as usize) == Some(shutdown as usize)
            && vio.is_blocking.map(|f| f as usize) == Some(symbols.vio_is_blocking as usize)
            && vio.set_blocking_flag.map(|f| f as usize)
                == Some(symbols.vio_set_blocking_flag as usize)
    }

    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    pub fn fd(&self) -> c_int {
        // SAFETY: the session's Vio.
        unsafe { (self.symbols.vio_fd)(self.vio) }
    }

    /// Whether somebody (KILL) has closed the connection.
    pub fn is_shut_down(&self) -> bool {
        self.fd() < 0
    }

    fn socket_is_nonblocking(&self) -> bool {
        // SAFETY: reads the flags of an open descriptor.
        let flags = unsafe { libc::fcntl(self.fd(), libc::F_GETFL) };
        flags >= 0 && flags & libc::O_NONBLOCK != 0
    }

    pub fn compression(&self) -> Compression {
        // SAFETY: this thread owns the NET; extension is a NET_SERVER here.
        unsafe {
            if !(*self.net).compress {
                return Compression::None;
            }
            let extension = (*self.net).extension.cast::<sys::NET_SERVER>();
            if !extension.is_null() && (*extension).compress_ctx_algorithm == sys::MYSQL_ZSTD {
                Compression::Zstd
            } else {
                Compression::Zlib
            }
        }
    }

    // ---- packets ----

    /// Number of the next packet; unchanged between two calls: none was written.
    pub fn packet_number(&self) -> u32 {
        // SAFETY: this thread owns the NET.
        unsafe { (*self.net).pkt_nr }
    }

    /// After a packet that asks for an acknowledgement the replica counts from
    /// 1 again (it cleared its numbers to send the acknowledgement).
    pub fn restart_packet_numbers(&self) {
        // SAFETY: this thread owns the NET.
        unsafe {
            (*self.net).pkt_nr = 1;
            (*self.net).compress_pkt_nr = 0;
        }
    }

    /// Sends what is buffered. false: the connection failed.
    pub fn flush(&self) -> bool {
        // SAFETY: this thread owns the NET and is not inside a write.
        unsafe { !(self.symbols.net_flush)(self.net) }
    }

    /// Where in the buffer the next packet will begin.
    pub fn buffered(&self) -> usize {
        // SAFETY: both point into the NET's buffer, write_pos not before buff.
        unsafe { (*self.net).write_pos.offset_from_unsigned((*self.net).buff) }
    }

    /// Bytes that fit behind what is buffered.
    pub fn room(&self) -> usize {
        // SAFETY: as in `buffered`; write_pos not behind buff_end.
        unsafe {
            (*self.net)
                .buff_end
                .offset_from_unsigned((*self.net).write_pos)
        }
    }

    /// Shows `look` the payload of the packet that begins at `start` in the
    /// buffer, if it lies there whole. `look` must not write packets.
    pub fn with_buffered_packet<R>(
        &self,
        start: usize,
        look: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R> {
        const PACKET_HEADER: usize = 4;
        let end = self.buffered();
        if end < start.checked_add(PACKET_HEADER)? {
            return None;
        }
        // SAFETY: [buff, write_pos) is initialised and this thread's own; only
        // `look` sees it, and only as long as it runs.
        let buffer = unsafe { std::slice::from_raw_parts_mut((*self.net).buff, end) };
        let (header, rest) = buffer
            .get_mut(start..)?
            .split_at_mut_checked(PACKET_HEADER)?;
        let [low, middle, high, _number] = *header else {
            return None;
        };
        let length = u32::from_le_bytes([low, middle, high, 0]);
        rest.get_mut(..usize::try_from(length).ok()?).map(look)
    }

    // ---- transport ----

    /// Puts `write` and `shutdown` between the server and the transport, until
    /// `restore`. `write` must end in `write_plain` or `try_write_tls`,
    /// `shutdown` in [`shut_down`]; any thread may call the latter.
    pub fn interpose(&self, write: WriteHook, shutdown: ShutdownHook) {
        self.set_functions(write, shutdown);
    }

    pub fn restore(&self) {
        let (write, shutdown) = own_functions(self.symbols, self.is_tls);
        self.set_functions(write, shutdown);
    }

    fn set_functions(&self, write: WriteHook, shutdown: ShutdownHook) {
        // SAFETY: `current` made sure that these are the right fields. Only
        // this thread writes them; a thread that closes the connection reads
        // an aligned pointer, the one or the other.
        unsafe {
            (*self.vio).write = Some(write);
            (*self.vio).vioshutdown = Some(shutdown);
        }
    }

    /// By this a shutdown hook knows the connection.
    pub fn id(&self) -> ConnectionId {
        ConnectionId::of(self.vio)
    }

    /// The transport's own write on a plain socket: blocks up to the write timeout.
    ///
    /// # Safety
    /// `buf` holds `size` bytes.
    pub unsafe fn write_plain(&self, buf: *const c_uchar, size: usize) -> usize {
        // SAFETY: the session's Vio, this thread; the bytes by the caller's promise.
        unsafe { (self.symbols.vio_write)(self.vio, buf, size) }
    }

    /// One TLS write that does not block. Under the lock that serialises it
    /// with [`AckStream::receive`].
    ///
    /// # Safety
    /// `buf` holds `size` bytes; TLS connection.
    pub unsafe fn try_write_tls(&self, buf: *const c_uchar, size: usize) -> TlsWrite {
        // SAFETY: as above; with the blocking flag off the call never waits.
        let written = unsafe {
            (*self.vio).is_blocking_flag = false;
            let written = (self.symbols.vio_ssl_write)(self.vio, buf, size);
            (*self.vio).is_blocking_flag = true;
            written
        };
        match written {
            VIO_SOCKET_WANT_READ => TlsWrite::WantRead,
            VIO_SOCKET_WANT_WRITE => TlsWrite::WantWrite,
            written => TlsWrite::Done(written),
        }
    }

    /// Waits, without any lock of ours, for what a TLS write wants. false: the
    /// connection's write timeout passed, or the session was shut down; errno
    /// tells the server which.
    pub fn wait_for(&self, wanted: TlsWrite) -> bool {
        let event = match wanted {
            TlsWrite::Done(_) => return true,
            TlsWrite::WantRead => sys::VIO_IO_EVENT_READ,
            TlsWrite::WantWrite => sys::VIO_IO_EVENT_WRITE,
        };
        // SAFETY: the session's Vio, this thread.
        unsafe { (self.symbols.vio_io_wait)(self.vio, event, (*self.vio).write_timeout) == 1 }
    }

    /// The receiver thread's end of the connection. None: the connection was
    /// closed, or there is no descriptor left.
    ///
    /// # Safety
    /// The stream must not be used once the connection was shut down (see
    /// `interpose`) or `transmit_stop` has returned: the server frees it then.
    pub unsafe fn ack_stream(&self) -> Option<AckStream> {
        let tls = if self.is_tls {
            self.vio
        } else {
            std::ptr::null_mut()
        };
        AckStream::new(self.symbols, self.fd(), tls).filter(|_| !self.is_shut_down())
    }
}

/// A connection as long as it lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionId(usize);

impl ConnectionId {
    pub fn of(vio: *mut sys::Vio) -> Self {
        Self(vio.addr())
    }
}

/// What the server does itself to end a connection: shuts it down and closes
/// the descriptor.
///
/// # Safety
/// `vio` is the argument of a shutdown hook.
pub unsafe fn shut_down(server: Server, vio: *mut sys::Vio) -> c_int {
    let symbols = server.symbols();
    // SAFETY: a live Vio.
    let is_tls = unsafe { (symbols.vio_type)(vio) } == sys::VIO_TYPE_SSL;
    let (_, shutdown) = own_functions(symbols, is_tls);
    // SAFETY: the function of its transport.
    unsafe { shutdown(vio) }
}

/// What the server does itself to write to a connection.
///
/// # Safety
/// The arguments are those of a write hook, in the connection's own thread.
pub unsafe fn write(server: Server, vio: *mut sys::Vio, buf: *const c_uchar, size: usize) -> usize {
    let symbols = server.symbols();
    // SAFETY: a live Vio.
    let is_tls = unsafe { (symbols.vio_type)(vio) } == sys::VIO_TYPE_SSL;
    let (write, _) = own_functions(symbols, is_tls);
    // SAFETY: the function of its transport, with the caller's arguments.
    unsafe { write(vio, buf, size) }
}

fn own_functions(symbols: &Symbols, is_tls: bool) -> (WriteHook, ShutdownHook) {
    if is_tls {
        (symbols.vio_ssl_write, symbols.vio_ssl_shutdown)
    } else {
        (symbols.vio_write, symbols.vio_shutdown)
    }
}

pub type ShutdownHook = unsafe extern "C" fn(*mut sys::Vio) -> c_int;
pub type WriteHook = unsafe extern "C" fn(*mut sys::Vio, *const c_uchar, usize) -> usize;
