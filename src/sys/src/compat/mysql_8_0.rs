//! MySQL 8.0. Its releases differ in the Vio, in the log's service and in how
//! threads are started: each is found out when the library is loaded.

use std::ffi::CStr;

#[path = "transaction/before_commit.rs"]
mod before_commit;
#[path = "transaction/before_dml.rs"]
mod before_dml;
#[path = "connection/net_of_stand_in.rs"]
mod connections;
#[path = "mysql_8.rs"]
mod mysql_8;
#[path = "transaction/before_dml_and_begin.rs"]
mod transaction;

pub use connections::*;
pub use mysql_8::*;
pub use transaction::*;

// C, for the sake of the memcached plugin that came with the server.
/// The name of [`my_thread_init`](crate::Symbols::my_thread_init).
pub const MY_THREAD_INIT: &CStr = c"my_thread_init";
/// The name of [`my_thread_end`](crate::Symbols::my_thread_end).
pub const MY_THREAD_END: &CStr = c"my_thread_end";
