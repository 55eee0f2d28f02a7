//! What the source side says in the error log: stock's messages by the server's
//! own numbers, in stock's order.

pub mod operator;

use semisync_core::{LeftUnconfirmed, LogName, Message, OutOfOrder, Position, Violation};
use semisync_server::{
    LogPos,
    log::{self, Arg, Level, messages as stock, printable},
};
use std::ffi::c_int;

/// `name_of_file`: the name of a position's file, while it is known.
pub fn report(message: &Message, name_of_file: impl Fn(&Position) -> Option<LogName>) {
    let name = |at: &Position| text_of_name(name_of_file(at));
    // Stock's texts have room for a position in any case: no name and 0 for none.
    let name_of = |at: &Option<Position>| at.as_ref().map_or_else(String::new, name);
    let offset_of = |at: &Option<Position>| at.map_or(0, |at| at.offset);
    let place = |at: &Position| format!("({}, {})", name(at), at.offset);
    match message {
        Message::Enabled => {
            log::message(Level::Note, stock::ER_SEMISYNC_RPL_INIT_FOR_TRX, &[]);
            log::message(Level::Note, stock::ER_SEMISYNC_RPL_ENABLED_ON_SOURCE, &[]);
        }
        Message::Disabled => log::message(Level::Note, stock::ER_SEMISYNC_DISABLED_ON_SOURCE, &[]),
        Message::SwitchedOff => log::message(Level::Note, stock::ER_SEMISYNC_RPL_SWITCHED_OFF, &[]),
        Message::SwitchedOn(at) => log::message(
            Level::Note,
            stock::ER_SEMISYNC_RPL_SWITCHED_ON,
            &[Arg::Text(&name_of(at)), Arg::Number(offset_of(at))],
        ),
        Message::TimedOut { waiting, confirmed } => log::message(
            Level::Warning,
            stock::ER_SEMISYNC_WAIT_FOR_BINLOG_TIMEDOUT,
            &[
                Arg::Text(&name(waiting)),
                Arg::Number(waiting.offset),
                Arg::Text(&name_of(confirmed)),
                Arg::Number(offset_of(confirmed)),
            ],
        ),
        Message::WaitsOn => operator::waits_on(),
        Message::Released { sessions, up_to } => {
            operator::released(*sessions, up_to.as_ref().map(place).as_deref());
        }
        Message::Killed { waiting, confirmed } => {
            operator::killed(&place(waiting), &up_to(confirmed.as_ref().map(place)));
        }
        Message::Refuses(refusal) => operator::refuses(*refusal),
        Message::RefusesNoMore => operator::refuses_no_more(),
        Message::ForcedShutdown => {
            log::message(Level::Warning, stock::ER_SEMISYNC_FORCED_SHUTDOWN, &[]);
        }
        Message::OutOfOrder(OutOfOrder { last, new }) => log::message(
            Level::Error,
            stock::ER_SEMISYNC_BINLOG_WRITE_OUT_OF_ORDER,
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

/// What is confirmed, where that is a place.
fn up_to(place: Option<String>) -> String {
    place.map_or_else(
        || "nothing since semi-sync was enabled".to_owned(),
        |place| format!("everything up to {place}"),
    )
}

/// The server's shutdown is done with all sessions.
/// `not_cut`: clients that were told OK because their connection cannot be cut.
pub fn left_unconfirmed(
    left: &LeftUnconfirmed,
    not_cut: u64,
    name_of_file: impl Fn(&Position) -> Option<LogName>,
) {
    let LeftUnconfirmed {
        commits,
        first,
        confirmed,
    } = left;
    let confirmed = up_to(confirmed.map(|at| {
        let file = text_of_name(name_of_file(&at));
        format!("({file}, {})", at.offset)
    }));
    let clients = match not_cut {
        0 => "Their clients lost the connection and were not told OK.".to_owned(),
        some => format!(
            "Their clients lost the connection and were not told OK, but for {some} whose \
             connection cannot be cut (X protocol)."
        ),
    };
    // Behind stock's own text, which those who read logs know and expect.
    let code = stock::ER_SEMISYNC_FORCED_SHUTDOWN;
    log::coded(
        Level::Warning,
        code,
        format_args!(
            "{} Semi-sync at shutdown: {commits} commit(s) stay in the binary log although too few \
             replicas have acknowledged them; the first of them ends at ({}, {}). \
             Acknowledged is {confirmed}. {clients}",
            log::server_text(code, &[]),
            text_of_name(name_of_file(first)),
            first.offset
        ),
    );
}

/// A dump begins. `kind`: "semi-sync" or "asynchronous"; `start`: as the replica names it.
pub fn dump_started(kind: &str, server_id: u32, start: LogPos<'_>) {
    log::message(
        Level::Note,
        stock::ER_SEMISYNC_START_BINLOG_DUMP_TO_REPLICA,
        &[
            Arg::Text(kind),
            Arg::Number(server_id.into()),
            Arg::Text(&printable(start.path())),
            Arg::Number(start.offset),
        ],
    );
}

pub fn dump_stopped(how: &str, server_id: u32) {
    log::message(
        Level::Note,
        stock::ER_SEMISYNC_STOP_BINLOG_DUMP_TO_REPLICA,
        &[Arg::Text(how), Arg::Number(server_id.into())],
    );
}

/// A replica broke the protocol: stock's text and number where it has one,
/// with the replica's server id and address, and what follows from it.
pub fn violation(server_id: u32, peer: &str, violation: Violation) {
    let code = match violation {
        Violation::Magic => Some(stock::ER_SEMISYNC_REPLY_MAGIC_NO_ERROR),
        Violation::TooShort => Some(stock::ER_SEMISYNC_REPLY_PKT_LENGTH_TOO_SMALL),
        Violation::NameTooLong | Violation::PacketTooLarge => {
            Some(stock::ER_SEMISYNC_REPLY_BINLOG_FILE_TOO_LARGE)
        }
        Violation::BadName | Violation::Compression => None,
    };
    let end = "its acknowledgements do not count until it connects again.";
    match code {
        Some(code) => log::coded(
            Level::Error,
            code,
            format_args!(
                "{} Replica (server_id: {server_id}) at {peer}: {violation}; {end}",
                log::server_text(code, &[])
            ),
        ),
        None => log::plain(
            Level::Error,
            format_args!(
                "Semi-sync replica (server_id: {server_id}) at {peer}: {violation}; {end}"
            ),
        ),
    }
}

/// A replica acknowledged `offset` of the file `name`. `sent`: how far it was sent the log.
pub fn from_the_future(
    server_id: u32,
    peer: &str,
    sent: Option<(LogName, u64)>,
    name: &[u8],
    offset: u64,
) {
    let sent = sent.map_or_else(
        || "nothing was sent to it yet".to_owned(),
        |(file, offset)| format!("it was served up to ({}, {offset})", printable(&file)),
    );
    log::plain(
        Level::Error,
        format_args!(
            "Semi-sync replica (server_id: {server_id}) at {peer} acknowledged ({}, {offset}), but \
             {sent}: refused. Further ones of this connection are refused in silence.",
            printable(name),
        ),
    );
}

/// Whoever has closed the connection.
pub fn connection_gone(server_id: u32, peer: &str) {
    log::plain(
        Level::Note,
        format_args!(
            "The connection of semi-sync replica (server_id: {server_id}) at {peer} is closed: the \
             replica no longer counts."
        ),
    );
}

pub fn log_was_reset() {
    log::plain(
        Level::Note,
        format_args!(
            "The binary log was reset: semi-sync replicas have to connect again, for the new log."
        ),
    );
}

pub fn must_connect_again(server_id: u32, peer: &str) {
    log::plain(
        Level::Note,
        format_args!(
            "Semi-sync replica (server_id: {server_id}) at {peer} asked for the binary log before \
             it was reset: it has to connect again."
        ),
    );
}

/// A replica begins behind commits that wait, and the file that it begins with may not name them.
pub fn may_lack(server_id: u32, peer: &str) {
    log::plain(
        Level::Warning,
        format_args!(
            "Semi-sync replica (server_id: {server_id}) at {peer} begins with a binary log file that \
             does not name all GTIDs of the files before: it may never get transactions that wait \
             there, and does not count until their waits are over. Compare its data with the source."
        ),
    );
}

/// A replica takes for its own what was committed here.
pub fn throws_away(server_id: u32, peer: &str) {
    log::plain(
        Level::Error,
        format_args!(
            "Semi-sync replica (server_id: {server_id}) at {peer} throws away what was committed \
             here while this server had the same server_id: its acknowledgements do not count \
             until it connects again. Give each server a server_id of its own; the replica lacks \
             these transactions for ever."
        ),
    );
}

/// A replica calls itself by a word that is none. `what`: "name" or "zone".
pub fn ignored_word(server_id: u32, what: &str, word: &str) {
    log::plain(
        Level::Warning,
        format_args!(
            "Replica (server_id: {server_id}) says that its {what} is '{}'. This is ignored: a \
             {what} has 1 to 64 printable ASCII characters, no space, none of , ( ) : = @ \" ' *, \
             and is neither a number nor a UUID.",
            printable(word.as_bytes())
        ),
    );
}

/// A replica calls itself by a name that `semisync_source_members` gives to another server.
pub fn claims_anothers_name(server_id: u32, name: &str) {
    log::plain(
        Level::Warning,
        format_args!(
            "Replica (server_id: {server_id}) says that its name is '{name}'. This is ignored: \
             semisync_source_members gives the name to another server."
        ),
    );
}

/// A semi-sync replica that does not count and is not asked, and why.
pub fn served_asynchronously(server_id: u32, why: &str) {
    log::message(
        Level::Error,
        stock::ER_SEMISYNC_FAILED_REGISTER_REPLICA_TO_RECEIVER,
        &[],
    );
    log::plain(
        Level::Warning,
        format_args!(
            "Replica (server_id: {server_id}) is served asynchronously: acknowledgements cannot be \
             read safely from its connection, because {why}."
        ),
    );
}

/// After a panic in `hook` (see `semisync_server::guard`).
pub fn internal_error(hook: &str) {
    log::plain(
        Level::Error,
        format_args!(
            "Internal error in hook '{hook}': semi-sync replication is switched OFF, replication \
             goes on asynchronously. Setting the plugin's _enabled variable OFF and ON again \
             starts it anew; please report this."
        ),
    );
}

/// `what`: whole sentences about tables that are missing, or stay.
pub fn tables(level: Level, what: &str) {
    log::plain(level, format_args!("{what}"));
}

// ---- the receiver thread ----

pub fn receiver_starts() {
    log::message(
        Level::Note,
        stock::ER_SEMISYNC_STARTING_ACK_RECEIVER_THD,
        &[],
    );
}

pub fn receiver_stops() {
    log::message(
        Level::Note,
        stock::ER_SEMISYNC_STOPPING_ACK_RECEIVER_THREAD,
        &[],
    );
}

pub fn receiver_failed_to_start(errno: c_int) {
    receiver_failed(stock::ER_SEMISYNC_FAILED_TO_START_ACK_RECEIVER_THD, errno);
}

pub fn receiver_failed_to_stop(errno: c_int) {
    receiver_failed(stock::ER_SEMISYNC_FAILED_TO_STOP_ACK_RECEIVER_THD, errno);
}

pub fn receiver_failed_to_wait(errno: c_int) {
    receiver_failed(stock::ER_SEMISYNC_FAILED_TO_WAIT_ON_DUMP_SOCKET, errno);
}

fn receiver_failed(message: u32, errno: c_int) {
    let args = [Arg::Number(errno.unsigned_abs().into())];
    log::message(Level::Error, message, &args);
}

// ---- uninstalling ----

/// An observer could not be taken back.
pub fn unregister_failed(message: u32) {
    log::message(Level::Error, message, &[]);
}

pub fn unregistered() {
    log::message(Level::Note, stock::ER_SEMISYNC_UNREGISTERED_REPLICATOR, &[]);
}

/// A dump thread could not flush; the server finds the error in the connection and ends
/// the dump.
pub fn flush_failed() {
    log::message(
        Level::Error,
        stock::ER_SEMISYNC_SOURCE_FAILED_ON_NET_FLUSH,
        &[],
    );
}

// ---- bit 16 of trace_level: a line for each position ----

pub fn trace_wait(end: LogPos<'_>) {
    let args = [
        Arg::Text("wait_for_acknowledgement"),
        Arg::Text(&printable(end.file())),
        Arg::Number(end.offset),
        Arg::Number(1),
    ];
    log::message(Level::Note, stock::ER_SEMISYNC_SOURCE_TRX_WAIT_POS, &args);
}

pub fn trace_ack(server_id: u32, name: &[u8], offset: u64) {
    let args = [
        Arg::Text("acknowledge"),
        Arg::Text(&printable(name)),
        Arg::Number(offset),
        Arg::Number(server_id.into()),
    ];
    log::message(Level::Note, stock::ER_SEMISYNC_SERVER_REPLY, &args);
}

/// An event is about to be sent. `asks`: for an acknowledgement; `on`: semi-sync is ON.
pub fn trace_event(server_id: u32, end: LogPos<'_>, asks: bool, on: bool) {
    let args = [
        Arg::Text("before_send_event"),
        Arg::Number(server_id.into()),
        Arg::Text(&printable(end.file())),
        Arg::Number(end.offset),
        Arg::Number(asks.into()),
        Arg::Number(on.into()),
    ];
    log::message(
        Level::Note,
        stock::ER_SEMISYNC_SYNC_HEADER_UPDATE_INFO,
        &args,
    );
}

/// The name of a position's file, or nothing if that file is not remembered any more.
fn text_of_name(name: Option<LogName>) -> String {
    name.map_or_else(String::new, |name| printable(&name))
}
