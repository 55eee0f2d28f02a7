//! A receiver thread's connection to its source: queries before the dump, and
//! acknowledgements during it. Belongs to the receiver thread of its channel.

use crate::{Server, socket::duplicate, sys};
use semisync_sys::Symbols;
use std::{ffi::CStr, net::TcpStream};

/// The connection that a relay-I/O hook was given.
pub struct SourceConnection {
    symbols: &'static Symbols,
    mysql: *mut sys::MYSQL,
}

/// Why an acknowledgement could not be sent.
#[derive(Debug)]
pub enum SendError {
    /// The packet was not accepted; the network layer's error number and text.
    Write(u32, String),
    Flush,
}

impl SourceConnection {
    /// # Safety
    /// `mysql` is the `mysql` of a hook's parameter; the connection is used
    /// during that hook only.
    pub unsafe fn new(server: Server, mysql: *mut sys::MYSQL) -> Option<Self> {
        (!mysql.is_null()).then(|| Self {
            symbols: server.symbols(),
            mysql,
        })
    }

    /// Runs a statement and throws its result away. The error is the number
    /// that the source (or the client library) gave.
    pub fn execute(&self, statement: &CStr) -> Result<(), u32> {
        let length = u64::try_from(statement.count_bytes()).unwrap_or_default();
        // SAFETY: the hook's connection, which is idle before the dump; the
        // result must be fetched and freed before the next statement.
        unsafe {
            if (self.symbols.mysql_real_query)(self.mysql, statement.as_ptr(), length) != 0 {
                return Err((self.symbols.mysql_errno)(self.mysql));
            }
            let result = (self.symbols.mysql_store_result)(self.mysql);
            if !result.is_null() {
                (self.symbols.mysql_free_result)(result);
            }
        }
        Ok(())
    }

    /// Sends an acknowledgement that the source asked for: the packet numbers
    /// of the connection begin anew, on both sides.
    pub fn send_asked(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
        self.send(acknowledgement)
    }

    /// Sends one that the source did not ask for: it knows nothing of it, so
    /// the packet numbers go on as if nothing had been sent.
    pub fn send_unasked(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
        let net = self.net();
        // SAFETY: this thread owns the connection.
        let numbers = unsafe { ((*net).pkt_nr, (*net).compress_pkt_nr) };
        let sent = self.send(acknowledgement);
        // SAFETY: as above.
        unsafe { ((*net).pkt_nr, (*net).compress_pkt_nr) = numbers };
        sent
    }

    /// A descriptor of our own for the connection's socket; None: there is none left.
    pub fn socket(&self) -> Option<TcpStream> {
        // SAFETY: this thread owns the connection.
        let fd = unsafe {
            let vio = (*self.net()).vio;
            if vio.is_null() {
                return None;
            }
            (self.symbols.vio_fd)(vio)
        };
        duplicate(fd)
    }

    /// Ends the connection; the receiver thread finds it so at its next read,
    /// and connects again.
    pub fn hang_up(&self) {
        // SAFETY: this thread owns the connection; its descriptor stays open.
        unsafe {
            let vio = (*self.net()).vio;
            if !vio.is_null() {
                libc::shutdown((self.symbols.vio_fd)(vio), libc::SHUT_RDWR);
            }
        }
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
                let text = crate::text((&raw const (*net).last_error).cast()).to_owned();
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
}
