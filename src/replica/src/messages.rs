//! What the replica side says in the error log: stock's messages by the server's own numbers.

use crate::relay_log::SyncError;
use semisync_server::{
    client::SendError,
    log::{self, Arg, Level, messages as stock, printable},
    observers::Channel,
};

/// A receiver thread starts.
pub fn thread_starts(channel: &Channel<'_>, semi_sync: bool) {
    let kind = if semi_sync {
        "semi-sync"
    } else {
        "asynchronous"
    };
    let file = printable(channel.file());
    let file = if file.is_empty() { "FIRST" } else { &file };
    let args = [
        Arg::Text(kind),
        Arg::Text(channel.user()),
        Arg::Text(channel.host()),
        Arg::Number(channel.port().into()),
        Arg::Text(file),
        Arg::Number(channel.offset()),
    ];
    log::message(Level::Note, stock::ER_SEMISYNC_REPLICA_START, &args);
}

/// A packet of a semi-sync source has no header.
pub fn no_header(packet: &[u8]) {
    let length = u64::try_from(packet.len()).unwrap_or(u64::MAX);
    log::message(
        Level::Error,
        stock::ER_SEMISYNC_MISSING_MAGIC_NO_FOR_SEMISYNC_PKT,
        &[Arg::Number(length)],
    );
}

/// `@@GLOBAL.server_id` is not what it was when the receiver connected.
pub fn server_id_changed(channel: &Channel<'_>) {
    let channel = of(channel);
    log::plain(
        Level::Note,
        format_args!(
            "The receiver{channel} connects again, because this server's server_id has changed. \
             Nothing is acknowledged before."
        ),
    );
}

/// `what`: whole sentences about a table that is missing, or stays.
pub fn table(level: Level, what: &str) {
    log::plain(level, format_args!("{what}"));
}

/// An acknowledgement was left out, because the relay log may not be on disk.
pub fn relay_log_not_synced(channel: &Channel<'_>, error: &SyncError) {
    let channel = of(channel);
    if error.is_lost() {
        log::plain(
            Level::Error,
            format_args!(
                "Relay log{channel}: {error}. What is in it may be lost when this machine \
                 crashes. So nothing is acknowledged (ack_after=SYNCED) until that file is gone: \
                 applied and purged, or thrown away by RESET REPLICA. Replication goes on."
            ),
        );
    } else {
        log::plain(
            Level::Warning,
            format_args!(
                "Relay log{channel}: {error}. So it cannot be synced, and acknowledgements are \
                 left out (ack_after=SYNCED) until it can be. Replication goes on."
            ),
        );
    }
}

/// After `relay_log_not_synced`.
pub fn relay_log_is_synced_again(channel: &Channel<'_>) {
    let channel = of(channel);
    log::plain(
        Level::Note,
        format_args!("Relay log{channel}: it is synced again, and acknowledgements go on."),
    );
}

/// `ack_after=SYNCED` beside `relay_log_recovery`.
pub fn relay_log_is_recovered() {
    log::plain(
        Level::Note,
        format_args!(
            "relay_log_recovery is ON: a start of this server throws its relay logs away, synced \
             or not (ack_after=SYNCED), and fetches again from the source what was not applied. \
             If the source is gone by then, that is lost here."
        ),
    );
}

/// `ack_after=SYNCED` beside an engine that is not synced at each commit.
pub fn commits_are_not_synced() {
    log::plain(
        Level::Warning,
        format_args!(
            "innodb_flush_log_at_trx_commit is not 1: what this server has applied may be lost \
             when its machine loses its power, and the relay log that had it is purged by then. \
             So acknowledgements (ack_after=SYNCED) promise less than they say. Set it to 1."
        ),
    );
}

/// " of channel 'name'", for a channel that has a name.
fn of(channel: &Channel<'_>) -> String {
    match channel.name() {
        None | Some("") => String::new(),
        Some(name) => format!(" of channel '{}'", printable(name.as_bytes())),
    }
}

/// An acknowledgement was left out, because writing it would wait.
pub fn source_does_not_read(channel: &Channel<'_>) {
    let (host, port) = (channel.host(), channel.port());
    log::plain(
        Level::Warning,
        format_args!(
            "The source {host}:{port} does not read acknowledgements: \
             they are left out until it does. Replication goes on."
        ),
    );
}

/// An acknowledgement could not be sent. As in stock, this does not stop the receiver: if
/// the connection is broken, the next read finds it so.
pub fn not_sent(error: &SendError) {
    match error {
        // Told by `source_does_not_read`.
        SendError::Full => {}
        SendError::Write(errno, text) => {
            let args = [Arg::Text(text), Arg::Number((*errno).into())];
            log::message(
                Level::Error,
                stock::ER_SEMISYNC_REPLICA_SEND_REPLY_FAILED,
                &args,
            );
        }
        SendError::Flush => log::message(
            Level::Error,
            stock::ER_SEMISYNC_REPLICA_NET_FLUSH_REPLY_FAILED,
            &[],
        ),
    }
}

// ---- bit 16 of trace_level: a line for each position ----

pub fn trace_read(asks: bool) {
    let args = [Arg::Text("after_read_event"), Arg::Number(asks.into())];
    log::message(Level::Note, stock::ER_SEMISYNC_REPLICA_REPLY, &args);
}

pub fn trace_reply(channel: &Channel<'_>) {
    let args = [
        Arg::Text("after_queue_event"),
        Arg::Text(&printable(channel.file())),
        Arg::Number(channel.offset()),
    ];
    log::message(
        Level::Note,
        stock::ER_SEMISYNC_REPLICA_REPLY_WITH_BINLOG_INFO,
        &args,
    );
}
