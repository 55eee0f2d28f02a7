//! MySQL 5.6: commits can wait after the engine's commit only.

use std::ffi::CStr;

#[path = "parts/connections_5_6.rs"]
mod connections;
#[path = "parts/psi_no_memory.rs"]
mod memory;
#[path = "mysql_5.rs"]
mod mysql_5;
#[path = "parts/net_in_thd.rs"]
mod net_in_thd;
#[path = "parts/relay_io.rs"]
mod relay_io;
#[path = "parts/session_stage_5_6.rs"]
mod session;
#[path = "parts/sessions_unseen.rs"]
mod sessions;
#[path = "parts/storage_5_6.rs"]
mod storage;
#[path = "parts/transaction.rs"]
mod transaction;

pub use connections::*;
pub use memory::*;
pub use mysql_5::*;
pub use relay_io::*;
pub use session::*;
pub use sessions::*;
pub use storage::*;
pub use transaction::*;

pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyPK19st_mysql_lex_stringi";

pub const HAS_WAIT_POINT: bool = false;
pub const WAITS_AFTER_COMMIT: bool = true;
