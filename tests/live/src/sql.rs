//! Connections to a server, and the short questions that tests ask of it.
//!
//! Statements are written in the newest words. Each server gets them as its series takes them (see
//! `dialect.rs`). Questions go over one kept connection, so that they leave no trace in the counts
//! of threads. A statement that may wait belongs on a connection of its own: `conn()`.

use std::collections::HashMap;
use std::sync::TryLockError;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, Error, OptsBuilder, Value};

use crate::process;
use crate::server::Server;
use crate::wait::{PATIENCE, eventually, wait_for};

/// No statement of a test may hang for ever.
const ANSWER_BOUND: Duration = Duration::from_secs(120);

pub type Rows = Vec<Vec<String>>;

impl Server {
    /// A new connection as root over the socket.
    #[track_caller]
    pub fn conn(&self) -> Conn {
        self.try_conn()
            .unwrap_or_else(|e| panic!("cannot connect to {self}: {e}"))
    }

    pub(crate) fn try_conn(&self) -> mysql::Result<Conn> {
        Conn::new(self.client_options())
    }

    pub(crate) fn client_options(&self) -> OptsBuilder {
        OptsBuilder::new()
            .socket(Some(self.socket().display().to_string()))
            .user(Some("root"))
            .read_timeout(Some(ANSWER_BOUND))
            .write_timeout(Some(ANSWER_BOUND))
    }

