//! What reading and writing on a TLS connection answers, without blocking.

/// What an operation on a TLS connection waits for. A write may wait for a read, and a read for a
/// write: TLS has messages of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsWant {
    /// Bytes from the other end.
    Read,
    /// Room in the socket's send buffer.
    Write,
}

/// The answer in place of a number of bytes: the connection failed, or the other end closed it.
pub const VIO_SOCKET_ERROR: usize = usize::MAX;
/// The answer in place of a number of bytes: do it again when the socket can be read.
pub const VIO_SOCKET_WANT_READ: usize = usize::MAX - 1;
/// The answer in place of a number of bytes: do it again when the socket can be written.
pub const VIO_SOCKET_WANT_WRITE: usize = usize::MAX - 2;
