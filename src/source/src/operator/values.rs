//! What the operator has set that the coordinator does not decide by. The defaults change nothing,
//! and are what counts while the operator's plugin is not installed. (The other values are in
//! `decisions`.)

use semisync_core::Members;
use semisync_server::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use std::time::Duration;

static FENCED: AtomicBool = AtomicBool::new(false);
static WAITS_WHEN_READ_ONLY: AtomicBool = AtomicBool::new(true);
static SHOWS_REPLICAS: AtomicBool = AtomicBool::new(false);
/// In microseconds.
static SPINS_FOR: AtomicU32 = AtomicU32::new(0);
/// The operator's plugin is installed, so that somebody can see what is counted for it alone.
static COUNTS: AtomicBool = AtomicBool::new(false);
/// Held for a copy only. None: nobody is overruled.
static MEMBERS: Mutex<Option<Members>> = Mutex::new(None);

/// Whether new transactions are refused. Any thread, no lock.
pub fn is_fenced() -> bool {
    FENCED.load(Ordering::Acquire)
}

pub fn set_fenced(fenced: bool) {
    FENCED.store(fenced, Ordering::Release);
}

/// Whether commits wait on a server that is `read_only`. Any thread, no lock.
pub fn waits_when_read_only() -> bool {
    WAITS_WHEN_READ_ONLY.load(Ordering::Acquire)
}

pub fn set_waits_when_read_only(waits: bool) {
    WAITS_WHEN_READ_ONLY.store(waits, Ordering::Release);
}

/// Whether each transaction is counted as confirmed or not. Any thread, no lock.
pub fn counts_transactions() -> bool {
    COUNTS.load(Ordering::Relaxed)
}

pub fn set_counts_transactions(counts: bool) {
    COUNTS.store(counts, Ordering::Relaxed);
}

/// Whether there are status rows for each replica. Any thread, no lock.
pub fn shows_replicas() -> bool {
    SHOWS_REPLICAS.load(Ordering::Acquire)
}

pub fn set_shows_replicas(shows: bool) {
    SHOWS_REPLICAS.store(shows, Ordering::Release);
}

/// For how long a session that waits looks for its acknowledgement before it sleeps. Any thread, no
/// lock.
pub fn spins_for() -> Duration {
    Duration::from_micros(SPINS_FOR.load(Ordering::Relaxed).into())
}

pub fn set_spins_for(micros: u32) {
    SPINS_FOR.store(micros, Ordering::Relaxed);
}

/// By what the replicas' own words are overruled.
pub fn members() -> Members {
    MEMBERS.lock().clone().unwrap_or_default()
}

pub fn set_members(members: Members) {
    *MEMBERS.lock() = Some(members);
}
