//! Connections to a server, and the short questions that tests ask of it.
//!
//! Questions go over one kept connection, so that they leave no trace in the counts of threads. A statement that may wait
//! belongs on a connection of its own: `conn()`.

use std::sync::TryLockError;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, Error, OptsBuilder, Value};

use crate::process;
use crate::server::Server;
use crate::wait::{PATIENCE, wait_for};

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
            // Another thread asks just now; its answer may take long.
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
        // After anything but an error of the server itself the connection is not to be trusted.
        if matches!(answer, Ok(_) | Err(Error::MySqlError(_))) {
            *conn = Some(open);
        }
        answer
    }

    pub fn try_rows(&self, sql: &str) -> mysql::Result<Rows> {
        self.ask(|conn| rows_of(conn, sql))
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

    /// Runs statements as one reads them in a guide: separated by semicolons at line ends.
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
        let answer = self.ask(|conn| {
            rows_of(conn, sql)?;
            rows_of(conn, "SHOW WARNINGS")
        });
        let rows = answer.unwrap_or_else(|e| panic!("{self}: {sql}: {e}"));
        let code = |row: &[String]| row[1].parse().expect("the number of a warning");
        rows.iter().map(|row| (code(row), row[2].clone())).collect()
    }

    #[track_caller]
    pub(crate) fn conn_query_drop(&self, sql: &str) {
        self.conn()
            .query_drop(sql)
            .unwrap_or_else(|e| panic!("{self}: {sql}: {e}"));
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

    /// A status variable of the source's side by its suffix, in this server's vocabulary: `status("yes_tx")`.
    #[track_caller]
    pub fn status(&self, suffix: &str) -> String {
        self.global_status(&self.names().source_status(suffix))
    }

    /// As `status`, of those that are numbers.
    #[track_caller]
    pub fn counter(&self, suffix: &str) -> u64 {
        let text = self.status(suffix);
        text.parse()
            .unwrap_or_else(|_| panic!("{self}: {suffix} is {text:?}, no number"))
    }

    /// ON or OFF: the replica's side.
    #[track_caller]
    pub fn replica_status(&self) -> String {
        self.global_status(&self.names().replica_status())
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

    /// What SHOW PROCESSLIST says of a connection; "" when it says nothing or the connection is gone.
    #[track_caller]
    pub fn processlist_state(&self, connection: u32) -> String {
        let sql = format!(
            "SELECT COALESCE(PROCESSLIST_STATE, '') FROM performance_schema.threads \
             WHERE PROCESSLIST_ID = {connection}"
        );
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

    /// Descriptors but for files, and threads but for those that the server keeps for later connections.
    #[track_caller]
    pub fn resources(&self) -> (usize, usize) {
        let cached = self.global_status("Threads_cached");
        let cached: usize = cached.parse().expect("a number of threads");
        let threads = process::threads(self.pid()).saturating_sub(cached);
        (process::unnamed_descriptors(self.pid()), threads)
    }

    /// The connections that are dumps to replicas, oldest first, by their numbers in SHOW PROCESSLIST.
    #[track_caller]
    pub fn dumps(&self) -> Vec<u32> {
        let sql = "SELECT PROCESSLIST_ID FROM performance_schema.threads \
                   WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%' ORDER BY 1";
        let rows = self.rows(sql);
        let number = |row: &Vec<String>| row[0].parse().expect("the number of a connection");
        rows.iter().map(number).collect()
    }

    /// Newest file and position of the binary log.
    #[track_caller]
    pub fn binlog_position(&self) -> (String, u64) {
        let row = self.rows("SHOW BINARY LOG STATUS").swap_remove(0);
        (row[0].clone(), row[1].parse().expect("a position"))
    }
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
