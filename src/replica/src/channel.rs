//! The state of one replication channel: of its receiver thread, in a
//! thread-local without a destructor. Several channels are semi-sync each on
//! its own.

use semisync_core::Position;
use std::{
    cell::Cell,
    sync::atomic::{AtomicU32, Ordering},
};

/// How many channels are semi-sync now.
static SEMI_SYNC_CHANNELS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static CHANNEL: Cell<Channel> = const { Cell::new(Channel::NEW) };
}

/// What a receiver thread knows of its channel.
#[derive(Clone, Copy)]
pub struct Channel {
    /// Counts as semi-sync: from the thread's start if enabled, until the
    /// source turns out not to support it.
    semi_sync: bool,
    /// The connection carries the 2-byte header on every packet.
    pub negotiated: bool,
    /// The source reads acknowledgements at any time, not only after it asked.
    pub may_volunteer: bool,
    /// The event that was read last asks for an acknowledgement.
    pub ask: bool,
    /// It is a heartbeat.
    pub heartbeat: bool,
    /// What was acknowledged last on this connection.
    pub acknowledged: Option<Position>,
}

impl Channel {
    const NEW: Self = Self {
        semi_sync: false,
        negotiated: false,
        may_volunteer: false,
        ask: false,
        heartbeat: false,
        acknowledged: None,
    };

    /// The current receiver thread's channel.
    pub fn current() -> Self {
        CHANNEL.get()
    }

    pub fn save(self) {
        CHANNEL.set(self);
    }

    /// A connection ended, or none has begun: nothing is known of the next.
    /// Whether the channel counts as semi-sync stays.
    pub fn disconnected(self) -> Self {
        Self {
            semi_sync: self.semi_sync,
            ..Self::NEW
        }
    }

    pub fn set_semi_sync(&mut self, on: bool) {
        match (self.semi_sync, on) {
            (false, true) => {
                SEMI_SYNC_CHANNELS.fetch_add(1, Ordering::AcqRel);
            }
            (true, false) => {
                SEMI_SYNC_CHANNELS.fetch_sub(1, Ordering::AcqRel);
            }
            _ => {}
        }
        self.semi_sync = on;
    }
}

/// Whether any channel is semi-sync. Any thread.
pub fn any_semi_sync() -> bool {
    SEMI_SYNC_CHANNELS.load(Ordering::Acquire) > 0
}
