//! A receiver thread's connection to its source: queries before the dump, and
//! acknowledgements during it. Belongs to the receiver thread of its channel.

use crate::{
    server::Server,
    socket::{duplicate, takes_bytes},
    strings::text,
    sys,
};
use semisync_sys::Symbols;
use std::{ffi::CStr, net::TcpStream, os::fd::BorrowedFd};

/// The error of a source that does not know a system variable.
pub const ER_UNKNOWN_SYSTEM_VARIABLE: u32 = sys::ER_UNKNOWN_SYSTEM_VARIABLE;

/// The connection that a relay-I/O hook was given.
pub struct SourceConnection {
    symbols: &'static Symbols,
    mysql: *mut sys::MYSQL,
}

/// Why an acknowledgement was not sent.
#[derive(Debug)]
pub enum SendError {
    /// The source does not read: it was left out, because a write would wait.
    Full,
    /// The packet was not accepted; the network layer's error number and text.
    Write(u32, String),
    Flush,
}

impl SourceConnection {
    /// # Safety
    /// `mysql` is the `mysql` of a hook's parameter; the connection is used
    /// during that hook only.
    pub(crate) unsafe fn new(server: Server, mysql: *mut sys::MYSQL) -> Option<Self> {
        (!mysql.is_null()).then(|| Self {
            symbols: server.symbols(),
            mysql,
        })
    }

    /// Runs a statement and throws its result away. The error is the number
    /// that the source (or the client library) gave.
    pub fn execute(&self, statement: &str) -> Result<(), u32> {
        self.query(statement.as_bytes(), |_| ()).map(drop)
    }

    /// Asks for a boolean: the first field of the first row. The error as in `execute`.
    pub fn select_bool(&self, statement: &CStr) -> Result<bool, u32> {
        self.query(statement.to_bytes(), |field| field.to_bytes() == b"1")
            .map(Option::unwrap_or_default)
    }

    /// Runs a statement and shows `look` the first field of its first row; None:
    /// there is none, or it is NULL.
    fn query<R>(&self, statement: &[u8], look: impl FnOnce(&CStr) -> R) -> Result<Option<R>, u32> {
        let length = u64::try_from(statement.len()).unwrap_or_default();
        let text = statement.as_ptr().cast();
        // SAFETY: the hook's connection, which is idle before the dump; `length` bytes of text.
        let failed = unsafe { (self.symbols.mysql_real_query)(self.mysql, text, length) != 0 };
        if failed {
            return Err(self.errno());
        }
        // SAFETY: the result must be fetched and freed before the next statement.
        let result = unsafe { (self.symbols.mysql_store_result)(self.mysql) };
        if result.is_null() {
            // A statement without a result, or the connection has failed.
            return match self.errno() {
                0 => Ok(None),
                errno => Err(errno),
            };
        }
        // SAFETY: a result that is not freed yet.
        let row = unsafe { (self.symbols.mysql_fetch_row)(result) };
        // SAFETY: a row of a result has at least one field.
        let field = (!row.is_null()).then(|| unsafe { row.read() });
        // SAFETY: the client library ends each field of a stored result with NUL, and
        // keeps it until the result is freed.
        let field = field
            .filter(|field| !field.is_null())
            .map(|field| look(unsafe { CStr::from_ptr(field) }));
        // SAFETY: nobody uses it after this.
        unsafe { (self.symbols.mysql_free_result)(result) };
        Ok(field)
    }

    fn errno(&self) -> u32 {
        // SAFETY: the hook's connection.
        unsafe { (self.symbols.mysql_errno)(self.mysql) }
    }

    /// Sends an acknowledgement that the source asked for, without waiting: the
    /// packet numbers of the connection begin anew, on both sides.
    pub fn send_asked(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
        if self.takes_bytes() {
            return self.send(acknowledgement);
        }
        self.leave_out_asked();
        Err(SendError::Full)
    }

    /// Sends no acknowledgement although the source asked for one: as if it had been sent, the
    /// packet numbers of the connection begin anew, on both sides.
    pub fn leave_out_asked(&self) {
        self.restart_packet_numbers();
    }

    /// Sends one that the source did not ask for, without waiting: it knows nothing
    /// of it, so the packet numbers go on as if nothing had been sent.
    pub fn send_unasked(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
        if !self.takes_bytes() {
            return Err(SendError::Full);
        }
        let net = self.net();
        // SAFETY: this thread owns the connection.
        let numbers = unsafe { ((*net).pkt_nr, (*net).compress_pkt_nr) };
        let sent = self.send(acknowledgement);
        // SAFETY: as above.
        unsafe { ((*net).pkt_nr, (*net).compress_pkt_nr) = numbers };
        sent
    }

    /// Whether an acknowledgement fits into the send buffer; or the connection is
    /// broken, which `send` finds. A write that waits would stop replication.
    fn takes_bytes(&self) -> bool {
        self.borrowed().is_none_or(takes_bytes)
    }

    /// A descriptor of our own for the connection's socket; None: there is none left.
    pub fn socket(&self) -> Option<TcpStream> {
        self.borrowed().and_then(duplicate)
    }

    /// Ends the connection; the receiver thread finds it so at its next read,
    /// and connects again.
    pub fn hang_up(&self) {
        if let Some(socket) = self.borrowed() {
            // A connection that has ended already is no error.
            let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
        }
    }

    /// None: the connection has no socket any more.
    fn borrowed(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: this thread owns the connection.
        let vio = unsafe { (*self.net()).vio };
        if vio.is_null() {
            return None;
        }
        // SAFETY: the connection's Vio.
        let fd = unsafe { (self.symbols.vio_fd)(vio) };
        // SAFETY: this thread owns the connection, and does not close it meanwhile.
        (fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(fd) })
    }

    fn net(&self) -> *mut sys::NET {
        // SAFETY: the address of a field; no reference is made.
        unsafe { &raw mut (*self.mysql).net }
    }

    fn send(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
        let net = self.net();
        // SAFETY: this thread owns the connection, and nothing of a packet is
        // half read: the hook runs between two packets. With compression the
        // numbers must be cleared again when the direction turns back.
        unsafe {
            (self.symbols.net_clear)(net, false);
            if (self.symbols.my_net_write)(net, acknowledgement.as_ptr(), acknowledgement.len()) {
                let text = text((&raw const (*net).last_error).cast()).to_owned();
                return Err(SendError::Write((*net).last_errno, text));
            }
            if (self.symbols.net_flush)(net) {
                return Err(SendError::Flush);
            }
            if (*net).compress {
                (self.symbols.net_clear)(net, false);
            }
        }
        Ok(())
    }

    /// The packet numbers as `send` leaves them: one packet has gone out, and with
    /// compression they are cleared again.
    fn restart_packet_numbers(&self) {
        let net = self.net();
        // SAFETY: as in `send`.
        unsafe { (self.symbols.net_clear)(net, false) };
        // SAFETY: this thread owns the connection.
        unsafe {
            if !(*net).compress {
                (*net).pkt_nr = 1;
            }
        }
    }
}
