//! The values of the operator's variables. The defaults change nothing. A receiver reads them
//! when it connects to its source.

use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What an acknowledgement says.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum AckAfter {
    /// The server has written all up to here to its relay log, as stock says it.
    #[default]
    Received,
    /// All up to here is on disk.
    Synced,
}

/// A word of the operator's; None: not set. Under it nothing waits.
pub struct Word(Mutex<Option<Arc<str>>>);

impl Word {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub fn get(&self) -> Option<Arc<str>> {
        self.0.lock().clone()
    }

    /// Empty: not set.
    pub fn set(&self, word: &str) {
        *self.0.lock() = (!word.is_empty()).then(|| word.into());
    }
}

/// `semisync_replica_name`.
pub static NAME: Word = Word::new();
/// `semisync_replica_zone`.
pub static ZONE: Word = Word::new();
/// `semisync_replica_ack_after`: whether it is SYNCED.
pub static SYNCED: AtomicBool = AtomicBool::new(false);

pub fn ack_after() -> AckAfter {
    if SYNCED.load(Ordering::Acquire) {
        AckAfter::Synced
    } else {
        AckAfter::Received
    }
}
