//! Raw bindings to the MySQL server: the only crate that knows of series differences.
//!
//! Only `semisync-server` depends on this crate, and makes it safe; nothing of it is handed on to
//! the crates above. What is public here is for that one layer: pointers as the server has them,
//! and functions whose conditions the comments tell, with the server's file and function where a
//! behaviour was read in its source.
//!
//! | module | what it gives |
//! |---|---|
//! | `bindings` | the server's structures and constants, by bindgen from `mysql-headers/` |
//! | [`symbols`](look_up) | the look-up of a symbol in the running server |
//! | [`functions`](Symbols) | the server's functions and data that every plugin uses |
//! | [`compat`] | what differs between series, one name for each thing |
//! | [`hooks`](StorageHooks) | observers, put together out of hooks of one shape |
//! | [`descriptor`](PluginParts) | what a library exports to describe its plugins |
//! | [`shared`](Shared) | static memory that the server writes into |
//!
//! Uses go one way: `functions` -> `compat` -> `hooks`, `descriptor`, `symbols` -> `bindings`.

#![warn(missing_docs)]

#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    dead_code,
    missing_docs, // the headers say what there is to say
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::ptr_as_ptr,
    unsafe_op_in_unsafe_fn
)]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}
pub mod compat;
mod descriptor;
mod functions;
mod hooks;
mod shared;
mod symbols;

pub use bindings::*;
pub use descriptor::*;
pub use functions::Symbols;
pub use hooks::{SendHook, StorageHooks, TableFailure, TableHooks, relay_io_observer};
pub use shared::{Ended, Shared};
pub use symbols::{MissingSymbol, look_up};

/// "MYSQL_SERIES=" and the series, by which a library tells what it is for.
pub const SERIES_MARKER: &str = env!("SERIES_MARKER");
