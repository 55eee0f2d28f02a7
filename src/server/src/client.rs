//! A receiver thread's connection to its source: queries before the dump, and
//! acknowledgements during it. Belongs to the receiver thread of its channel.

use crate::{
    server::Server,
    socket::{NotSent, duplicate, send_at_once, takes_bytes},
    strings::text,
    sys,
};
use semisync_sys::Symbols;
use std::{cell::RefCell, ffi::CStr, net::TcpStream, os::fd::BorrowedFd};

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

thread_local! {
    /// The end of a packet that did not fit into the send buffer: nothing else may be sent on this
    /// thread's connection before it.
    static REST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The current receiver thread has a new connection.
pub(crate) fn on_connect() {
    drop(REST.take());
}

/// The longest acknowledgement, in bytes. (`FN_REFLEN` and its like bound the file's name.)
const MAX_ACKNOWLEDGEMENT: usize = 1024;
const PACKET_HEADER: usize = 4;
const COMPRESSED_HEADER: usize = 7;

/// An acknowledgement as it goes over the wire, the first packet of its numbers.
struct Packet {
    bytes: [u8; COMPRESSED_HEADER + PACKET_HEADER + MAX_ACKNOWLEDGEMENT],
    length: usize,
}

impl Packet {
    /// `compressed`: the connection's packets lie in compressed ones. This one is not worth
    /// compressing: a length of 0 says so (`net_write_packet` and its like do the same with short
    /// ones). None: the acknowledgement is longer than any is.
    fn new(acknowledgement: &[u8], compressed: bool) -> Option<Self> {
        let mut packet = Self {
            bytes: [0; COMPRESSED_HEADER + PACKET_HEADER + MAX_ACKNOWLEDGEMENT],
            length: 0,
        };
        let length = acknowledgement.len();
        if compressed {
            packet.append(&three_bytes(PACKET_HEADER.checked_add(length)?)?)?;
            packet.append(&[0; COMPRESSED_HEADER - 3])?;
        }
        packet.append(&three_bytes(length)?)?;
        packet.append(&[0])?;
        packet.append(acknowledgement)?;
        Some(packet)
    }

    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length.checked_add(bytes.len())?;
        self.bytes.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A length as the protocol has it. None: it is too long.
fn three_bytes(length: usize) -> Option<[u8; 3]> {
    let [low, middle, high, 0] = u32::try_from(length).ok()?.to_le_bytes() else {
        return None;
    };
    Some([low, middle, high])
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
        if self.is_encrypted() {
            if self.takes_bytes() {
                return self.send_encrypted(acknowledgement);
            }
            self.leave_out_asked();
            return Err(SendError::Full);
        }
        let sent = self.send_plain(acknowledgement);
        self.restart_packet_numbers();
        sent
    }

    /// Sends no acknowledgement although the source asked for one: as if it had been sent, the
    /// packet numbers of the connection begin anew, on both sides.
    pub fn leave_out_asked(&self) {
        self.restart_packet_numbers();
    }

    /// Sends one that the source did not ask for, without waiting: it knows nothing
    /// of it, so the packet numbers go on as if nothing had been sent.
    pub fn send_unasked(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
        if !self.is_encrypted() {
            return self.send_plain(acknowledgement);
        }
        if !self.takes_bytes() {
            return Err(SendError::Full);
        }
        let net = self.net();
        // SAFETY: this thread owns the connection.
        let numbers = unsafe { ((*net).pkt_nr, (*net).compress_pkt_nr) };
        let sent = self.send_encrypted(acknowledgement);
        // SAFETY: as above.
        unsafe { ((*net).pkt_nr, (*net).compress_pkt_nr) = numbers };
        sent
    }

    /// Whether the bytes on the socket are the network layer's own. Where the server does not
    /// tell, they are taken to be.
    fn is_encrypted(&self) -> bool {
        let cipher = self.symbols.mysql_get_ssl_cipher;
        // SAFETY: the hook's connection.
        cipher.is_none_or(|cipher| !unsafe { cipher(self.mysql) }.is_null())
    }

    /// Whether an acknowledgement fits into the send buffer; or the connection is
    /// broken, which `send_encrypted` finds. A write that waits would stop replication.
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

    /// One call of the system, past the network layer: its own write would wait while the send
    /// buffer is full. The packet numbers stay as they are. (Nothing else is written during a dump,
    /// so nothing lies in the network layer's buffer.)
    fn send_plain(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
        // SAFETY: this thread owns the connection.
        let compressed = unsafe { (*self.net()).compress };
        let packet = Packet::new(acknowledgement, compressed).ok_or(SendError::Flush)?;
        let socket = self.borrowed().ok_or(SendError::Flush)?;
        REST.with_borrow_mut(|rest| send_after(rest, socket, packet.as_bytes()))
    }

    /// By the server's network layer, as stock sends each.
    fn send_encrypted(&self, acknowledgement: &[u8]) -> Result<(), SendError> {
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

    /// The packet numbers as stock leaves them after an acknowledgement: one packet has gone out,
    /// and with compression they are cleared again.
    fn restart_packet_numbers(&self) {
        let net = self.net();
        // SAFETY: as in `send_encrypted`.
        unsafe { (self.symbols.net_clear)(net, false) };
        // SAFETY: this thread owns the connection.
        unsafe {
            if !(*net).compress {
                (*net).pkt_nr = 1;
            }
        }
    }
}

/// Sends the rest of an earlier packet, if there is one, and then this packet. What of a packet
/// does not fit, once it was begun, is the next rest.
fn send_after(rest: &mut Vec<u8>, socket: BorrowedFd<'_>, packet: &[u8]) -> Result<(), SendError> {
    if !rest.is_empty() {
        let sent = send_at_once(socket, rest)?;
        rest.drain(..sent.min(rest.len()));
        if !rest.is_empty() {
            return Err(SendError::Full);
        }
    }
    let sent = send_at_once(socket, packet)?;
    rest.extend_from_slice(packet.get(sent..).unwrap_or_default());
    if rest.is_empty() {
        Ok(())
    } else {
        Err(SendError::Full)
    }
}

impl From<NotSent> for SendError {
    fn from(why: NotSent) -> Self {
        match why {
            NotSent::Full => Self::Full,
            NotSent::Failed => Self::Flush,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Read,
        net::{TcpListener, TcpStream},
        os::fd::AsFd,
    };

    /// What the other end gets are whole packets, whatever was left out between them.
    #[test]
    fn a_packet_that_was_begun_is_ended_before_the_next() {
        const LENGTH: usize = 100_000;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut theirs = listener.accept().unwrap().0;
        let mut packets = (0..=u8::MAX).cycle().map(|byte| vec![byte; LENGTH]);
        let (mut rest, mut got, mut begun) = (Vec::new(), Vec::new(), 0);
        for _ in 0..50 {
            while send_after(&mut rest, ours.as_fd(), &packets.next().unwrap()).is_ok() {}
            begun += usize::from(!rest.is_empty());
            let mut some = [0; LENGTH / 3];
            theirs.read_exact(&mut some).unwrap();
            got.extend_from_slice(&some);
        }
        assert!(begun > 0);
        drop(ours);
        theirs.read_to_end(&mut got).unwrap();
        let whole = got.chunks_exact(LENGTH);
        assert_eq!(whole.remainder().is_empty(), rest.is_empty());
        for packet in whole {
            assert!(packet.iter().all(|byte| *byte == packet[0]));
        }
    }

    #[test]
    fn an_acknowledgement_is_a_packet_of_number_0() {
        let packet = Packet::new(&[0xef; 300], false).unwrap();
        assert_eq!(packet.as_bytes()[..4], [0x2c, 1, 0, 0]);
        assert_eq!(packet.as_bytes()[4..], [0xef; 300]);
    }

    #[test]
    fn in_a_compressed_packet_it_stands_as_it_is() {
        let packet = Packet::new(&[0xef; 22], true).unwrap();
        assert_eq!(packet.as_bytes()[..11], [26, 0, 0, 0, 0, 0, 0, 22, 0, 0, 0]);
        assert_eq!(packet.as_bytes()[11..], [0xef; 22]);
    }

    #[test]
    fn what_is_longer_than_any_acknowledgement_is_no_packet() {
        assert!(Packet::new(&[0; MAX_ACKNOWLEDGEMENT], true).is_some());
        assert!(Packet::new(&[0; MAX_ACKNOWLEDGEMENT + 8], true).is_none());
    }
}
