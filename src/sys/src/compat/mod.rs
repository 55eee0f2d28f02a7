//! One name for each thing that differs between server series.
//!
//! One file per series lists the parts that the series is made of. The parts themselves are in
//! folders by thing, each written once. Of these files only those of the series that is being built
//! exist for the compiler.
//!
//! | name | folder | what it gives |
//! |---|---|---|
//! | `NET_CLEAR`, `VIO_WRITE`, ... | `names` | names under which the server exports a function |
//! | `Session` | `session` | the current session's wait on a condition that KILL knows |
//! | `Sessions` | `session` | what other sessions do |
//! | `Connections`, `is_zstd` | `connection` | the network layer (NET) of a session |
//! | `Tls` | `tls` | reading and writing on a TLS connection without blocking |
//! | `Psi` | `psi` | performance schema: stages, threads, mutexes, conditions and memory |
//! | `Log` | `log` | the error log, and the texts of stock's messages |
//! | `Service` | `registry` | a service of the server's component registry |
//! | `Tables`, `table_share` | `tables` | tables of ours in performance_schema |
//! | `storage_observer` | `storage` | the hooks of the binary log's storage |
//! | `Privileges` | `session` | what the current session's account may do |
//! | `trans_observer` | `transaction` | the hooks of transactions |
//! | `Refusals`, `HAS_BEFORE_COMMIT` | `transaction` | refusing a transaction before it is written |
//! | `after_send_event`, `set_observed` | `transmit` | the hooks of a dump |
//! | `fit_relay_io_observer`, `channel_name` | `relay_io` | the hooks of a receiver thread |
//! | `export_declarations!`, `Services` | `descriptor` | what a plugin library exports |
//! | `HAS_WAIT_POINT`, ... | | what the server, or stock's plugin for it, has |
//!
//! A part takes what it needs of other things from this module, because which part has a thing is
//! up to the series. No two parts need each other.

#[path = "log/level.rs"]
mod log_level;
#[path = "tls/results.rs"]
mod tls_results;

#[cfg_attr(mysql_series = "9_7", path = "mysql_9_7.rs")]
#[cfg_attr(mysql_series = "8_4", path = "mysql_8_4.rs")]
#[cfg_attr(mysql_series = "8_0", path = "mysql_8_0.rs")]
#[cfg_attr(mysql_series = "5_7", path = "mysql_5_7.rs")]
#[cfg_attr(mysql_series = "5_6", path = "mysql_5_6.rs")]
#[cfg_attr(mysql_series = "mariadb_10_1", path = "mariadb_10_1.rs")]
#[cfg_attr(mysql_series = "mariadb_5_5", path = "mariadb_5_5.rs")]
mod series;

pub use log_level::LogLevel;
pub use series::*;
pub use tls_results::*;
