//! The source side: `semisync_source.so` and `semisync_master.so`.
//!
//! ```text
//! session ──commit──> hooks (after_flush, after_sync, after_commit) ─┐
//!                                                                    v
//!                                              state: the lock around core
//!                                                ^               ^
//! dump thread ──> dump (transmit hooks) ─────────┘               │
//! replica ──acknowledgement──> receiver ──> link ────────────────┘
//! ```
//!
//! | file | what it owns |
//! |---|---|
//! | `plugin` | install, uninstall, what a panic leads to; the macro for the libraries |
//! | `variables`, `status` | what the operator sees and sets |
//! | `state` | the one lock around the coordinator of `semisync-core`, and its effects |
//! | `wait` | a session's wait at the wait point |
//! | `hooks` | transaction and binary log storage observers |
//! | `transmit` | the transmit observer: what the server calls in dump threads |
//! | `dump` | one dump to a semi-sync replica |
//! | `transport` | what stands in for the server's functions of its connection |
//! | `link` | one replica's connection, shared by its dump thread and the receiver |
//! | `receiver` | the thread that reads acknowledgements |
//! | `messages` | what is said in the error log |
//!
//! Locks, in the order in which they may nest: the registry of links, then the
//! gate of one link. The coordinator's lock nests with none, and no lock is held
//! while something is logged or a session is woken.

mod dump;
mod hooks;
mod link;
mod messages;
#[doc(hidden)]
pub mod plugin;
mod receiver;
mod state;
#[doc(hidden)]
pub mod status;
mod transmit;
mod transport;
#[doc(hidden)]
pub mod variables;
mod vocabulary;
mod wait;

#[doc(hidden)]
pub use semisync_server as server;
pub use vocabulary::Vocabulary;
