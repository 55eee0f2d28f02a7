//! The binary log: one file, of events that end transactions, one after the other.

use super::locks::Monitor;
use semisync_interleaved::Mutex;
use std::ffi::CStr;

pub const FILE: &CStr = c"binlog.000001";
/// Where the first event begins.
pub const BEGIN: u64 = 157;
/// How long each is. Its first 19 bytes are the header.
pub const EVENT: u64 = 64;

/// `LOCK_log`: where the next event begins.
pub static END: Mutex<u64> = Mutex::new(BEGIN);

/// What dumps may send (`binlog_end_pos`), and whom they look at.
static PUBLISHED: Monitor<u64> = Monitor::new(BEGIN);

/// Dumps may send up to here, or are to look around.
pub fn publish(end: u64) {
    PUBLISHED.change(|published| *published = end.max(*published));
}

/// Waits until more than `from` may be sent. None: `is_over`.
pub fn wait_for_more(from: u64, is_over: impl Fn() -> bool) -> Option<u64> {
    PUBLISHED.wait(|published| {
        if is_over() {
            return Some(None);
        }
        (*published > from).then_some(Some(*published))
    })
}

/// Dumps look around: one was killed.
pub fn look_around() {
    PUBLISHED.change(|_| ());
}

/// The event that ends at `end`, as the log has it.
pub fn event(end: u64) -> Vec<u8> {
    const XID: u8 = 16;
    let mut event = vec![0; usize::try_from(EVENT).unwrap_or_default()];
    event[4] = XID;
    event[9..13].copy_from_slice(&u32::try_from(EVENT).unwrap_or_default().to_le_bytes());
    event[13..17].copy_from_slice(&u32::try_from(end).unwrap_or_default().to_le_bytes());
    event
}
