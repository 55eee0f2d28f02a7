//! A dump thread's connection to its replica: packets not yet sent, packet numbers, and
//! the transport below.
//!
//! A `DumpConnection` belongs to the layer and to its dump thread; a dump borrows it for
//! the length of a hook. [`SharedConnection`] is the receiver thread's way to the same
//! socket. On a plain socket the two may do anything at the same time, because the kernel
//! serialises. On TLS they may do nothing at the same time, because OpenSSL allows one
//! thread at a time in an `SSL` object: every read and every write takes the gate, and
//! neither blocks under it. (Stock reads and writes without a lock.) To get at the writes,
//! the connection's `write` function is replaced for as long as the dump lasts.
//!
//! The connection may end before the dump does: KILL and the server's shutdown close its
//! descriptor from another thread, and the number may be in use again at once. So its
//! `vioshutdown` function is replaced too: whoever closes the connection tells us first.

use super::{
    shared::SharedConnection,
    vio_hooks::{
        self, ConnectionObserver, Observed, ShutdownHook, Slots, WriteHook, own_functions,
    },
};
use crate::{
    server::Server,
    socket::{Corked, duplicate, is_nonblocking},
    sys,
};
use semisync_sys::{
    Symbols,
    compat::{TlsWant, VIO_SOCKET_WANT_READ, VIO_SOCKET_WANT_WRITE, is_zstd},
};
use std::{
    cell::{Cell, OnceCell},
    ffi::{c_uchar, c_ulong},
    mem::offset_of,
    net::TcpStream,
    os::fd::BorrowedFd,
    sync::Arc,
};

/// How the packets of a connection are compressed.
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
    shared: OnceCell<Arc<SharedConnection>>,
    /// This thread's own descriptor of a TLS connection, which others may close. To cork.
    own_socket: OnceCell<TcpStream>,
    /// While the functions of the Vio are ours.
    observed: OnceCell<Arc<Observed>>,
    /// The server is inside a write, so nothing may be sent.
    writing: Cell<bool>,
    /// A packet in the buffer is being looked at, so nothing may touch the buffer.
    looking: Cell<bool>,
}

/// What there is to be had of a dump thread's connection.
pub enum Offer {
    /// It can be shared with the receiver thread.
    Usable(DumpConnection),
    /// Somebody has just closed it.
    Ended,
    /// It cannot be shared safely, and why. It can still be ended.
    Unusable(&'static str, Arc<SharedConnection>),
}

/// What a TLS write did without blocking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TlsWrite {
    /// The result for the caller of `write`: bytes written, or an error.
    Done(usize),
    /// Wait until the socket is ready for it, then write the same bytes again.
    Want(TlsWant),
}

/// How many bytes a dump collects before it writes them, in place of the server's 16 KiB
/// (`net_buffer_length`). A replica that lags, or a long transaction, is sent the log in fewer
/// system calls, each of which wakes the replica. What ends the log, or asks for an
/// acknowledgement, is sent at once all the same.
const SEND_BUFFER: usize = 64 * 1024;

/// The server's result for a failed write.
pub(super) const WRITE_FAILED: usize = usize::MAX;

impl DumpConnection {
    /// The connection of the session that the current thread serves.
    pub(crate) fn offer(server: Server) -> Offer {
        let symbols = server.symbols();
        let Some(connection) = Self::find(server) else {
            return Offer::Unusable(
                "it is of a kind, or a layout, that this library does not know",
                SharedConnection::unreadable(symbols, None),
            );
        };
        let Some(socket) = connection.socket() else {
            return Offer::Ended;
        };
        if !connection.is_tls || connection.is_tls_usable(socket) {
            return Offer::Usable(connection);
        }
        Offer::Unusable(
            "it is encrypted, and this server cannot read TLS without waiting for more",
            SharedConnection::unreadable(symbols, duplicate(socket)),
        )
    }

    /// None: no session, or a transport that we do not know. Nothing is written.
    pub(crate) fn find(server: Server) -> Option<Self> {
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
        let (is_tls, slots) = unsafe { Slots::find(symbols, vio) }?;
        Some(Self {
            symbols,
            net,
            vio,
            is_tls,
            slots,
            shared: OnceCell::new(),
            own_socket: OnceCell::new(),
            observed: OnceCell::new(),
            writing: Cell::new(false),
            looking: Cell::new(false),
        })
    }

