//! What one dump does in the hooks of its thread.

use super::{connection::DumpConnection, vio_hooks::ConnectionObserver};
use crate::log_pos::LogPos;
use std::sync::Arc;

/// Bytes of the header in front of each event that a semi-sync replica is sent.
pub const HEADER_SIZE: usize = 2;

/// One dump to a semi-sync replica. All in its own thread; the connection is borrowed for
/// the length of a call. None instead of a connection: it cannot be shared.
pub trait Dump {
    /// Who is told of the end of the connection. Asked once, when the dump begins.
    fn observer(&self) -> Arc<dyn ConnectionObserver>;

    /// The dump has begun: from now on it sees each write, and its observer the end.
    fn on_begun(&self, connection: Option<&DumpConnection>);

    /// A packet is put together, whatever it will hold: its header.
    fn on_reserve(&self, connection: Option<&DumpConnection>) -> [u8; HEADER_SIZE];

    /// An event is about to be sent, and ends at `end`. `packet`: status byte, header,
    /// event. Not for heartbeats and artificial events.
    fn on_before_send(&self, packet: &mut [u8], end: LogPos<'_>);

    /// The event was handed to the network layer.
    fn on_after_send(&self, connection: Option<&DumpConnection>, packet: &[u8]);

    /// The event was not sent, because the replica has its transaction.
    fn on_skipped(&self);

    /// Bytes are about to be written to the socket.
    fn on_writing(&self, connection: &DumpConnection);

    /// They were.
    fn on_written(&self, connection: &DumpConnection);

    /// Whether a dump without a connection has ended.
    fn is_over(&self) -> bool;

    /// The server tells of the dump's end. The connection is closed for other threads.
    /// Another dump to the same replica may have begun already. The dump is dropped next;
    /// where the server leaves this hook out, it is dropped later, by its own thread.
    fn on_stop(&self);
}
