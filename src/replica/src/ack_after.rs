//! What an acknowledgement waits for: with `ack_after=SYNCED`, until the relay log is on disk. The
//! state is the receiver thread's own.
//!
//! A relay log that cannot be synced costs its channel the acknowledgements and nothing else.

use crate::{
    messages,
    operator::values::AckAfter,
    relay_log::{RelayLog, SyncError, System, find_indexes},
};
use semisync_core::is_of_transaction;
use semisync_server::{Server, observers::Channel};
use std::{
    cell::RefCell,
    io,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

thread_local! {
    /// None: acknowledgements wait for nothing.
    static CHANNEL_LOGS: RefCell<Option<ChannelLogs>> = const { RefCell::new(None) };
}

/// The relay log of this thread's channel; or all relay logs, where the server does not tell which
/// it is.
struct ChannelLogs {
    server: Server,
    logs: Vec<RelayLog>,
    /// The server synced what it wrote, as far as is known before the event is queued.
    server_syncs: bool,
    /// The error log says that acknowledgements are left out, and whether because something
    /// is lost.
    told: Option<bool>,
    /// When the relay log was to be synced last.
    tried: Option<Instant>,
}

/// A connection begins on which acknowledgements mean this.
pub fn begin(server: Server, ack_after: AckAfter) {
    if ack_after == AckAfter::Received {
        return end();
    }
    CHANNEL_LOGS.with_borrow_mut(|logs| {
        logs.get_or_insert_with(|| ChannelLogs::new(server));
    });
    static RECOVERY_TOLD: AtomicBool = AtomicBool::new(false);
    if server.recovers_relay_log() && !RECOVERY_TOLD.swap(true, Ordering::Relaxed) {
        messages::relay_log_is_recovered();
    }
    static COMMITS_TOLD: AtomicBool = AtomicBool::new(false);
    if !server.syncs_each_commit() && !COMMITS_TOLD.swap(true, Ordering::Relaxed) {
        messages::commits_are_not_synced();
    }
}

/// Acknowledgements wait for nothing any more. Syncs the relay log a last time, so that a failure
/// of which this descriptor only is told is remembered, and closes it. Waits for the disk.
pub fn end() {
    drop(CHANNEL_LOGS.take());
}

/// Whether the relay log is watched, so that every event matters.
pub fn is_watching() -> bool {
    CHANNEL_LOGS.with_borrow(Option::is_some)
}

/// An event was read, and is about to be queued.
pub fn on_read(event: &[u8]) {
    with_logs(|logs| {
        logs.server_syncs = logs.server.syncs_each_event();
        for log in &mut logs.logs {
            log.before_event(is_of_transaction(event));
        }
    });
}

/// The event was queued.
pub fn on_queued() {
    with_logs(|logs| {
        // It may have been switched in between.
        let synced = logs.server_syncs && logs.server.syncs_each_event();
        for log in &mut logs.logs {
            log.after_event(synced);
        }
    });
}

/// Has the relay log on disk if that is what acknowledgements mean here. Waits for the disk. false:
/// it may not be there, and the error log says why.
pub fn is_reached(channel: &Channel<'_>) -> bool {
    let synced = CHANNEL_LOGS.with_borrow_mut(|logs| {
        let logs = logs.as_mut()?;
        let synced = logs.sync(channel.name());
        logs.tried = Some(Instant::now());
        let told = synced.as_ref().err().map(SyncError::is_lost);
        let told_before = std::mem::replace(&mut logs.told, told);
        Some((synced, told != told_before))
    });
    match synced {
        None | Some((Ok(()), false)) => true,
        Some((Ok(()), true)) => {
            messages::relay_log_is_synced_again(channel);
            true
        }
        Some((Err(error), news)) => {
            if news {
                messages::relay_log_not_synced(channel, &error);
            }
            false
        }
    }
}

/// As `is_reached`, for a connection that is asynchronous until it is. Looks now and then only.
pub fn is_reached_at_last(channel: &Channel<'_>) -> bool {
    const PAUSE: Duration = Duration::from_secs(5);
    let is_due = CHANNEL_LOGS.with_borrow(|logs| {
        let tried = logs.as_ref().and_then(|logs| logs.tried);
        tried.is_none_or(|tried| tried.elapsed() >= PAUSE)
    });
    is_due && is_reached(channel)
}

fn with_logs(change: impl FnOnce(&mut ChannelLogs)) {
    CHANNEL_LOGS.with_borrow_mut(|logs| {
        if let Some(logs) = logs {
            change(logs);
        }
    });
}

impl ChannelLogs {
    fn new(server: Server) -> Self {
        Self {
            server,
            logs: Vec::new(),
            server_syncs: false,
            told: None,
            tried: None,
        }
    }

    fn sync(&mut self, channel: Option<&str>) -> Result<(), SyncError> {
        if self.logs.is_empty() {
            let places = self.server.relay_log_places();
            let indexes = find_indexes(&places.indexes, channel)
                .map_err(|error| SyncError::Unreadable(PathBuf::new(), error))?;
            let log = |index| RelayLog::new(index, places.directory.clone(), System);
            self.logs = indexes.into_iter().map(log).collect();
        }
        // Each is opened, and watched from then on, whatever became of another.
        let mut done = Ok(());
        for log in &mut self.logs {
            done = done.and(log.sync());
        }
        done?;
        if self.logs.iter().all(RelayLog::is_empty) {
            let error = io::Error::other("the relay log's index lists no file");
            return Err(SyncError::Unreadable(PathBuf::new(), error));
        }
        Ok(())
    }
}
