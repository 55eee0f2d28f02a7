//! What the server tells of its relay logs, and of what becomes of them. The files themselves are
//! others' business.

use crate::{Server, strings::bytes};
use semisync_sys::compat::RELAY_LOG_FAILURES_STOP;
use std::{
    ffi::{OsStr, c_char},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

/// Where the relay logs of the default channel are. Paths are relative to the data directory, which
/// is the server's working directory, or absolute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelayLogPlaces {
    /// Where the index may be. The first that exists is the index.
    pub indexes: Vec<PathBuf>,
    /// Where files lie that the index names without a full path; None: where the index says
    /// (`normalize_binlog_name` in the server).
    pub directory: Option<PathBuf>,
}

impl Server {
    /// Any thread, no lock.
    pub fn relay_log_places(self) -> RelayLogPlaces {
        let symbols = self.symbols();
        // SAFETY: each points to a pointer that the server sets before it loads plugins, and
        // keeps; `pidfile_name` is an array that the server fills before that.
        let [shown, log, index, pid_file] = unsafe {
            [
                option(symbols.relay_log_index),
                option(symbols.opt_relay_logname),
                option(symbols.opt_relaylog_index_name),
                symbols
                    .pidfile_name
                    .map_or(Path::new(""), |name| path(name)),
            ]
        };
        places(shown, log, index, pid_file)
    }

    /// Whether the server itself syncs the relay log after each event, and stops the receiver if
    /// it cannot. Any thread, no lock.
    pub fn syncs_each_event(self) -> bool {
        let period = self.symbols().sync_relaylog_period;
        // SAFETY: an unsigned int that lives as long as the server.
        RELAY_LOG_FAILURES_STOP
            && period.is_some_and(|period| unsafe { &*period }.load(Ordering::Relaxed) == 1)
    }

    /// Whether InnoDB has each commit on disk: `@@GLOBAL.innodb_flush_log_at_trx_commit` is 1, or
    /// the server does not show it. Any thread, no lock.
    pub fn syncs_each_commit(self) -> bool {
        let setting = self.symbols().srv_flush_log_at_trx_commit;
        // SAFETY: half of an integer that lives as long as the server.
        setting.is_none_or(|setting| unsafe { &*setting }.load(Ordering::Relaxed) == 1)
    }

    /// `@@GLOBAL.relay_log_recovery`: a start of the server throws the relay logs away. Any
    /// thread, no lock.
    pub fn recovers_relay_log(self) -> bool {
        let flag = self.symbols().relay_log_recovery;
        // SAFETY: a bool of one byte that lives as long as the server.
        flag.is_some_and(|flag| unsafe { &*flag }.load(Ordering::Relaxed) != 0)
    }
}

/// # Safety
/// `pointer` points to null, or to a C string, that does not change any more.
unsafe fn option(pointer: Option<*const *const c_char>) -> &'static Path {
    // SAFETY: the caller's promise.
    pointer.map_or(Path::new(""), |pointer| unsafe { path(*pointer) })
}

/// # Safety
/// `string` is null, or a C string that does not change any more.
unsafe fn path(string: *const c_char) -> &'static Path {
    // SAFETY: the caller's promise.
    Path::new(OsStr::from_bytes(unsafe { bytes(string) }))
}

/// As the server puts its names together (`open_index_file`, `generate_name`). `shown`:
/// `@@relay_log_index`; before MySQL 5.7 and in MariaDB it may have another extension than the
/// index. `log`, `index`: the options.
fn places(shown: &Path, log: &Path, index: &Path, pid_file: &Path) -> RelayLogPlaces {
    let mut indexes = Vec::new();
    let mut add = |index: PathBuf| {
        if !index.as_os_str().is_empty() && !indexes.contains(&index) {
            indexes.push(index);
        }
    };
    add(shown.to_path_buf());
    if shown.as_os_str().is_empty() {
        let named_by = if !index.as_os_str().is_empty() {
            index.to_path_buf()
        } else if log.as_os_str().is_empty() {
            // In the data directory, wherever that file is.
            let pid_file = pid_file.file_name().unwrap_or_default();
            suffixed(&without_extension(Path::new(pid_file)), "-relay-bin")
        } else {
            without_extension(log)
        };
        add(match named_by.extension() {
            Some(_) => named_by,
            None => suffixed(&named_by, ".index"),
        });
    } else if index.extension().is_some() {
        add(index.to_path_buf());
    }
    let directory = log.parent().filter(|parent| !parent.as_os_str().is_empty());
    RelayLogPlaces {
        indexes,
        directory: directory.map(Path::to_path_buf),
    }
}

/// The server cuts a name at its first dot (`fn_ext`).
fn without_extension(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    path.with_file_name(OsStr::from_bytes(stem))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(shown: &str, log: &str, index: &str) -> (Vec<String>, Option<String>) {
        let places = places(
            Path::new(shown),
            Path::new(log),
            Path::new(index),
            Path::new("/run/host.name.pid"),
        );
        let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
        (
            places.indexes.iter().map(text).collect(),
            places.directory.as_ref().map(text),
        )
    }

    #[test]
    fn the_index_is_where_the_server_shows_it() {
        let shown = "/data/host-relay-bin.index";
        assert_eq!(
            found(shown, "host-relay-bin", "host-relay-bin.index"),
            (vec![shown.into(), "host-relay-bin.index".into()], None)
        );
        assert_eq!(
            found("/logs/relay.index", "/logs/relay", "relay"),
            (vec!["/logs/relay.index".into()], Some("/logs".into()))
        );
    }

    /// Before MySQL 5.7 and in MariaDB the index keeps the extension that it was given.
    #[test]
    fn an_index_may_have_another_extension_than_the_server_shows() {
        assert_eq!(
            found("/data/relay.index", "", "/data/relay.idx").0,
            ["/data/relay.index", "/data/relay.idx"]
        );
    }

    /// MariaDB 5.5.
    #[test]
    fn a_server_that_shows_nothing_names_its_index_by_its_options() {
        assert_eq!(found("", "", "").0, ["host-relay-bin.index"]);
        assert_eq!(
            found("", "sub/relay.a.b", ""),
            (vec!["sub/relay.index".into()], Some("sub".into()))
        );
        assert_eq!(found("", "relay", "/x/y").0, ["/x/y.index"]);
        assert_eq!(found("", "relay", "y.idx").0, ["y.idx"]);
    }
}
