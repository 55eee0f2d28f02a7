//! The running server: whether the library belongs to it, and the few things
//! that a plugin asks of it.

use crate::{
    callback::Callback,
    conflict::Conflict,
    guard,
    library::{Names, Part},
    log::{self, Level},
    plugin::Handle,
    strings::{bytes, text},
    sync,
};
use semisync_sys::{self as sys, Symbols, compat::Services};
use std::{
    ffi::{CStr, OsStr, c_int, c_uint},
    fmt,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{OnceLock, atomic::Ordering},
    time::Duration,
};

/// The server that this library was installed in, for as long as it is mapped.
static INSTALLED: OnceLock<Server> = OnceLock::new();

/// A handle to the server, as cheap to copy as a reference.
#[derive(Clone, Copy)]
pub struct Server {
    symbols: &'static Symbols,
    services: &'static Services,
}

/// Microseconds of a clock that never goes back.
pub struct MonotonicMicros;

impl MonotonicMicros {
    pub fn now() -> u64 {
        static START: OnceLock<sync::Instant> = OnceLock::new();
        let start = START.get_or_init(sync::Instant::now);
        u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Microseconds of the system's clock, which may be set.
pub fn system_micros() -> u64 {
    u64::try_from(sync::since_epoch().as_micros()).unwrap_or(0)
}

impl Server {
    /// The beginning of every `init`: connects to the server that loads the
    /// plugin, and refuses if a plugin runs that this one must not run beside.
    /// `on_panic`: see [`guard`]; the same for both plugins of a library. None: refused, and the
    /// error log says why.
    pub fn install(handle: &Handle, names: &Names, on_panic: fn(Callback)) -> Option<Self> {
        let server = Self::connect(handle)?;
        guard::arm(on_panic);
        let part = handle.part;
        if let Some(conflict) = Conflict::find(part, names, |name| server.has_plugin(name)) {
            conflict.log(part);
            server.error(
                sys::ER_INSTALL_PLUGIN_CONFLICT_CLIENT,
                c"%s%s",
                [&conflict.error, c""],
            );
            Self::disconnect(handle);
            return None;
        }
        if part == Part::Main {
            server.set_in_use(false);
        }
        Some(*INSTALLED.get_or_init(|| server))
    }

    /// The server, once a plugin of this library was installed for the first time.
    pub fn installed() -> Option<Self> {
        INSTALLED.get().copied()
    }

    /// Checks the series, looks the server's functions up and opens the error log.
    fn connect(plugin: &Handle) -> Option<Self> {
        static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
        let symbols = match SYMBOLS.get() {
            Some(symbols) => symbols,
            None => match Symbols::resolve() {
                Ok(symbols) => SYMBOLS.get_or_init(|| symbols),
                Err(missing) => {
                    plugin.refuse(&format!(
                        "this library is built for {}, and {missing}; install the library of the \
                         server's series",
                        series_name()
                    ));
                    return None;
                }
            },
        };
        // SAFETY: a C string that the server keeps for as long as it lives.
        let version = unsafe { text(symbols.server_version) };
        if !is_of_series(version, built_series()) {
            plugin.refuse(&format!(
                "this library is built for {}, the server is {version}; install the library of \
                 the server's series",
                series_name()
            ));
            return None;
        }
        if let Some(sign) = sign_of_debug_build(version, symbols.checked_mutexes.is_some()) {
            plugin.refuse(&format!(
                "this library is built for {} as it is released, the server is a debug build \
                 ({sign}): its mutexes differ",
                series_name()
            ));
            return None;
        }
        let server = Self {
            symbols,
            services: plugin.services,
        };
        if let Err(reason) = log::connect(plugin) {
            plugin.refuse(&reason);
            return None;
        }
        Some(server)
    }

    pub(crate) fn symbols(self) -> &'static Symbols {
        self.symbols
    }

    /// Gives back what `install` took from the server for this plugin. The last thing in
    /// `deinit`, and when `init` fails: nothing is logged afterwards, unless the other plugin of
    /// the library is installed.
    pub fn disconnect(handle: &Handle) {
        log::disconnect(handle);
    }

    /// Tells the server whether somebody depends on the main plugin, where it does not ask
    /// (`check_uninstall`): UNINSTALL PLUGIN is refused then. No lock of the server.
    pub fn set_in_use(self, in_use: bool) {
        self.set_in_use_beside_row(in_use, true);
    }

    /// As `set_in_use`. `shown`: whether the plugin's status row tells it too, which
    /// some servers ask instead.
    pub fn set_in_use_beside_row(self, in_use: bool, shown: bool) {
        self.services.set_in_use(in_use, shown);
    }

    /// Whether the server has begun to shut down. Any thread, no lock.
    pub fn is_shutting_down(self) -> bool {
        // SAFETY: of the type that the series has, and lives as long as the server.
        unsafe { &*self.symbols.shutdown_flag }.load(Ordering::Acquire) != 0
    }

    /// `@@GLOBAL.server_id`. Any thread, no lock.
    pub fn server_id(self) -> u32 {
        // SAFETY: an unsigned long that lives as long as the server.
        let id = unsafe { &*self.symbols.server_id }.load(Ordering::Relaxed);
        u32::try_from(id).unwrap_or_default()
    }

    /// `@@GLOBAL.read_only`. Any thread, no lock.
    pub fn is_read_only(self) -> bool {
        // SAFETY: a bool of one byte that lives as long as the server.
        unsafe { &*self.symbols.opt_readonly }.load(Ordering::Relaxed) != 0
    }

    /// `@@GLOBAL.replication_sender_observe_commit_only`. Any thread, no lock.
    pub fn observes_commits_only(self) -> bool {
        let flag = self.symbols.observe_commit_only;
        // SAFETY: a bool of one byte that lives as long as the server.
        flag.is_some_and(|flag| unsafe { &*flag }.load(Ordering::Relaxed) != 0)
    }

    /// When the command began that the current thread's session executes: microseconds of
    /// the system's clock. None: the server does not tell. Only in hooks that run in a
    /// session's thread.
    pub fn command_began(self) -> Option<u64> {
        const TO_THE_MICROSECOND: c_uint = 6;
        let (current_thd, query_start) = (self.symbols.current_thd?, self.symbols.query_start?);
        // SAFETY: takes nothing.
        let thd = unsafe { current_thd() };
        if thd.is_null() {
            return None;
        }
        // SAFETY: the session of this thread.
        let began = unsafe { query_start(thd, TO_THE_MICROSECOND) };
        let seconds = u64::try_from(began.tv_sec).ok()?;
        let micros = u64::try_from(began.tv_usec).ok()?;
        Some(seconds * 1_000_000 + micros)
    }

    /// What the index of the binary logs holds now: a line for each file, in their
    /// order. None: it cannot be read. Reads a file: with no lock held.
    pub fn binary_log_index(self) -> Option<Vec<u8>> {
        // A purge replaces the file, and for a moment there is none
        // (MYSQL_BIN_LOG::move_crash_safe_index_file_to_index_file).
        const TRIES: u32 = 5;
        const PAUSE: Duration = Duration::from_millis(1);
        // SAFETY: a pointer that the server sets before any plugin's hooks run; what it
        // points to lives as long as the server.
        let path = unsafe { bytes(*self.symbols.log_bin_index?) };
        if path.is_empty() {
            return None;
        }
        let path = Path::new(OsStr::from_bytes(path));
        for _ in 0..TRIES {
            match std::fs::read(path) {
                Ok(content) => return Some(content),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
        None
    }

    /// Whether there is a binary log at all. Only after the options were read. Any thread, no lock.
    pub fn has_binary_log(self) -> bool {
        let base = self.symbols.log_bin_basename;
        // SAFETY: as in `binary_log_index`.
        base.is_none_or(|base| !unsafe { *base }.is_null())
    }

    /// The path of a file of the binary log, by its name without the directory. None: the server
    /// does not tell where its log lies. Any thread, no lock.
    pub fn binary_log_path(self, name: &[u8]) -> Option<PathBuf> {
        // SAFETY: as in `binary_log_index`.
        let base = unsafe { bytes(*self.symbols.log_bin_basename?) };
        let directory = Path::new(OsStr::from_bytes(base)).parent()?;
        Some(directory.join(OsStr::from_bytes(name)))
    }

    /// Whether a replication plugin is installed and initialised. Not while the
    /// server's `LOCK_plugin` is held (it is not in `init`).
    fn has_plugin(self, name: &CStr) -> bool {
        self.has_plugin_of_kind(name, sys::MYSQL_REPLICATION_PLUGIN)
    }

    /// Whether the plugin for Group Replication is there. As `has_plugin`; hooks hold no
    /// `LOCK_plugin` either.
    pub(crate) fn replicates_in_a_group(self) -> bool {
        self.has_plugin_of_kind(c"group_replication", sys::MYSQL_GROUP_REPLICATION_PLUGIN)
    }

    fn has_plugin_of_kind(self, name: &CStr, kind: u32) -> bool {
        let name = sys::MYSQL_LEX_CSTRING {
            str_: name.as_ptr(),
            length: name.count_bytes(),
        };
        let kind = c_int::try_from(kind).unwrap_or_default();
        // SAFETY: a name that outlives the call.
        unsafe { (self.symbols.plugin_is_ready)(&name, kind) }
    }

    /// A user variable of the session that the current thread serves; `name`
    /// without '@'. None: it is not set, or there is no session.
    pub(crate) fn user_variable(self, name: &CStr) -> Option<i64> {
        // SAFETY: hooks run in threads of the server.
        if unsafe { self.symbols.connections.current_session() }.is_null() {
            return None;
        }
        let mut value = 0;
        let mut is_null: c_int = 0;
        // SAFETY: the thread has a session; the pointers are valid.
        let found =
            unsafe { (self.symbols.get_user_var_int)(name.as_ptr(), &mut value, &mut is_null) };
        (found == 0 && is_null == 0).then_some(value)
    }

    /// A user variable of the session that the current thread serves, as text; `name` without
    /// '@'. What is longer than [`Server::USER_TEXT`] bytes is cut off one byte later, so that it
    /// is seen to be too long. What is not UTF-8 is replaced (the text comes in the character set
    /// that the variable has).
    pub fn user_text(self, name: &CStr) -> Option<String> {
        // SAFETY: hooks run in threads of the server.
        if unsafe { self.symbols.connections.current_session() }.is_null() {
            return None;
        }
        // One byte more than fits, and one that the server does not write.
        let mut value = [0_u8; Self::USER_TEXT + 2];
        let mut is_null: c_int = 0;
        // SAFETY: the thread has a session; the pointers are valid, and the last byte stays NUL.
        let found = unsafe {
            (self.symbols.get_user_var_str)(
                name.as_ptr(),
                value.as_mut_ptr().cast(),
                value.len() - 1,
                0,
                &mut is_null,
            )
        };
        if found != 0 || is_null != 0 {
            return None;
        }
        let text = CStr::from_bytes_until_nul(&value).ok()?.to_bytes();
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// The longest text of a user variable that is read, in bytes.
    pub const USER_TEXT: usize = 255;

    /// Reports that the plugin cannot be uninstalled, as the server's own error.
    pub fn error_cannot_uninstall(self, plugin: &CStr, reason: &CStr) {
        self.error(
            sys::ER_PLUGIN_CANNOT_BE_UNINSTALLED,
            c"Plugin '%s' cannot be uninstalled now. %s",
            [plugin, reason],
        );
    }

    /// Reports that a variable cannot have the value that `SET` wants.
    pub(crate) fn error_wrong_value(self, error: &CStr) {
        self.error(sys::ER_WRONG_VALUE_FOR_VAR, c"%s%s", [error, c""]);
    }

    /// `format` holds two `%s`.
    fn error(self, number: u32, format: &CStr, [first, second]: [&CStr; 2]) {
        // SAFETY: two strings for two conversions.
        unsafe {
            (self.symbols.my_printf_error)(
                number,
                format.as_ptr(),
                0,
                first.as_ptr(),
                second.as_ptr(),
            )
        };
    }
}

/// Ends the server at once, as `binlog_error_action=ABORT_SERVER` does
/// (sql/binlog.cc, `exec_binlog_error_action_abort`): a line in the error log, then SIGABRT.
/// Clients lose their connections. The server tells the one client more, that the binary log
/// failed; we do not, because the transaction is in the binary log and lives again with it.
pub fn abort(reason: fmt::Arguments<'_>) -> ! {
    log::plain(Level::Error, reason);
    std::process::abort()
}

/// The series that this library was built for, read from the marker string
/// that the library carries (`strings` shows it).
fn built_series() -> &'static str {
    let marker = std::hint::black_box(sys::SERIES_MARKER);
    marker.split_once('=').map_or("", |(_, series)| series)
}

/// The series as people write it: "MySQL 9.7", "MariaDB 10.1".
pub(crate) fn series_name() -> String {
    match built_series().strip_prefix("mariadb-") {
        Some(numbers) => format!("MariaDB {numbers}"),
        None => format!("MySQL {}", built_series()),
    }
}

/// Whether a version such as "9.7.4-log" belongs to a series such as "9.7", or
/// "10.1.9-MariaDB" to "mariadb-10.1".
fn is_of_series(version: &str, series: &str) -> bool {
    let (numbers, mariadb) = match series.strip_prefix("mariadb-") {
        Some(numbers) => (numbers, true),
        None => (series, false),
    };
    if version.contains("MariaDB") != mariadb {
        return false;
    }
    version
        .strip_prefix(numbers)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('-'))
}

/// What tells that the server is a debug build, if something does. KILL and the
/// server's shutdown lock the mutexes that we hand over (see `wait`); those of a
/// debug build check themselves first, and are laid out in another way.
fn sign_of_debug_build(version: &str, has_checked_mutexes: bool) -> Option<String> {
    if has_checked_mutexes {
        let symbol = sys::compat::CHECKED_MUTEXES.to_string_lossy();
        return Some(format!("it exports {symbol}"));
    }
    let says_so = version.split('-').any(|word| word == "debug");
    says_so.then(|| format!("its version is {version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_belongs_to_its_series_only() {
        assert!(is_of_series("9.7.4", "9.7"));
        assert!(is_of_series("9.7", "9.7"));
        assert!(is_of_series("9.7-debug", "9.7"));
        assert!(!is_of_series("9.70.1", "9.7"));
        assert!(!is_of_series("8.4.8", "9.7"));
        assert!(is_of_series("5.5.37-MariaDB-wsrep", "mariadb-5.5"));
        assert!(!is_of_series("5.5.62-log", "mariadb-5.5"));
        assert!(!is_of_series("10.11.19-MariaDB", "mariadb-10.1"));
        assert!(!is_of_series("5.7.44-MariaDB", "5.7"));
    }

    #[test]
    fn a_debug_build_is_told_by_either_sign() {
        for release in [
            "9.7.4",
            "9.7.4-2",
            "5.6.24-log",
            "5.5.37-MariaDB-wsrep",
            "8.0.39-debugged",
        ] {
            assert_eq!(sign_of_debug_build(release, false), None);
            let sign = sign_of_debug_build(release, true);
            assert!(sign.is_some_and(|sign| sign.contains("safe_mutex")));
        }
        for debug in ["9.7.4-debug", "5.7.23-debug-log", "10.1.9-MariaDB-debug"] {
            let sign = sign_of_debug_build(debug, false);
            assert!(sign.is_some_and(|sign| sign.contains(debug)));
        }
    }

    #[test]
    fn the_library_knows_its_series() {
        let declared = CStr::from_bytes_with_nul(sys::MYSQL_SERIES).unwrap();
        assert_eq!(built_series(), declared.to_str().unwrap());
    }
}
