//! One name for each thing that differs between server series.
//!
//! One file per series, which lists what the series is made of; the parts
//! themselves are in folders by thing, each once. Of these files only the one of
//! the series that is being built exists for the compiler.
//!
//! | name | what it gives |
//! |---|---|
//! | `NET_CLEAR`, `VIO_WRITE`, ... | names under which the server exports a function |
//! | `Session` | the current session, and its wait on a condition that KILL knows |
//! | `Sessions` | what other sessions do |
//! | `Connections` | the network layer (NET) of a session |
//! | `Tls` | reading and writing on a TLS connection without blocking |
//! | `Psi` | performance schema: stages, threads, mutexes, conditions and memory |
//! | `Log` | the error log, and the texts of stock's messages |
//! | `storage_observer`, `after_send_event`, ... | hooks in the shape that the server calls |
//! | `export_declarations!` | the descriptor of a plugin library |
//! | `HAS_WAIT_POINT`, ... | what the server, or stock's plugin for it, has |

#[cfg_attr(mysql_series = "9_7", path = "mysql_9_7.rs")]
#[cfg_attr(mysql_series = "8_4", path = "mysql_8_4.rs")]
#[cfg_attr(mysql_series = "8_0", path = "mysql_8_0.rs")]
#[cfg_attr(mysql_series = "5_7", path = "mysql_5_7.rs")]
#[cfg_attr(mysql_series = "5_6", path = "mysql_5_6.rs")]
#[cfg_attr(mysql_series = "mariadb_10_1", path = "mariadb_10_1.rs")]
#[cfg_attr(mysql_series = "mariadb_5_5", path = "mariadb_5_5.rs")]
mod series;
pub use series::*;

/// How loud a line in the error log is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    Error,
    Warning,
    Note,
}

/// What an operation on a TLS connection waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsWant {
    Read,
    Write,
}

/// Results of reading and writing on a TLS connection, beside a number of bytes.
pub const VIO_SOCKET_ERROR: usize = usize::MAX;
pub const VIO_SOCKET_WANT_READ: usize = usize::MAX - 1;
pub const VIO_SOCKET_WANT_WRITE: usize = usize::MAX - 2;
