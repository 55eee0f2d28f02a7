//! What a server series can do, as properties with names, and how it spells what all of them can.
//!
//! Tests are written in the words of the newest series, guides in their own. [`Dialect::spell`]
//! turns either into what the server takes. A test that needs what a series lacks says so with
//! [`crate::needs!`] and ends: nothing is left out in silence.

mod spelling;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::libraries::Libraries;
use crate::names::Names;
use crate::paths;

/// A series by its name: `5.6`, `9.7`, `mariadb-10.1`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dialect {
    series: String,
    mariadb: bool,
    version: (u32, u32),
}

impl Dialect {
    pub fn of(series: &str) -> Dialect {
        let number = series.strip_prefix("mariadb-").unwrap_or(series);
        let version = number
            .split_once('.')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        Dialect {
            series: series.to_owned(),
            mariadb: number != series,
            version: version.unwrap_or_else(|| panic!("no server series: {series:?}")),
        }
    }

    /// The series of this run: `MYSQL_SERIES`.
    pub fn of_run() -> Dialect {
        Dialect::of(&paths::series())
    }

    pub fn series(&self) -> &str {
        &self.series
    }

    /// The series without the maker's name: `10.1`.
    pub fn number(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    pub fn is_mariadb(&self) -> bool {
        self.mariadb
    }

    fn mysql_from(&self, major: u32, minor: u32) -> bool {
        !self.mariadb && self.version >= (major, minor)
    }

    fn mariadb_from(&self, major: u32, minor: u32) -> bool {
        self.mariadb && self.version >= (major, minor)
    }

    // --- the plugins ---

    /// Commits can wait before the engine's commit. Where they cannot, AFTER_COMMIT is all there is
    /// and the variable is absent.
    pub fn has_wait_point(&self) -> bool {
        self.mysql_from(5, 7) || self.mariadb_from(10, 1)
    }

    /// The server asks before it writes a transaction to the binary log, so that one can be refused.
    pub fn has_before_commit(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// DDL is a transaction: it is done and in the binary log, or neither.
    pub fn has_atomic_ddl(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// Plugins have tables in `performance_schema`.
    pub fn has_tables(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// Privileges such as CONNECTION_ADMIN.
    pub fn has_dynamic_privileges(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// The wait points that can be tried.
    pub fn wait_points(&self) -> &'static [&'static str] {
        if self.has_wait_point() {
            &["AFTER_SYNC", "AFTER_COMMIT"]
        } else {
            &["AFTER_COMMIT"]
        }
    }

    pub fn default_wait_point(&self) -> &'static str {
        if self.mariadb {
            "AFTER_COMMIT"
        } else {
            self.wait_points()[0]
        }
    }

    /// A variable sets how many replicas must answer. Ours have it on every MySQL, stock since 5.7.
    pub fn has_wait_count(&self) -> bool {
        !self.mariadb && (Libraries::under_test() != Libraries::Stock || self.mysql_from(5, 7))
    }

    /// How many variables the source's side has.
    pub fn source_variables(&self) -> usize {
        4 + usize::from(self.has_wait_point()) + usize::from(self.has_wait_count())
    }

    /// The server asks a plugin before it unloads it, and passes over the plugin's hooks meanwhile.
    pub fn asks_before_uninstall(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// A plugin in use is not unloaded. Where it is unloaded, that ends the replicas' connections.
    pub fn refuses_uninstall(&self) -> bool {
        !self.mariadb
    }

    /// The error of a refused UNINSTALL PLUGIN. A server before 8.0 looks after the older names
    /// itself, and has another error for other names.
    pub fn uninstall_error(&self, names: Names) -> u16 {
        match self.asks_before_uninstall() || names == Names::Old {
            true => 1883,
            false => 1720,
        }
    }

    /// Messages have numbers (`MY-011170`) and the words source and replica. Before, they say
    /// master and slave.
    pub fn has_message_codes(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// TLS can be read without blocking. Where it cannot, ours serve such a replica asynchronously;
    /// stock's plugins read all the same.
    pub fn acknowledges_over_tls(&self) -> bool {
        Libraries::under_test() == Libraries::Stock
            || self.mysql_from(8, 0)
            || (!self.mariadb && self.has_openssl())
    }

    /// Of the TLS libraries that MySQL before 8.0 can be built with, only yaSSL lacks RSA keys for
    /// passwords.
    fn has_openssl(&self) -> bool {
        // mysqld wants a directory to try things in. The server's own is the template of all
        // others.
        let help = Command::new(paths::server_dir_of(&self.series).join("bin/mysqld"))
            .args(["--no-defaults", "--user=root", "--verbose", "--help"])
            .arg(format!("--datadir={}", paths::scratch_root().display()))
            .output()
            .expect("mysqld --help");
        assert!(help.status.success(), "mysqld --help: {help:?}");
        String::from_utf8_lossy(&help.stdout).contains("sha256-password-private-key-path")
    }

    /// Plugins hear of a dump once the server has found its start in the log. Before, ours do not
    /// believe a start in a file without commits.
    pub fn checks_start_of_dump(&self) -> bool {
        !self.mariadb || self.version >= (10, 0)
    }

    /// The server comes with semi-sync plugins of its own.
    pub fn has_stock(&self) -> bool {
        Libraries::Stock.is_there(&self.series)
    }

    /// The vocabularies of the server's own plugins.
    pub fn stock_names(&self) -> &'static [Names] {
        match (self.mariadb, self.version) {
            (false, (9.., _)) => &[Names::New],
            (false, (8, _)) => &Names::BOTH,
            _ => &[Names::Old],
        }
    }

    /// `performance_schema` is there and ON.
    pub fn has_performance_schema(&self) -> bool {
        !self.mariadb
    }

    /// Performance schema knows what a thread is doing.
    pub fn has_stages(&self) -> bool {
        self.mysql_from(5, 6) || self.mariadb_from(10, 0)
    }

    /// Performance schema remembers an instrument that is disabled when it is made, and can count
    /// it later.
    pub fn makes_disabled_instruments(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// Performance schema counts memory.
    pub fn counts_memory(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// `performance_schema.threads` has what `information_schema.PROCESSLIST` has, and takes no
    /// lock of the server.
    pub(crate) fn has_quiet_processlist(&self) -> bool {
        self.mysql_from(8, 0)
    }

    // --- the server ---

    /// Global transaction ids as MySQL has them, with auto-position.
    pub fn has_gtid(&self) -> bool {
        self.mysql_from(5, 6)
    }

    /// `performance_schema` tells which transactions a replica has received.
    pub fn has_received_set(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// Whether a receiver stops when the server could not sync its relay log.
    pub fn reports_relay_log_failures(&self) -> bool {
        self.mysql_from(8, 0)
    }

    pub fn has_channels(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// Each link has compression of its own, zstd among it. Before, there is one switch for zlib.
    pub fn has_compression_algorithms(&self) -> bool {
        self.mysql_from(8, 0)
    }

    pub fn has_transaction_compression(&self) -> bool {
        self.mysql_from(8, 0)
    }

    pub fn has_set_persist(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// `performance_schema.variables_info`: limits and origins of variables.
    pub fn has_variables_info(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// `replication_sender_observe_commit_only` and
    /// `replication_optimize_for_static_plugin_config`.
    pub fn has_observe_commit_only(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// `binlog_order_commits`: OFF lets sessions wait side by side, as MariaDB's always do.
    pub fn has_order_commits(&self) -> bool {
        self.mysql_from(5, 6)
    }

    /// With `binlog_order_commits=OFF` a new binary log does not name the GTIDs of commits that
    /// wait while the file is begun. A replica that connects by GTID never gets them, with stock's
    /// plugins either. (5.6 and 8.0 count them in first.)
    pub fn loses_gtids_of_waiting_commits(&self) -> bool {
        !self.mariadb && self.version == (5, 7)
    }

    pub fn has_regexp_like(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// The table from which `variable_name` and `variable_value` of the status are selected.
    pub fn status_table(&self) -> &'static str {
        if self.mysql_from(5, 7) {
            "performance_schema.global_status"
        } else {
            "information_schema.global_status"
        }
    }

    /// Where ID, COMMAND and STATE of the sessions are selected from.
    pub fn processlist(&self) -> &'static str {
        if self.has_quiet_processlist() {
            "performance_schema.processlist"
        } else {
            "information_schema.PROCESSLIST"
        }
    }

    /// An option file can name one plugin after the other.
    pub fn has_plugin_load_add(&self) -> bool {
        self.mysql_from(5, 6) || self.mariadb_from(10, 0)
    }

    /// A dump or receiver thread holds the plugins whose hooks it runs until it ends.
    pub fn holds_plugins_in_use(&self) -> bool {
        self.mariadb_from(10, 0)
    }

    /// SHUTDOWN as a statement.
    pub fn has_shutdown_statement(&self) -> bool {
        self.mysql_from(5, 7) || self.mariadb_from(10, 1)
    }

    /// The option for appliers that work side by side; `None`: they cannot.
    pub fn parallel_workers(&self, count: u32) -> Option<String> {
        let name = match self.mariadb {
            false if self.mysql_from(8, 0) => "replica-parallel-workers",
            false if self.mysql_from(5, 6) => "slave-parallel-workers",
            true if self.mariadb_from(10, 0) => "slave-parallel-threads",
            _ => return None,
        };
        Some(format!("{name}={count}"))
    }

    /// Plugins can see that parallel appliers are being stopped.
    pub fn shows_stop_to_workers(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// A shutdown ends the dumps last: the source still reads what replicas acknowledge meanwhile.
    pub fn ends_dumps_last(&self) -> bool {
        !self.mariadb
    }

    /// `bin/mysql` is the server's own, and has `--ssl-mode`.
    pub fn has_client_for_tls(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// `performance_schema` tells the number of the operating system's thread.
    pub fn has_thread_os_id(&self) -> bool {
        self.mysql_from(5, 7)
    }

    /// A row of megabytes needs a redo log of ten times its size.
    pub(crate) fn limits_rows_by_redo_log(&self) -> bool {
        self.version == if self.mariadb { (10, 1) } else { (5, 6) }
    }

    /// `mysql_native_password` works without an option: until MySQL 8.4.
    pub fn has_native_passwords(&self) -> bool {
        !self.mysql_from(8, 4)
    }

    /// Row events of the first version, which MariaDB writes, can be applied: until MySQL 8.4.
    pub fn reads_first_row_events(&self) -> bool {
        !self.mysql_from(8, 4)
    }
}

/// Says that a test, or a part of one, does not apply: to people at once, though the test's other
/// output is kept back, and in a file for a list at the end of a run.
pub fn not_applicable(reason: &str) {
    let libraries = match Libraries::under_test() {
        Libraries::Stock => "stock's ",
        _ => "",
    };
    let series = paths::series();
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("?");
    let exe = std::env::current_exe().unwrap_or_default();
    let suite = exe.file_name().unwrap_or_default().to_string_lossy();
    let suite = suite.split('-').next().unwrap_or_default();
    let line = format!("{suite} {test}: not on {libraries}{series}: {reason}\n");
    // println! would be kept back with the output of a test that passes.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
    let Some(list) = list_of_not_applicable(&exe, &series) else {
        return;
    };
    let file = OpenOptions::new().create(true).append(true).open(&list);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .unwrap_or_else(|e| panic!("{}: {e}", list.display()));
}

/// `target/not-applicable-<series>.txt`, beside `target/debug/deps/<this program>`.
fn list_of_not_applicable(exe: &std::path::Path, series: &str) -> Option<PathBuf> {
    let target = exe.ancestors().nth(3)?;
    Some(target.join(format!("not-applicable-{series}.txt")))
}

/// Ends a test that needs what this series lacks, and says so: `needs!(dialect.has_wait_point(),
/// "it has no wait_point")`.
#[macro_export]
macro_rules! needs {
    ($has:expr, $reason:expr) => {
        if !$has {
            $crate::dialect::not_applicable($reason);
            return;
        }
    };
}
