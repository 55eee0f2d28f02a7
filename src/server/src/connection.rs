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

use crate::{Server, ack_stream::AckStream, socket::duplicate, sys};
use semisync_sys::{
    Symbols,
    compat::{TlsWant, VIO_SOCKET_WANT_READ, VIO_SOCKET_WANT_WRITE, is_zstd},
};
use std::{
    ffi::{c_int, c_uchar},
    mem::offset_of,
    net::TcpStream,
};

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
    slots: Slots,
}

/// Where in the session's Vio two of its functions are kept.
#[derive(Clone, Copy)]
struct Slots {
    write: *mut Option<WriteHook>,
    shutdown: *mut Option<ShutdownHook>,
}

/// What there is to be had of a dump thread's connection.
pub enum Current {
    Usable(DumpConnection),
    /// Somebody has just closed it.
    Ended,
    /// It cannot be shared safely, and why. The socket, if it is known: to end the
    /// connection by, nothing else.
    Unusable(&'static str, Option<TcpStream>),
}

/// What a TLS write did without blocking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsWrite {
    /// The result for the caller of `write`: bytes written, or an error.
    Done(usize),
    /// Wait until the socket is ready for it, then write the same bytes again.
    Want(TlsWant),
}

/// The server's result for a failed write.
pub const WRITE_FAILED: usize = usize::MAX;

/// The descriptor of the connection that the current thread serves. None: no
/// client, or a transport that we do not know.
pub(crate) fn current_fd(server: Server) -> Option<c_int> {
    let fd = DumpConnection::find(server)?.fd();
    (fd >= 0).then_some(fd)
}

impl DumpConnection {
    /// The connection that the current thread serves.
    pub fn current(server: Server) -> Current {
        let Some(connection) = Self::find(server) else {
            return Current::Unusable(
                "it is of a kind, or a layout, that this library does not know",
                None,
            );
        };
        if connection.is_shut_down() {
            return Current::Ended;
        }
        if !connection.is_tls || connection.is_tls_usable() {
            Current::Usable(connection)
        } else {
            Current::Unusable(
                "it is encrypted, and this server cannot read TLS without waiting for more",
                duplicate(connection.fd()),
            )
        }
    }

    /// None: no session, or a transport that we do not know. Nothing is written.
    fn find(server: Server) -> Option<Self> {
        let symbols = server.symbols();
        // SAFETY: called in a dump thread, which serves a client.
        let net = unsafe { symbols.connections.current_net() };
        if net.is_null() {
            return None;
        }
        // SAFETY: the NET of a live session; this thread owns it.
        let vio = unsafe { (*net).vio };
        if vio.is_null() {
            return None;
        }
        // SAFETY: the session's Vio.
        let (is_tls, slots) = unsafe { find_slots(symbols, vio) }?;
        Some(Self {
            symbols,
            net,
            vio,
            is_tls,
            slots,
        })
    }

    /// Whether nothing that is done on this TLS connection blocks. A blocking
    /// socket would block in `write` with our lock held.
    fn is_tls_usable(&self) -> bool {
        let declared = self.vio.addr() + offset_of!(sys::Vio, write);
        // SAFETY: the session's Vio; what comes before its functions is where the
        // declarations have it if the functions are.
        self.slots.write.addr() == declared
            && unsafe { self.symbols.tls.is_usable(self.vio) }
            && self.socket_is_nonblocking()
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
        // SAFETY: this thread owns the NET.
        unsafe {
            if !(*self.net).compress {
                Compression::None
            } else if is_zstd(self.net) {
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
        // SAFETY: `find` made sure that these are the right places. Only this
        // thread writes them; a thread that closes the connection reads an
        // aligned pointer, the one or the other.
        unsafe {
            self.slots.write.write(Some(write));
            self.slots.shutdown.write(Some(shutdown));
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
        // SAFETY: as above; TLS is usable on this connection, or nobody would ask.
        match unsafe { self.symbols.tls.write(self.vio, buf, size) } {
            VIO_SOCKET_WANT_READ => TlsWrite::Want(TlsWant::Read),
            VIO_SOCKET_WANT_WRITE => TlsWrite::Want(TlsWant::Write),
            written => TlsWrite::Done(written),
        }
    }

    /// Waits, without any lock of ours, for what a TLS write wants. false: the
    /// connection's write timeout passed, or the session was shut down; errno
    /// tells the server which.
    pub fn wait_for(&self, want: TlsWant) -> bool {
        // SAFETY: the session's Vio, this thread.
        unsafe { self.symbols.tls.wait(self.vio, want) }
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
pub unsafe fn shut_down(server: Server, is_tls: bool, vio: *mut sys::Vio) -> c_int {
    let (_, shutdown) = own_functions(server.symbols(), is_tls);
    // SAFETY: the function of its transport.
    unsafe { shutdown(vio) }
}

/// What the server does itself to write to a connection.
///
/// # Safety
/// The arguments are those of a write hook, in the connection's own thread.
pub unsafe fn write(
    server: Server,
    is_tls: bool,
    vio: *mut sys::Vio,
    buf: *const c_uchar,
    size: usize,
) -> usize {
    let (write, _) = own_functions(server.symbols(), is_tls);
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

/// Where a Vio keeps the two functions, and whether it is one of TLS. The layout
/// differs between releases of one series, so the functions are searched for by
/// the addresses of the server's own. None: it has others.
///
/// # Safety
/// A live Vio. It is read up to the functions, or up to the declared size.
unsafe fn find_slots(symbols: &Symbols, vio: *mut sys::Vio) -> Option<(bool, Slots)> {
    let words = size_of::<sys::Vio>() / size_of::<usize>();
    let mut slots = (0..words).map(|word| vio.cast::<usize>().wrapping_add(word));
    // SAFETY: within the Vio by the caller's promise.
    let read = |slot: &*mut usize| unsafe { slot.read() };
    let [plain, tls] = [false, true].map(|is_tls| own_functions(symbols, is_tls));
    let write = slots.find(|slot| [plain.0 as usize, tls.0 as usize].contains(&read(slot)))?;
    let is_tls = read(&write) == tls.0 as usize;
    let (_, shutdown) = if is_tls { tls } else { plain };
    let found = Slots {
        write: write.cast(),
        shutdown: slots.find(|slot| read(slot) == shutdown as usize)?.cast(),
    };
    Some((is_tls, found))
}

pub type ShutdownHook = unsafe extern "C" fn(*mut sys::Vio) -> c_int;
pub type WriteHook = unsafe extern "C" fn(*mut sys::Vio, *const c_uchar, usize) -> usize;