    /// A new connection over TCP, as a user with a password.
    #[track_caller]
    pub fn tcp_conn(&self, user: &str, password: &str) -> Conn {
        let options = self
            .client_options()
            .socket(None::<&str>)
            .prefer_socket(false)
            .ip_or_hostname(Some("127.0.0.1"))
            .tcp_port(self.port())
            .user(Some(user))
            .pass(Some(password));
        Conn::new(options).unwrap_or_else(|e| panic!("cannot connect to {self} over TCP: {e}"))
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Conn) -> mysql::Result<T>) -> mysql::Result<T> {
        let mut fresh;
        let mut kept;
        let conn: &mut Option<Conn> = match self.helper.try_lock() {
            Ok(guard) => {
                kept = guard;
                &mut kept
            }
            Err(TryLockError::Poisoned(guard)) => {
                kept = guard.into_inner();
                &mut kept
            }
            // Another thread asks just now. Its answer may take long.
            Err(TryLockError::WouldBlock) => {
                fresh = None;
                &mut fresh
            }
        };
        let mut open = match conn.take() {
            Some(open) => open,
            None => self.try_conn()?,
        };
        let answer = question(&mut open);
        // After any error that is not the server's own, the connection is not to be trusted.
        if matches!(answer, Ok(_) | Err(Error::MySqlError(_))) {
            *conn = Some(open);
        }
        answer
    }

    pub fn try_rows(&self, sql: &str) -> mysql::Result<Rows> {
        let sql = self.dialect().spell(sql);
        self.ask(|conn| rows_of(conn, &sql))
    }

    /// All rows as text, NULL as "NULL".
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Rows {
        self.try_rows(sql)
            .unwrap_or_else(|e| panic!("{self}: {sql}: {e}"))
    }

    /// The first column of the first row; fails when there is no row.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        self.try_value(sql)
            .unwrap_or_else(|| panic!("{self}: {sql}: no row"))
    }

    #[track_caller]
    pub fn try_value(&self, sql: &str) -> Option<String> {
        self.rows(sql)
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next())
    }

    #[track_caller]
    pub fn execute(&self, sql: &str) {
        self.rows(sql);
    }

    /// Runs statements as a guide has them: separated by semicolons at line ends.
    #[track_caller]
    pub fn script(&self, statements: &str) {
        for sql in statements
            .split(";\n")
            .map(str::trim)
            .filter(|sql| !sql.is_empty())
        {
            self.execute(sql.trim_end_matches(';'));
        }
    }

    /// Number and text of the error that the statement must end with.
    #[track_caller]
    pub fn error(&self, sql: &str) -> (u16, String) {
        match self.try_rows(sql) {
            Err(Error::MySqlError(e)) => (e.code, e.message),
            Err(e) => panic!("{self}: {sql}: not an error of the server: {e}"),
            Ok(_) => panic!("{self}: {sql}: succeeded, an error was expected"),
        }
    }

    /// Number and text of the warnings of a statement that succeeds.
    #[track_caller]
    pub fn warnings(&self, sql: &str) -> Vec<(u16, String)> {
        let sql = &self.dialect().spell(sql);
        let answer = self.ask(|conn| {
            rows_of(conn, sql)?;
            // An older server still shows the warnings of the statement before.
            match conn.warnings() {
                0 => Ok(Rows::new()),
                _ => rows_of(conn, "SHOW WARNINGS"),
            }
        });
        let rows = answer.unwrap_or_else(|e| panic!("{self}: {sql}: {e}"));
        let code = |row: &[String]| row[1].parse().expect("the number of a warning");
        rows.iter().map(|row| (code(row), row[2].clone())).collect()
    }

    /// A global variable by its full name.
    #[track_caller]
    pub fn variable(&self, name: &str) -> String {
        self.value(&format!("SELECT @@global.{name}"))
    }

    /// A status variable by its full name.
    #[track_caller]
    pub fn global_status(&self, name: &str) -> String {
        let rows = self.rows(&format!("SHOW GLOBAL STATUS LIKE '{name}'"));
        rows.first()
            .unwrap_or_else(|| panic!("{self}: no status variable {name}"))[1]
            .clone()
    }

    /// A status variable of the source's side by its suffix, in this server's vocabulary:
    /// `status("yes_tx")`.
    #[track_caller]
    pub fn status(&self, suffix: &str) -> String {
        self.global_status(&self.names().source_status(suffix))
    }

    /// As `status`, for a row that is a number.
    #[track_caller]
    pub fn counter(&self, suffix: &str) -> u64 {
        let text = self.status(suffix);
        text.parse()
            .unwrap_or_else(|_| panic!("{self}: {suffix} is {text:?}, no number"))
    }

    /// Sets a variable of the operator's plugin on the source, by its suffix.
    #[track_caller]
    pub fn set_operator(&self, suffix: &str, value: &str) {
        self.execute(&format!("SET GLOBAL semisync_source_{suffix} = {value}"));
    }

    /// A number of the operator's plugin on the source, by its suffix.
    #[track_caller]
    pub fn operator_counter(&self, suffix: &str) -> u64 {
        let text = self.global_status(&format!("Semisync_source_{suffix}"));
        text.parse()
            .unwrap_or_else(|_| panic!("{self}: {suffix} is {text:?}, no number"))
    }

    /// The status of the replica's side: ON or OFF.
    #[track_caller]
    pub fn replica_status(&self) -> String {
        self.global_status(&self.names().replica_status())
    }

    /// Chooses where commits wait. Where there is one place alone, this does nothing.
    #[track_caller]
    pub fn set_wait_point(&self, wait_point: &str) {
        let dialect = self.dialect();
        let known = dialect.wait_points();
        assert!(known.contains(&wait_point), "{self} has no {wait_point}");
        if dialect.has_wait_point() {
            self.set_source("wait_point", &format!("'{wait_point}'"));
        }
    }

    /// ON: commits end in the order of the binary log. OFF: sessions wait side by side, as
    /// MariaDB's always do.
    #[track_caller]
    pub fn order_commits(&self, ordered: &str) {
        if self.dialect().has_order_commits() {
            self.execute(&format!("SET GLOBAL binlog_order_commits = {ordered}"));
        }
    }

    /// Waits until the source's status variable has the value; returns how long that took.
    #[track_caller]
    pub fn wait_status(&self, suffix: &str, expected: &str) -> Duration {
        self.wait_status_within(PATIENCE, suffix, expected)
    }

    #[track_caller]
    pub fn wait_status_within(&self, bound: Duration, suffix: &str, expected: &str) -> Duration {
        wait_for(bound, &format!("{suffix} = {expected} on {self}"), || {
            let seen = self.status(suffix);
            if seen == expected { Ok(()) } else { Err(seen) }
        })
        .1
    }

    #[track_caller]
    pub fn wait_replica_status(&self, expected: &str) -> Duration {
        wait_for(PATIENCE, &format!("semi-sync {expected} on {self}"), || {
            let seen = self.replica_status();
            if seen == expected { Ok(()) } else { Err(seen) }
        })
        .1
    }

    /// Sets a variable of the source's side by its suffix.
    #[track_caller]
    pub fn set_source(&self, suffix: &str, value: &str) {
        self.execute(&format!(
            "SET GLOBAL {} = {value}",
            self.names().source_var(suffix)
        ));
    }

    /// Sets a variable of the replica's side by its suffix.
    #[track_caller]
    pub fn set_replica(&self, suffix: &str, value: &str) {
        self.execute(&format!(
            "SET GLOBAL {} = {value}",
            self.names().replica_var(suffix)
        ));
    }

    /// What SHOW PROCESSLIST says of a connection; "" when it says nothing, or the connection is
    /// gone.
    #[track_caller]
    pub fn processlist_state(&self, connection: u32) -> String {
        let sql = if self.dialect().has_quiet_processlist() {
            format!(
                "SELECT COALESCE(PROCESSLIST_STATE, '') FROM performance_schema.threads \
                 WHERE PROCESSLIST_ID = {connection}"
            )
        } else {
            format!(
                "SELECT COALESCE(STATE, '') FROM information_schema.PROCESSLIST \
                 WHERE ID = {connection}"
            )
        };
        self.try_value(&sql).unwrap_or_default()
    }

    /// Waits until the connection stands in the state; fails with the state seen.
    #[track_caller]
    pub fn wait_state(&self, connection: u32, state: &str) {
        wait_for(
            PATIENCE,
            &format!("{state:?} of connection {connection} on {self}"),
            || {
                let seen = self.processlist_state(connection);
                if seen == state {
                    Ok(())
                } else {
                    Err(format!("{seen:?}"))
                }
            },
        );
    }

    /// Descriptors that are no files, and threads that the server does not keep for later
    /// connections.
    #[track_caller]
    pub fn resources(&self) -> (usize, usize) {
        let cached = self.global_status("Threads_cached");
        let cached: usize = cached.parse().expect("a number of threads");
        let threads = process::threads(self.pid()).saturating_sub(cached);
        (process::unnamed_descriptors(self.pid()), threads)
    }

    /// The connections that are dumps to replicas, oldest first, by their numbers in SHOW
    /// PROCESSLIST.
    #[track_caller]
    pub fn dumps(&self) -> Vec<u32> {
        let sql = if self.dialect().has_quiet_processlist() {
            "SELECT PROCESSLIST_ID FROM performance_schema.threads \
             WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%' ORDER BY 1"
        } else {
            "SELECT ID FROM information_schema.PROCESSLIST \
             WHERE COMMAND LIKE 'Binlog Dump%' ORDER BY 1"
        };
        let rows = self.rows(sql);
        let number = |row: &Vec<String>| row[0].parse().expect("the number of a connection");
        rows.iter().map(number).collect()
    }

    /// Ends all dumps, and waits until no replica counts. A dump whose replica is gone ends by
    /// itself at its next event or heartbeat, which may be long.
    #[track_caller]
    pub fn end_dumps(&self) {
        for dump in self.dumps() {
            let _has_ended = self.try_rows(&format!("KILL {dump}"));
        }
        self.wait_status("clients", "0");
        eventually(PATIENCE, "the dumps end", || self.dumps().is_empty());
    }

    /// SHOW REPLICA STATUS by the names of its columns, in the newest words. `None`: this is no
    /// replica.
    #[track_caller]
    pub fn replica_columns(&self) -> Option<HashMap<String, String>> {
        let sql = self.dialect().spell("SHOW REPLICA STATUS");
        let answer = self.ask(|conn| columns_of(conn, &sql));
        answer.unwrap_or_else(|e| panic!("{self}: {sql}: {e}"))
    }

    /// The receiver thread: "Yes", "No" or "Connecting", and the number of the error that stopped
    /// it, or 0.
    #[track_caller]
    pub fn receiver(&self) -> (String, String) {
        let columns = self.replica_columns().expect("a replica");
        let column = |name: &str| columns[name].clone();
        (column("Replica_IO_Running"), column("Last_IO_Errno"))
    }

    /// How many heartbeats the receiver has got.
    #[track_caller]
    pub fn heartbeats(&self) -> u64 {
        let count = if self.dialect().has_channels() {
            self.value(
                "SELECT COUNT_RECEIVED_HEARTBEATS \
                 FROM performance_schema.replication_connection_status",
            )
        } else {
            self.global_status("Slave_received_heartbeats")
        };
        count.parse().expect("a number of heartbeats")
    }

    /// Whether the server knows a plugin, active or not.
    #[track_caller]
    pub fn has_plugin(&self, plugin: &str) -> bool {
        let sql =
            format!("SELECT 1 FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME = '{plugin}'");
        self.try_value(&sql).is_some()
    }

    /// UNINSTALL PLUGIN; returns when the plugin is gone. A session inside a hook delays that.
    #[track_caller]
    pub fn uninstall(&self, plugin: &str) {
        self.execute(&format!("UNINSTALL PLUGIN {plugin}"));
        eventually(PATIENCE, &format!("{plugin} is gone"), || {
            !self.has_plugin(plugin)
        });
    }

    /// Newest file and position of the binary log.
    #[track_caller]
    pub fn binlog_position(&self) -> (String, u64) {
        let row = self.rows("SHOW BINARY LOG STATUS").swap_remove(0);
        (row[0].clone(), row[1].parse().expect("a position"))
    }
}

