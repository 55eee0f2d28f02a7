//! Safe Rust over the server's plugin interface.
//!
//! | file | what it makes safe |
//! |---|---|
//! | `server` | the running server: series check, shutdown flag, user variables, client errors |
//! | `plugin` | the descriptor that a library exports |
//! | `variables`, `status` | system and status variables |
//! | `observers` | registration of the replication observers |
//! | `stand_by` | our libraries for MySQL in a MariaDB server that has semi-sync built in |
//! | `callback` | the one list of functions that the server enters |
//! | `guard` | no panic unwinds into the server |
//! | `log` | the error log, by the server's own message numbers |
//! | `psi` | stages and instrumented threads |
//! | `instruments` | locks, waits and memory that performance schema can count |
//! | `session` | the session that the current thread serves: applier or client, killed, its connection's end |
//! | `wait` | a session that waits and shows its state, as `SHOW PROCESSLIST` has it |
//! | `connection` | a dump thread's connection to its replica |
//! | `ack_stream` | the receiver thread's end of the same connection |
//! | `socket` | descriptors of our own for the server's sockets |
//! | `client` | a receiver thread's connection to its source |
//!
//! SAFETY.md lists every callback, its thread and the locks that the server holds.

pub mod ack_stream;
pub mod callback;
pub mod client;
pub mod connection;
pub mod failpoint;
pub mod guard;
pub mod instruments;
pub mod log;
pub mod observers;
pub mod plugin;
pub mod psi;
mod server;
pub mod session;
pub mod socket;
#[doc(hidden)]
pub mod stand_by;
pub mod status;
pub mod variables;
pub mod wait;

pub use semisync_sys as sys;
pub use semisync_sys::Shared;
pub use server::{MonotonicMicros, Server, bytes, log_name, system_micros, text};
