//! MySQL 5.7. Its releases differ in the relay-I/O observer: found out when the
//! library is loaded.

use std::ffi::CStr;

#[path = "connection/net_of_stand_in.rs"]
mod connections;
#[path = "psi/memory_5_7.rs"]
mod memory;
#[path = "mysql_5.rs"]
mod mysql_5;
#[path = "psi/memory.rs"]
mod psi_memory;
#[path = "relay_io/two_layouts.rs"]
mod relay_io;
#[path = "session/stage.rs"]
mod session;
#[path = "session/others.rs"]
mod sessions;
#[path = "storage/flush_and_sync.rs"]
mod storage;
#[path = "transaction/before_dml.rs"]
mod transaction;

pub use connections::*;
pub use memory::*;
pub use mysql_5::*;
pub use relay_io::*;
pub use session::*;
pub use sessions::*;
pub use storage::*;
pub use transaction::*;

pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyRK25st_mysql_const_lex_stringi";

pub const THD_ENTER_COND: &CStr = c"thd_enter_cond";
pub const DO_FOR_ALL_THD: &CStr = c"_Z14do_for_all_thdPFvP3THDyEy";
pub const THD_QUERY_SAFE: &CStr = c"thd_query_safe";
pub const THD_EXIT_COND: &CStr = c"thd_exit_cond";
/// `thd_exit_cond` wants the mutex unlocked.
pub const EXIT_COND_UNLOCKS: bool = false;

pub const HAS_WAIT_POINT: bool = true;
pub const WAITS_AFTER_COMMIT: bool = false;
