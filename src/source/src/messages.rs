//! What the source side says in the error log: stock's messages by the server's
//! own numbers, in stock's order.

use crate::{link::Link, state::Source};
use semisync_core::{LeftUnconfirmed, Message, OutOfOrder, Position, Violation};
use semisync_server::{
    log::{self, Arg, Level},
    sys,
};
use std::sync::atomic::Ordering;

pub fn report(source: &Source, message: &Message) {
    let name = |at: &Position| file_name(source, at);
    // Stock's texts have room for a position in any case: no name and 0 for none.
    let name_of = |at: &Option<Position>| at.as_ref().map_or_else(String::new, name);
    let offset_of = |at: &Option<Position>| at.map_or(0, |at| at.offset);
    match message {
        Message::Enabled => {
            log::message(Level::Note, sys::ER_SEMISYNC_RPL_INIT_FOR_TRX, &[]);
            log::message(Level::Note, sys::ER_SEMISYNC_RPL_ENABLED_ON_SOURCE, &[]);
        }
        Message::Disabled => log::message(Level::Note, sys::ER_SEMISYNC_DISABLED_ON_SOURCE, &[]),
        Message::SwitchedOff => log::message(Level::Note, sys::ER_SEMISYNC_RPL_SWITCHED_OFF, &[]),
        Message::SwitchedOn(at) => log::message(
            Level::Note,
            sys::ER_SEMISYNC_RPL_SWITCHED_ON,
            &[Arg::Text(&name_of(at)), Arg::Number(offset_of(at))],
        ),
        Message::TimedOut { waiting, confirmed } => log::message(
            Level::Warning,
            sys::ER_SEMISYNC_WAIT_FOR_BINLOG_TIMEDOUT,
            &[
                Arg::Text(&name(waiting)),
                Arg::Number(waiting.offset),
                Arg::Text(&name_of(confirmed)),
                Arg::Number(offset_of(confirmed)),
            ],
        ),
        Message::ForcedShutdown => {
            log::message(Level::Warning, sys::ER_SEMISYNC_FORCED_SHUTDOWN, &[]);
        }
        Message::OutOfOrder(OutOfOrder { last, new }) => log::message(
            Level::Error,
            sys::ER_SEMISYNC_BINLOG_WRITE_OUT_OF_ORDER,
            &[
                Arg::Text("after_flush"),
                Arg::Text(&name(last)),
                Arg::Number(last.offset),
                Arg::Text(&name(new)),
                Arg::Number(new.offset),
            ],
        ),
    }
}

/// The server's shutdown is done with all sessions.
pub fn left_unconfirmed(source: &Source, left: &LeftUnconfirmed) {
    let LeftUnconfirmed {
        commits,
        first,
        confirmed,
    } = left;
    let confirmed = confirmed.map_or_else(
        || "nothing since semi-sync was enabled".to_owned(),
        |at| {
            format!(
                "everything up to ({}, {})",
                file_name(source, &at),
                at.offset
            )
        },
    );
    let clients = match source.not_cut.load(Ordering::Relaxed) {
        0 => "Their clients lost the connection and were not told OK.".to_owned(),
        some => format!(
            "Their clients lost the connection and were not told OK, but for {some} whose \
             connection cannot be cut (X protocol)."
        ),
    };
    // Behind stock's own text, which those who read logs know and expect.
    let code = sys::ER_SEMISYNC_FORCED_SHUTDOWN;
    log::coded(
        Level::Warning,
        code,
        format_args!(
            "{} Semi-sync at shutdown: {commits} commit(s) stay in the binary log although too few \
             replicas have acknowledged them; the first of them ends at ({}, {}). \
             Acknowledged is {confirmed}. {clients}",
            log::server_text(code, &[]),
            file_name(source, first),
            first.offset
        ),
    );
}

