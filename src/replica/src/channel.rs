//! The state of one replication channel: of its receiver thread, in a
//! thread-local. Several channels are semi-sync each on its own.
//!
//! While UNINSTALL PLUGIN asks whether it may, the server passes over hooks,
//! `thread_stop` too. So a thread that ends gives up its place in the count by
//! a destructor; the library stays mapped for it (SAFETY.md).

use crate::{peer::Peer, plugin::Replica};
use parking_lot::Mutex;
use semisync_core::Position;
use std::{
    cell::Cell,
    collections::BTreeMap,
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
};

/// How many channels are semi-sync now.
static SEMI_SYNC_CHANNELS: Mutex<u32> = Mutex::new(0);

/// The semi-sync connections, each with a descriptor of our own.
static CONNECTIONS: Mutex<BTreeMap<u64, TcpStream>> = Mutex::new(BTreeMap::new());
static NEXT_CONNECTION: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static CHANNEL: Cell<Channel> = const { Cell::new(Channel::NEW) };
    static COUNTED: Counted = const { Counted(Cell::new(false)) };
    static CONNECTED: Connected = const { Connected(Cell::new(0)) };
}

/// This thread's entry among the connections; 0: none.
struct Connected(Cell<u64>);

impl Connected {
    fn set(&self, socket: Option<TcpStream>) {
        let mut connections = CONNECTIONS.lock();
        connections.remove(&self.0.take());
        if let Some(socket) = socket {
            let id = NEXT_CONNECTION.fetch_add(1, Ordering::Relaxed);
            self.0.set(id);
            connections.insert(id, socket);
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.set(None);
    }
}

/// Has every semi-sync channel connect again: the plugin goes, and nobody takes
/// the headers off any more. (Where the server asks before it uninstalls, there is
/// none.)
pub fn hang_up_all() {
    for socket in CONNECTIONS.lock().values() {
        // One that has ended already is no error.
        let _ = socket.shutdown(Shutdown::Both);
    }
}

/// Whether this thread's channel counts as semi-sync: from the thread's start if
/// enabled, until the source turns out not to support it.
struct Counted(Cell<bool>);

impl Counted {
    fn set(&self, on: bool) {
        let mut channels = SEMI_SYNC_CHANNELS.lock();
        match (self.0.replace(on), on) {
            (false, true) => *channels += 1,
            (true, false) => *channels -= 1,
            _ => return,
        }
        if let Some(replica) = Replica::get() {
            replica.server.set_in_use(*channels > 0);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// What a receiver thread knows of its channel.
#[derive(Clone, Copy)]
pub struct Channel {
    /// The source, if the connection carries the 2-byte header on every packet.
    pub peer: Option<Peer>,
    /// The event that was read last asks for an acknowledgement.
    pub ask: bool,
    /// It is a heartbeat.
    pub heartbeat: bool,
    /// What was acknowledged last on this connection.
    pub acknowledged: Option<Position>,
    /// The error log says that the source does not read.
    pub told_unread: bool,
}

impl Channel {
    const NEW: Self = Self {
        peer: None,
        ask: false,
        heartbeat: false,
        acknowledged: None,
        told_unread: false,
    };

    /// The current receiver thread's channel.
    pub fn current() -> Self {
        CHANNEL.get()
    }

    pub fn save(self) {
        CHANNEL.set(self);
    }

    /// A connection begins on which the source will send headers.
    pub fn connect(peer: Peer, socket: Option<TcpStream>) {
        CONNECTED.with(|connected| connected.set(socket));
        Self {
            peer: Some(peer),
            ..Self::NEW
        }
        .save();
    }

    /// A connection ended, or none has begun: nothing is known of the next.
    pub fn disconnect() {
        CONNECTED.with(|connected| connected.set(None));
        Self::NEW.save();
    }

    /// Whether the current receiver thread's channel counts as semi-sync.
    pub fn set_semi_sync(on: bool) {
        COUNTED.with(|counted| counted.set(on));
    }
}

/// Whether any channel is semi-sync. Any thread.
pub fn any_semi_sync() -> bool {
    *SEMI_SYNC_CHANNELS.lock() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_ends_without_a_word_does_not_count() {
        let thread = std::thread::spawn(|| {
            Channel::set_semi_sync(true);
            Channel::set_semi_sync(true);
            any_semi_sync()
        });
        assert!(thread.join().unwrap());
        assert!(!any_semi_sync());
    }
}
