//! The server's error log.
//!
//! `message` logs stock's message by its number: the text is fetched from the
//! server where it knows the number (MySQL 8.0 and later), else from a table, and
//! filled in here. `note` and its like are for what stock has no message for.
//! Any thread may log; no lock of ours may be held (the log may block on disk).

use crate::{library::Part, plugin::Handle, strings};
pub use semisync_sys::compat::LogLevel as Level;
use semisync_sys::{compat, semisync_message};
use std::{
    ffi::{CStr, CString, c_int},
    fmt,
    sync::{PoisonError, RwLock},
};

/// The numbers of stock's messages.
pub mod messages {
    pub use semisync_sys::{
        ER_SEMISYNC_BINLOG_WRITE_OUT_OF_ORDER, ER_SEMISYNC_DISABLED_ON_SOURCE,
        ER_SEMISYNC_EXECUTION_FAILED_ON_SOURCE, ER_SEMISYNC_FAILED_REGISTER_REPLICA_TO_RECEIVER,
        ER_SEMISYNC_FAILED_TO_START_ACK_RECEIVER_THD, ER_SEMISYNC_FAILED_TO_STOP_ACK_RECEIVER_THD,
        ER_SEMISYNC_FAILED_TO_WAIT_ON_DUMP_SOCKET, ER_SEMISYNC_FORCED_SHUTDOWN,
        ER_SEMISYNC_MISSING_MAGIC_NO_FOR_SEMISYNC_PKT, ER_SEMISYNC_NO_SPACE_IN_THE_PKT,
        ER_SEMISYNC_NOT_SUPPORTED_BY_SOURCE, ER_SEMISYNC_REPLICA_NET_FLUSH_REPLY_FAILED,
        ER_SEMISYNC_REPLICA_REPLY, ER_SEMISYNC_REPLICA_REPLY_WITH_BINLOG_INFO,
        ER_SEMISYNC_REPLICA_SEND_REPLY_FAILED, ER_SEMISYNC_REPLICA_SET_FAILED,
        ER_SEMISYNC_REPLICA_START, ER_SEMISYNC_REPLY_BINLOG_FILE_TOO_LARGE,
        ER_SEMISYNC_REPLY_MAGIC_NO_ERROR, ER_SEMISYNC_REPLY_PKT_LENGTH_TOO_SMALL,
        ER_SEMISYNC_RPL_ENABLED_ON_SOURCE, ER_SEMISYNC_RPL_INIT_FOR_TRX,
        ER_SEMISYNC_RPL_SWITCHED_OFF, ER_SEMISYNC_RPL_SWITCHED_ON, ER_SEMISYNC_SERVER_REPLY,
        ER_SEMISYNC_SOURCE_FAILED_ON_NET_FLUSH, ER_SEMISYNC_SOURCE_TRX_WAIT_POS,
        ER_SEMISYNC_START_BINLOG_DUMP_TO_REPLICA, ER_SEMISYNC_STARTING_ACK_RECEIVER_THD,
        ER_SEMISYNC_STOP_BINLOG_DUMP_TO_REPLICA, ER_SEMISYNC_STOPPING_ACK_RECEIVER_THREAD,
        ER_SEMISYNC_SYNC_HEADER_UPDATE_INFO, ER_SEMISYNC_UNREGISTER_BINLOG_STORAGE_OBSERVER_FAILED,
        ER_SEMISYNC_UNREGISTER_BINLOG_TRANSMIT_OBSERVER_FAILED,
        ER_SEMISYNC_UNREGISTER_TRX_OBSERVER_FAILED, ER_SEMISYNC_UNREGISTERED_REPLICATOR,
        ER_SEMISYNC_WAIT_FOR_BINLOG_TIMEDOUT,
    };
}

/// A value for a `%s`, `%d`, `%u` or `%lu` of the server's text.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    Text(&'a str),
    Number(u64),
}

/// The server's log, from the first `connect` of the library's two plugins to the last
/// `disconnect`.
static LOG: RwLock<Shared> = RwLock::new(Shared {
    log: None,
    main: false,
    operator: false,
});

/// What the plugins of a library have together, and which of them uses it.
struct Shared {
    log: Option<compat::Log>,
    main: bool,
    operator: bool,
}

impl Shared {
    fn set_used(&mut self, by: Part, used: bool) {
        match by {
            Part::Main => self.main = used,
            Part::Operator => self.operator = used,
        }
    }
}

