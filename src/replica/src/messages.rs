//! What the replica side says in the error log: stock's messages by the server's own numbers.

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
