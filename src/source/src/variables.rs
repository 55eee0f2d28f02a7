//! The values of the system variables. The server stores some by itself; the others
//! `settings` stores.

use semisync_server::WAITS_AFTER_COMMIT;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

pub static ENABLED: AtomicBool = AtomicBool::new(false);
pub static TIMEOUT_MS: AtomicU64 = AtomicU64::new(10_000);
pub static TRACE_LEVEL: AtomicU64 = AtomicU64::new(32);
pub static WAIT_COUNT: AtomicU32 = AtomicU32::new(1);
pub static WAIT_NO_REPLICA: AtomicBool = AtomicBool::new(true);
pub static WAIT_POINT: AtomicU64 = AtomicU64::new(DEFAULT_WAIT_POINT);

/// After the engine's commit where stock waits there, or the server calls no
/// earlier hook.
pub const DEFAULT_WAIT_POINT: u64 = WAITS_AFTER_COMMIT as u64;

/// Where a commit waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitPoint {
    /// After the binary log was synced, before the engine commits.
    AfterSync,
    /// After the engine has committed, before the client is told.
    AfterCommit,
}

/// Bit of `trace_level` for lines about single positions.
const TRACE_DETAIL: u64 = 16;

pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Acquire)
}

pub fn timeout_ms() -> u64 {
    TIMEOUT_MS.load(Ordering::Relaxed)
}

pub fn wait_count() -> u32 {
    WAIT_COUNT.load(Ordering::Acquire)
}

pub fn waits_without_replicas() -> bool {
    WAIT_NO_REPLICA.load(Ordering::Acquire)
}

pub fn wait_point() -> WaitPoint {
    match WAIT_POINT.load(Ordering::Relaxed) {
        0 => WaitPoint::AfterSync,
        _ => WaitPoint::AfterCommit,
    }
}

pub fn traces_details() -> bool {
    TRACE_LEVEL.load(Ordering::Relaxed) & TRACE_DETAIL != 0
}
