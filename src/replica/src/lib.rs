//! The replica side: `semisync_replica.so` and `semisync_slave.so`.
//!
//! | file | what it owns |
//! |---|---|
//! | `library` | the macro for the libraries |
//! | `plugin` | install, uninstall, variables, status |
//! | `operator/plugin`, `settings`, `status` | the same for the operator's plugin |
//! | `table` | the table of performance_schema |
//! | `report` | what is told of the channels, put together |
//! | `hooks` | the relay log I/O observer |
//! | `negotiation` | what is asked of the source when a connection begins |
//! | `channel` | the state of one receiver thread, and how many are semi-sync |
//! | `ack_after` | what an acknowledgement waits for |
//! | `replica` | what all hooks need, the values of the variables, what a panic leads to |
//! | `figures` | what is told of each channel |
//! | `peer` | what a receiver knows of its source, and what it may send unasked |
//! | `messages` | what is said in the error log |
//! | `relay_log` | a relay log that must be on disk |
//! | `operator/values` | what the operator has set |
//! | `vocabulary` | the words of the two names |
//!
//! A file uses files below it in this table only.
//!
//! Every hook runs in the receiver thread of its channel, so the state of a
//! channel is thread-local and needs no lock.

#![forbid(unsafe_code)]

mod ack_after;
mod channel;
mod figures;
mod hooks;
mod library;
mod messages;
mod negotiation;
#[doc(hidden)]
pub mod operator;
mod peer;
#[doc(hidden)]
pub mod plugin;
mod relay_log;
mod replica;
mod report;
mod table;
mod vocabulary;

#[doc(hidden)]
pub use semisync_server as server;
pub use vocabulary::Vocabulary;
