//! The replica side: `semisync_replica.so` and `semisync_slave.so`.
//!
//! | file | what it owns |
//! |---|---|
//! | `plugin` | install, uninstall, variables, status; what a panic leads to |
//! | `hooks` | the relay log I/O observer |
//! | `channel` | the state of one receiver thread, and how many are semi-sync |
//! | `peer` | what a receiver knows of its source, and what it may send unasked |
//! | `negotiation` | what is asked of the source when a connection begins |
//!
//! Every hook runs in the receiver thread of its channel, so the state of a
//! channel is thread-local and needs no lock.

mod channel;
mod hooks;
mod negotiation;
mod peer;
#[doc(hidden)]
pub mod plugin;
mod vocabulary;

#[doc(hidden)]
pub use semisync_server as server;
pub use vocabulary::Vocabulary;