/// The first row of a statement by the names of its columns, in the newest words:
/// `Replica_IO_Running`.
fn columns_of(conn: &mut Conn, sql: &str) -> mysql::Result<Option<HashMap<String, String>>> {
    let row: Option<mysql::Row> = conn.query_first(sql)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let names: Vec<String> = row.columns_ref().iter().map(column_name).collect();
    let values = row.unwrap().into_iter().map(text);
    Ok(Some(names.into_iter().zip(values).collect()))
}

fn column_name(column: &mysql::Column) -> String {
    let name = column.name_str();
    name.replace("Master_", "Source_")
        .replace("Slave_", "Replica_")
}

/// All rows of a statement as text, on a connection of the caller's.
pub fn rows_of(conn: &mut Conn, sql: &str) -> mysql::Result<Rows> {
    let rows: Vec<mysql::Row> = conn.query(sql)?;
    Ok(rows
        .into_iter()
        .map(|row| row.unwrap().into_iter().map(text).collect())
        .collect())
}

fn text(value: Value) -> String {
    match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    }
}

/// The value of the row of that name, in the answer to a `SHOW VARIABLES` or `SHOW STATUS`.
#[track_caller]
pub fn row<'a>(rows: &'a [Vec<String>], name: &str) -> &'a str {
    let row = rows.iter().find(|row| row[0].eq_ignore_ascii_case(name));
    &row.unwrap_or_else(|| panic!("no row {name} in {rows:?}"))[1]
}