/// Makes the log usable; in `init`. Err: why it cannot be.
pub(crate) fn connect(plugin: &Handle) -> Result<(), String> {
    let mut shared = LOG.write().unwrap_or_else(PoisonError::into_inner);
    if shared.log.is_none() {
        // SAFETY: in `init`, with the services of the library.
        shared.log = Some(unsafe { compat::Log::open(plugin.services) }?);
    }
    shared.set_used(plugin.part, true);
    Ok(())
}

/// Gives back what `connect` took. Once neither plugin uses the log, whatever is logged is lost.
pub(crate) fn disconnect(plugin: &Handle) {
    let mut shared = LOG.write().unwrap_or_else(PoisonError::into_inner);
    shared.set_used(plugin.part, false);
    if !shared.main && !shared.operator {
        shared.log = None;
    }
}

fn with_log<R>(look: impl FnOnce(&compat::Log) -> R) -> Option<R> {
    let shared = LOG.read().unwrap_or_else(PoisonError::into_inner);
    shared.log.as_ref().map(look)
}

/// Logs the server's message `code`, its conversions filled with `args` in order.
pub fn message(level: Level, code: semisync_message, args: &[Arg<'_>]) {
    write(level, code, &fill(&text_of(code), args));
}

/// The text of the server's message `code`, filled in; for a line that carries
/// the number but says more than stock's text.
pub fn server_text(code: semisync_message, args: &[Arg<'_>]) -> String {
    fill(&text_of(code), args)
}

/// Logs a text of our own under the server's message number.
pub fn coded(level: Level, code: semisync_message, text: fmt::Arguments<'_>) {
    write(level, code, &text.to_string());
}

/// Logs a text of our own, for which the server has no number.
pub fn plain(level: Level, text: fmt::Arguments<'_>) {
    write(level, 0, &text.to_string());
}

/// Logs the server's message `code` in the plugin's name, where stock does so.
pub fn in_the_name_of(plugin: &CStr, level: Level, code: semisync_message, args: &[Arg<'_>]) {
    if compat::SPEAKS_IN_ITS_NAME {
        let plugin = plugin.to_str().unwrap_or_default();
        let text = server_text(code, args);
        coded(
            level,
            code,
            format_args!("Plugin {plugin} reported: '{text}'"),
        );
    } else {
        message(level, code, args);
    }
}

/// A name that somebody else has sent, for the error log: what is not text, and what would
/// steer a terminal or begin a line of its own, becomes a `?`.
pub fn printable(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.replace(
        |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER,
        "?",
    )
}

fn text_of(code: semisync_message) -> String {
    let Ok(number) = c_int::try_from(code) else {
        return String::new();
    };
    // SAFETY: a static string, or null.
    with_log(|log| unsafe { strings::text(log.text(number)) }.to_owned()).unwrap_or_default()
}

fn write(level: Level, code: semisync_message, text: &str) {
    let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
    with_log(|log| log.write(level, code.into(), &text));
}

/// Fills the conversions of a printf format, one argument each, in order.
fn fill(format: &str, args: &[Arg<'_>]) -> String {
    let mut out = String::with_capacity(format.len() + 64);
    let mut args = args.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'l' || c == '*'))
            .unwrap_or(rest.len());
        let conversion = rest[end..].chars().next();
        match (conversion, args.as_slice().first()) {
            (Some('%'), _) => out.push('%'),
            (_, Some(Arg::Text(text))) => out.push_str(text),
            (_, Some(Arg::Number(number))) => out.push_str(&number.to_string()),
            (_, None) => {}
        }
        if conversion != Some('%') {
            args.next();
        }
        rest = &rest[end + conversion.map_or(0, char::len_utf8)..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_no_line_and_steers_no_terminal() {
        assert_eq!(printable(b"binlog.000001"), "binlog.000001");
        assert_eq!(
            printable(b"b\n[ERROR] \x1b[31m\xff.000001"),
            "b?[ERROR] ?[31m?.000001"
        );
    }

    #[test]
    fn conversions_are_filled_in_order() {
        let format = "Timeout (file: %s, pos: %lu), up to %.192s, %d%%.";
        let args = [
            Arg::Text("b.000001"),
            Arg::Number(157),
            Arg::Text("a"),
            Arg::Number(4),
        ];
        assert_eq!(
            fill(format, &args),
            "Timeout (file: b.000001, pos: 157), up to a, 4%."
        );
    }

    #[test]
    fn missing_arguments_and_a_trailing_percent_are_survived() {
        assert_eq!(fill("%s and %lu", &[Arg::Text("x")]), "x and ");
        assert_eq!(fill("100%", &[]), "100");
    }
}
