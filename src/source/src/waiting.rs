//! A session that waits, as the coordinator keeps it.

use crate::counters::Wait;
use semisync_server::wait::Waiter;
use std::{pin::Pin, sync::Arc};

/// What the session sleeps on.
pub type WaiterRef = Pin<Arc<Waiter>>;

/// Who waits, and since when.
pub struct Waiting {
    waiter: WaiterRef,
    /// The session's id in the process list.
    pub thread_id: u64,
    pub wait: Wait,
}

impl Waiting {
    pub fn new(waiter: WaiterRef, thread_id: u64, wait: Wait) -> Self {
        Self {
            waiter,
            thread_id,
            wait,
        }
    }

    pub fn waiter(&self) -> &WaiterRef {
        &self.waiter
    }

    /// Ends the wait. Any thread; no lock of the plugin may be held.
    pub fn release(&self) {
        self.waiter.release();
    }
}