/// A dump begins: `how` is "semi-sync" or "asynchronous".
pub fn dump_started(how: &str, server_id: u32, file: &str, offset: u64) {
    log::message(
        Level::Note,
        sys::ER_SEMISYNC_START_BINLOG_DUMP_TO_REPLICA,
        &[
            Arg::Text(how),
            Arg::Number(server_id.into()),
            Arg::Text(file),
            Arg::Number(offset),
        ],
    );
}

pub fn dump_stopped(how: &str, server_id: u32) {
    log::message(
        Level::Note,
        sys::ER_SEMISYNC_STOP_BINLOG_DUMP_TO_REPLICA,
        &[Arg::Text(how), Arg::Number(server_id.into())],
    );
}

/// A replica broke the protocol: stock's text and number where it has one,
/// with the replica's server id and address, and what follows from it.
pub fn violation(link: &Link, violation: Violation) {
    let code = match violation {
        Violation::Magic => Some(sys::ER_SEMISYNC_REPLY_MAGIC_NO_ERROR),
        Violation::TooShort => Some(sys::ER_SEMISYNC_REPLY_PKT_LENGTH_TOO_SMALL),
        Violation::NameTooLong | Violation::PacketTooLarge => {
            Some(sys::ER_SEMISYNC_REPLY_BINLOG_FILE_TOO_LARGE)
        }
        Violation::BadName | Violation::Compression => None,
    };
    let (id, peer) = (link.server_id, &link.peer);
    let end = "its acknowledgements do not count until it connects again.";
    match code {
        Some(code) => log::coded(
            Level::Error,
            code,
            format_args!(
                "{} Replica (server_id: {id}) at {peer}: {violation}; {end}",
                log::server_text(code, &[])
            ),
        ),
        None => log::plain(
            Level::Error,
            format_args!("Semi-sync replica (server_id: {id}) at {peer}: {violation}; {end}"),
        ),
    }
}

/// It acknowledged `offset` of the file `name`.
pub fn from_the_future(link: &Link, name: &[u8], offset: u64) {
    let served = link.served_up_to().map_or_else(
        || "nothing was sent to it yet".to_owned(),
        |(file, offset)| format!("it was served up to ({}, {offset})", text_of(&file)),
    );
    log::plain(
        Level::Error,
        format_args!(
            "Semi-sync replica (server_id: {}) at {} acknowledged ({}, {}), but {served}: refused. Further ones of this connection are refused in silence.",
            link.server_id,
            link.peer,
            text_of(name),
            offset
        ),
    );
}

pub fn connection_gone(link: &Link) {
    log::plain(
        Level::Note,
        format_args!(
            "Semi-sync replica (server_id: {}) at {} has closed its connection and no longer counts.",
            link.server_id, link.peer
        ),
    );
}

pub fn must_connect_again(link: &Link) {
    log::plain(
        Level::Note,
        format_args!(
            "Semi-sync replica (server_id: {}) at {} asked for the binary log before it was reset: it has to connect again.",
            link.server_id, link.peer
        ),
    );
}

/// A semi-sync replica that does not count and is not asked, and why.
pub fn served_asynchronously(server_id: u32, why: &str) {
    log::message(
        Level::Error,
        sys::ER_SEMISYNC_FAILED_REGISTER_REPLICA_TO_RECEIVER,
        &[],
    );
    log::plain(
        Level::Warning,
        format_args!(
            "Replica (server_id: {server_id}) is served asynchronously: acknowledgements cannot be read safely from its connection, because {why}."
        ),
    );
}

/// After a panic in `hook` (see `semisync_server::guard`).
pub fn internal_error(hook: &str) {
    log::plain(
        Level::Error,
        format_args!(
            "Internal error in hook '{hook}': semi-sync replication is switched OFF, replication goes on asynchronously. Setting the plugin's _enabled variable OFF and ON again starts it anew; please report this."
        ),
    );
}

/// The name of a position's file, or nothing if that file is not remembered any more.
pub fn file_name(source: &Source, at: &Position) -> String {
    let name = source.file_name(*at);
    name.map_or_else(String::new, |name| text_of(&name))
}

fn text_of(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
