//! MySQL 8.4 and 9.7.

use std::ffi::CStr;

#[path = "connection/net_of_protocol.rs"]
mod connections;
#[path = "mysql_8.rs"]
mod mysql_8;
#[path = "transaction/before_commit.rs"]
mod transaction;

pub use connections::*;
pub use mysql_8::*;
pub use transaction::*;

/// The name of [`my_thread_init`](crate::Symbols::my_thread_init).
pub const MY_THREAD_INIT: &CStr = c"_Z14my_thread_initv";
/// The name of [`my_thread_end`](crate::Symbols::my_thread_end).
pub const MY_THREAD_END: &CStr = c"_Z13my_thread_endv";
