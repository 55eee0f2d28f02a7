//! Safe Rust over the server's plugin interface.
//!
//! Nothing unsafe is handed on: what the server calls comes in by traits with safe
//! arguments ([`observers`], [`dump`], [`variables`], [`status`], [`plugin`]), and what a
//! plugin may call of the server cannot be called wrongly.
//!
//! | file | what it makes safe |
//! |---|---|
//! | `server` | the running server: series check, shutdown flag, user variables, client errors |
//! | `library` | the two plugins of a library and their names |
//! | `export` | what a library exports |
//! | `conflict` | plugins that may not run beside each other |
//! | `plugin` | what a plugin does when it is installed and uninstalled |
//! | `variables`, `status` | system and status variables |
//! | `tables` | tables of ours in performance_schema |
//! | `observers` | the replication observers |
//! | `dump` | a dump thread's connection to its replica, and what the receiver shares of it |
//! | `client` | a receiver thread's connection to its source |
//! | `stand_by` | our libraries for MySQL in a MariaDB server that has semi-sync built in |
//! | `relay_logs` | where the server keeps relay logs, and how it syncs them |
//! | `callback` | the one list of functions that the server enters |
//! | `guard` | no panic unwinds into the server |
//! | `failpoint` | faults on purpose, for tests |
//! | `log` | the error log, by the server's own message numbers |
//! | `log_pos`, `strings` | what the server names: places in a binary log, strings |
//! | `psi` | stages and instrumented threads |
//! | `instruments` | locks, waits and memory that performance schema can count |
//! | `session` | the session that the current thread serves |
//! | `wait` | a session that waits and shows its state, as `SHOW PROCESSLIST` has it |
//! | `poller`, `socket` | `epoll`, and descriptors of our own for the server's sockets |
//! | `sync` | what threads meet at, in one place |
//! | `watched` | locks that a checker of threads knows |
//!
//! SAFETY.md lists every callback, its thread and the locks that the server holds.

pub mod callback;
pub mod client;
mod cond;
mod conflict;
pub mod dump;
mod export;
pub mod failpoint;
pub mod guard;
pub mod instruments;
pub mod library;
pub mod log;
mod log_pos;
pub mod observers;
pub mod plugin;
mod poller;
pub mod psi;
mod relay_logs;
mod seat;
mod server;
pub mod session;
pub mod socket;
#[doc(hidden)]
pub mod stand_by;
pub mod status;
mod strings;
pub mod sync;
pub mod tables;
pub mod variables;
pub mod wait;
#[cfg(semisync_watched)]
mod watched;

pub use log_pos::LogPos;
pub use poller::{Poller, Ready};
pub use relay_logs::RelayLogPlaces;
pub use seat::{Driving, Seat, StoodBy};
use semisync_sys as sys;
pub use semisync_sys::compat::{
    HAS_BEFORE_COMMIT, HAS_WAIT_COUNT, HAS_WAIT_POINT, WAITS_AFTER_COMMIT,
};
#[doc(hidden)]
pub use semisync_sys::export_declarations;
pub use server::{MonotonicMicros, Server, abort, system_micros};
