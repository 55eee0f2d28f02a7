//! MySQL 5.6: commits can wait after the engine's commit only.

use std::ffi::CStr;

#[path = "relay_io/one_channel.rs"]
mod channel;
#[path = "connection/net_searched_5_6.rs"]
mod connections;
#[path = "psi/no_memory.rs"]
mod memory;
#[path = "mysql_5.rs"]
mod mysql_5;
#[path = "connection/net_in_thd.rs"]
mod net_in_thd;
#[path = "transaction/no_refusals.rs"]
mod refusals;
#[path = "relay_io/one_layout.rs"]
mod relay_io;
#[path = "session/stage_5_6.rs"]
mod session;
#[path = "session/others_unseen.rs"]
mod sessions;
#[path = "storage/flush.rs"]
mod storage;
#[path = "transaction/plain.rs"]
mod transaction;

pub use channel::*;
pub use connections::*;
pub(in crate::compat) use memory::*;
pub use mysql_5::*;
pub use refusals::*;
pub use relay_io::*;
pub use session::*;
pub use sessions::*;
pub use storage::*;
pub use transaction::*;

/// The name of [`plugin_is_ready`](crate::Symbols::plugin_is_ready).
pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyPK19st_mysql_lex_stringi";

/// The name of [`push_warning`](crate::Symbols::push_warning).
pub const PUSH_WARNING: &CStr = c"_Z12push_warningP3THDN13Sql_condition18enum_warning_levelEjPKc";

/// Whether commits can wait before the engine commits (AFTER_SYNC), and so whether there is the
/// variable `wait_point`.
pub const HAS_WAIT_POINT: bool = false;
/// Whether commits wait after the engine's commit by default: the default of `wait_point`, if there
/// is this variable.
pub const WAITS_AFTER_COMMIT: bool = true;