    /// Whether nothing that is done on this TLS connection blocks. A blocking
    /// socket would block in `write` with our lock held.
    fn is_tls_usable(&self, socket: BorrowedFd<'_>) -> bool {
        let declared = self.vio.addr() + offset_of!(sys::Vio, write);
        // SAFETY: the session's Vio; what comes before its functions is where the
        // declarations have it if the functions are.
        self.slots.write.addr() == declared
            && unsafe { self.symbols.tls.is_usable(self.vio) }
            && is_nonblocking(socket)
    }

    /// The server's descriptor. None: somebody (KILL) has closed the connection.
    pub(crate) fn socket(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: the session's Vio.
        let fd = unsafe { (self.symbols.vio_fd)(self.vio) };
        // SAFETY: the connection's own descriptor. If another thread closes it just now,
        // the number is used for one call of the system at most.
        (fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(fd) })
    }

    /// Whether somebody (KILL) has closed the connection.
    pub fn is_shut_down(&self) -> bool {
        self.socket().is_none()
    }

    /// How its packets are compressed.
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

    /// Sends what is buffered. false: the connection failed, or this is not the moment
    /// (inside a write, or while a packet is looked at).
    pub fn flush(&self) -> bool {
        if self.writing.get() || self.looking.get() {
            return false;
        }
        // SAFETY: this thread owns the NET, is not inside a write and has no packet of it.
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
    /// buffer, if it lies there whole. Meanwhile nothing can be sent or looked at.
    pub fn with_buffered_packet<R>(
        &self,
        start: usize,
        look: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R> {
        const PACKET_HEADER: usize = 4;
        let _looking = Busy::enter(&self.looking)?;
        let end = self.buffered();
        if end < start.checked_add(PACKET_HEADER)? {
            return None;
        }
        // SAFETY: [buff, write_pos) is initialised and this thread's own; only
        // `look` sees it, as long as it runs, and `looking` keeps others from it.
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

    /// Makes room for [`SEND_BUFFER`], where the server lets us and packets are not compressed.
    /// When the dump begins: nothing may lie in the buffer.
    pub(super) fn enlarge_buffer(&self) {
        let Some(net_realloc) = self.symbols.net_realloc else {
            return;
        };
        let wanted = SEND_BUFFER as c_ulong;
        // SAFETY: this thread owns the NET.
        let (size, limit) = unsafe { ((*self.net).max_packet, (*self.net).max_packet_size) };
        let is_idle = self.buffered() == 0 && !self.writing.get() && !self.looking.get();
        let fits = size < wanted && wanted < limit;
        if is_idle && fits && self.compression() == Compression::None {
            // SAFETY: this thread owns the NET, nothing is in its buffer, and nobody else has a
            // pointer there: what the server still needs of the request, it has copied
            // (`com_binlog_dump`). Without memory the dump ends by the error in the NET.
            unsafe { net_realloc(self.net, SEND_BUFFER) };
        }
    }

    // ---- transport ----

    /// The connection for other threads. None: it was closed, or there is no descriptor
    /// left.
    pub fn share(&self) -> Option<Arc<SharedConnection>> {
        if let Some(shared) = self.shared.get() {
            return Some(Arc::clone(shared));
        }
        let socket = duplicate(self.socket()?)?;
        let shared = SharedConnection::new(self.symbols, socket, self.is_tls);
        // Closed meanwhile: the number may have been another connection's already.
        (!self.is_shut_down()).then(|| Arc::clone(self.shared.get_or_init(|| shared)))
    }

    /// Puts `write` and our function to shut down in place of the server's, and has
    /// `observer` be told of the latter. Until `drop`. `write`: for plain and for TLS.
    pub(super) fn interpose(&self, write: [WriteHook; 2], observer: Arc<dyn ConnectionObserver>) {
        let Some(shared) = self.shared.get() else {
            return;
        };
        let observed = vio_hooks::observe(self.vio, Arc::clone(shared), observer);
        if let Err(second) = self.observed.set(observed) {
            vio_hooks::forget(&second);
            return;
        }
        let [plain, tls] = write;
        if self.is_tls {
            self.set_functions(tls, vio_hooks::shutdown::<true>);
            // SAFETY: TLS is usable, or nobody would have got this connection. Whoever
            // shuts it down closes the gate first, and so does `drop`.
            unsafe { shared.read_tls(self.vio) };
            if let Some(socket) = shared.duplicate() {
                let _ = self.own_socket.set(socket);
            }
        } else {
            self.set_functions(plain, vio_hooks::shutdown::<false>);
        }
    }

    /// Whether other threads may use it too.
    pub(super) fn is_shared(&self) -> bool {
        self.shared.get().is_some()
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

    /// Whether the connection was closed, so that it may be freed by now.
    pub(super) fn is_closed(&self) -> bool {
        self.shared.get().is_some_and(|shared| shared.is_closed())
    }

    /// The server has begun to write, until the answer is dropped. None: it is inside a write
    /// already.
    pub(super) fn enter_write(&self) -> Option<Busy<'_>> {
        Busy::enter(&self.writing)
    }

    /// What the server's own `write` would do, serialised with the receiver on TLS.
    ///
    /// Bytes that leave wake the replica, for which the kernel may take this thread's processor
    /// at once if the replica runs on the same machine. That must not happen under the gate, where
    /// whoever reads acknowledgements would wait until this thread runs again. So the socket is
    /// corked until the gate is left.
    ///
    /// # Safety
    /// `bytes` holds `size` bytes.
    pub(super) unsafe fn write(&self, bytes: *const c_uchar, size: usize) -> usize {
        if !self.is_tls {
            // Hooks pass over a dump whose connection is closed, so what is written then may lack
            // its header, for which a replica would stop. Until the descriptor is closed, too, a
            // write would still reach the replica.
            if self.is_closed() {
                return WRITE_FAILED;
            }
            // SAFETY: the session's Vio, this thread; the bytes by the caller's promise.
            return unsafe { (self.symbols.vio_write)(self.vio, bytes, size) };
        }
        loop {
            let result = {
                let _sent_after_the_gate = self.own_socket.get().map(Corked::new);
                let Some(shared) = self.shared.get() else {
                    return WRITE_FAILED;
                };
                let gate = shared.lock();
                if gate.is_none() {
                    return WRITE_FAILED; // shut down, and its descriptor may be another's
                }
                // SAFETY: the caller's promise; under the gate.
                unsafe { self.try_write_tls(bytes, size) }
            };
            match result {
                TlsWrite::Done(written) => return written,
                TlsWrite::Want(want) if self.wait_for(want) => {}
                TlsWrite::Want(_) => return WRITE_FAILED,
            }
        }
    }

    /// One TLS write that does not block, under the gate.
    ///
    /// # Safety
    /// `bytes` holds `size` bytes; TLS connection.
    unsafe fn try_write_tls(&self, bytes: *const c_uchar, size: usize) -> TlsWrite {
        // SAFETY: as above; TLS is usable on this connection, or nobody would ask.
        match unsafe { self.symbols.tls.write(self.vio, bytes, size) } {
            VIO_SOCKET_WANT_READ => TlsWrite::Want(TlsWant::Read),
            VIO_SOCKET_WANT_WRITE => TlsWrite::Want(TlsWant::Write),
            written => TlsWrite::Done(written),
        }
    }

    /// Waits, without any lock of ours, for what a TLS write wants. false: the
    /// connection's write timeout passed, or the session was shut down; errno
    /// tells the server which.
    fn wait_for(&self, want: TlsWant) -> bool {
        // SAFETY: the session's Vio, this thread.
        unsafe { self.symbols.tls.wait(self.vio, want) }
    }
}

/// As long as it lives, something is going on.
pub(super) struct Busy<'c>(&'c Cell<bool>);

impl<'c> Busy<'c> {
    fn enter(busy: &'c Cell<bool>) -> Option<Self> {
        (!busy.replace(true)).then_some(Self(busy))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Drop for DumpConnection {
    /// The end of the dump: nobody else touches the connection any more, and its functions
    /// are the server's own again.
    fn drop(&mut self) {
        let was_open = self.shared.get().is_some_and(|shared| shared.close());
        if let Some(observed) = self.observed.get() {
            vio_hooks::forget(observed);
            // One that was closed before may be freed by now.
            if was_open {
                let (write, shutdown) = own_functions(self.symbols, self.is_tls);
                self.set_functions(write, shutdown);
            }
        }
    }
}
