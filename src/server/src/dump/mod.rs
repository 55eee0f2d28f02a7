//! A dump to a semi-sync replica, from the first hook of its thread to the last.
//!
//! | file | what it owns |
//! |---|---|
//! | `shared` | a connection as any thread uses it |
//! | `vio_hooks` | where a connection keeps the server's functions; who shuts it down |
//! | `connection` | a connection as its dump thread alone uses it |
//! | `hooks` | what a dump does in its thread |
//! | `current` | the dump of the current thread, and its writes |

mod connection;
mod current;
mod hooks;
mod shared;
mod vio_hooks;

pub use connection::{Compression, DumpConnection, Offer};
pub(crate) use current::{begin, set_installed, take, with_open};
pub use hooks::{Dump, HEADER_SIZE};
pub use shared::{Received, SharedConnection};
pub use vio_hooks::ConnectionObserver;
