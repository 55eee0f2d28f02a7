//! The server's error log.
//!
//! `message` logs by the server's own message number: the text is fetched from
//! the server and filled in here, so that it is stock's text whatever the
//! series says today. `note` and its like are for what stock has no message for.
//! Any thread may log; no lock of ours may be held (the log may block on disk).

use crate::plugin::Service;
use semisync_sys as sys;
use std::{
    ffi::{CStr, CString, c_int, c_longlong, c_void},
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicPtr, Ordering},
    },
};

/// Priority of a line in the error log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    Error,
    Warning,
    /// Shown with `log_error_verbosity=3`.
    Note,
}

/// A value for a `%s`, `%d`, `%u` or `%lu` of the server's text.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    Text(&'a str),
    Number(u64),
}

static MESSAGE: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static ERRMSG: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// The service, kept as long as its functions are used.
static SERVICE: Mutex<Option<Service<*const c_void>>> = Mutex::new(None);

/// Makes the log usable. `message` and `errmsg_by_errcode` are slots of the
/// service "log_builtins".
pub(crate) fn connect(
    message: sys::log_builtins_message_func,
    errmsg_by_errcode: sys::log_builtins_errmsg_func,
    service: Service<*const c_void>,
) {
    *SERVICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
    let address = |f: Option<*mut c_void>| f.unwrap_or(std::ptr::null_mut());
    MESSAGE.store(
        address(message.map(|f| f as *mut c_void)),
        Ordering::Release,
    );
    ERRMSG.store(
        address(errmsg_by_errcode.map(|f| f as *mut c_void)),
        Ordering::Release,
    );
}

/// Gives the service back; whatever is logged from now on is lost. The functions
/// are the server's own, so one that is just running ends well.
pub(crate) fn disconnect() {
    MESSAGE.store(std::ptr::null_mut(), Ordering::Release);
    ERRMSG.store(std::ptr::null_mut(), Ordering::Release);
    *SERVICE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Logs the server's message `code`, its conversions filled with `args` in order.
pub fn message(level: Level, code: sys::semisync_message, args: &[Arg<'_>]) {
    write(level, code.into(), &fill(&text_of(code), args));
}

/// The text of the server's message `code`, filled in; for a line that carries
/// the number but says more than stock's text.
pub fn server_text(code: sys::semisync_message, args: &[Arg<'_>]) -> String {
    fill(&text_of(code), args)
}

/// Logs a text of our own under the server's message number.
pub fn coded(level: Level, code: sys::semisync_message, text: fmt::Arguments<'_>) {
    write(level, code.into(), &text.to_string());
}

/// Logs a text of our own, for which the server has no number.
pub fn plain(level: Level, text: fmt::Arguments<'_>) {
    write(level, 0, &text.to_string());
}

fn text_of(code: sys::semisync_message) -> String {
    let errmsg = ERRMSG.load(Ordering::Acquire);
    let Ok(number) = c_int::try_from(code) else {
        return String::new();
    };
    if errmsg.is_null() {
        return String::new();
    }
    // SAFETY: the address is that of the service's function (see `connect`).
    let errmsg: unsafe extern "C" fn(c_int) -> *const std::ffi::c_char =
        unsafe { std::mem::transmute(errmsg) };
    // SAFETY: takes any number, answers with a static string or null.
    unsafe { crate::text(errmsg(number)) }.to_owned()
}

fn write(level: Level, code: c_longlong, text: &str) {
    let message = MESSAGE.load(Ordering::Acquire);
    if message.is_null() {
        return;
    }
    let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
    let subsystem: &CStr = c"Repl";
    let level = c_longlong::from(match level {
        Level::Error => sys::LOG_PRIO_ERROR,
        Level::Warning => sys::LOG_PRIO_WARNING,
        Level::Note => sys::LOG_PRIO_INFORMATION,
    });
    // SAFETY: the address is that of the service's variadic function.
    let message: unsafe extern "C" fn(c_int, ...) -> c_int =
        unsafe { std::mem::transmute(message) };
    // SAFETY: pairs of an item type (int) and its value (64-bit integer or C
    // string), the text last, as the service's description wants it. The
    // strings outlive the call.
    unsafe {
        message(
            item(sys::LOG_TYPE_ERROR),
            item(sys::LOG_ITEM_LOG_PRIO),
            level,
            item(sys::LOG_ITEM_SQL_ERRCODE),
            code,
            item(sys::LOG_ITEM_SRV_SUBSYS),
            subsystem.as_ptr(),
            item(sys::LOG_ITEM_LOG_VERBATIM),
            text.as_ptr(),
        );
    }
}

fn item(kind: u32) -> c_int {
    c_int::try_from(kind).unwrap_or_default()
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
