//! The one `Replica` of this library, the values of its variables, and what a panic leads to.

use crate::Vocabulary;
use semisync_server::{
    Server,
    callback::Callback,
    log::{self, Level},
};
use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

pub static ENABLED: AtomicBool = AtomicBool::new(false);
pub static TRACE_LEVEL: AtomicU64 = AtomicU64::new(32);
static REPLICA: OnceLock<Replica> = OnceLock::new();
/// A hook panicked: no acknowledgements until the variable is set again.
static FAILED: AtomicBool = AtomicBool::new(false);

/// What the hooks need. Made at the first installation and never freed.
pub struct Replica {
    pub server: Server,
    pub words: &'static Vocabulary,
}

impl Replica {
    /// None until the plugin was installed for the first time.
    pub fn get() -> Option<&'static Self> {
        REPLICA.get()
    }

    /// A new installation.
    pub fn start(server: Server, words: &'static Vocabulary) {
        REPLICA.get_or_init(|| Self { server, words });
        set_working(true);
    }
}

/// Asked for every event.
pub fn is_working() -> bool {
    !FAILED.load(Ordering::Acquire)
}

pub fn set_working(working: bool) {
    FAILED.store(!working, Ordering::Release);
}

pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Acquire)
}

/// Bit 16 of `trace_level`: lines about single positions.
pub fn traces_details() -> bool {
    TRACE_LEVEL.load(Ordering::Relaxed) & 16 != 0
}

/// A hook panicked: replication goes on, without acknowledgements.
pub fn after_panic(callback: Callback) {
    log::plain(
        Level::Error,
        format_args!(
            "Internal error in hook '{}': semi-sync replication is switched OFF, replication \
             goes on without acknowledgements. Setting the plugin's _enabled variable OFF and \
             ON again starts it anew; please report this.",
            callback.name()
        ),
    );
    set_working(false);
}
