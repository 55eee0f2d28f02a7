//! MySQL 5.7. Its releases differ in the relay-I/O observer: found out when the
//! library is loaded.

use std::ffi::CStr;

#[path = "transaction/before_commit.rs"]
mod before_commit;
#[path = "relay_io/channel.rs"]
mod channel;
#[path = "connection/net_of_stand_in.rs"]
mod connections;
#[path = "psi/memory_5_7.rs"]
mod memory;
#[path = "mysql_5.rs"]
mod mysql_5;
#[path = "session/privileges.rs"]
mod privileges;
#[path = "psi/memory.rs"]
mod psi_memory;
#[path = "transaction/refusals.rs"]
mod refusals;
#[path = "relay_io/two_layouts.rs"]
mod relay_io;
#[path = "session/stage.rs"]
mod session;
#[path = "names/sessions_5_7.rs"]
mod session_names;
#[path = "session/others.rs"]
mod sessions;
#[path = "storage/flush_and_sync.rs"]
mod storage;
#[path = "transaction/before_dml.rs"]
mod transaction;

pub use channel::*;
pub use connections::*;
pub(in crate::compat) use memory::*;
pub use mysql_5::*;
pub use privileges::*;
pub use refusals::*;
pub use relay_io::*;
pub use session::*;
pub(in crate::compat) use session_names::*;
pub use sessions::*;
pub use storage::*;
pub use transaction::*;

/// The name of [`plugin_is_ready`](crate::Symbols::plugin_is_ready).
pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyRK25st_mysql_const_lex_stringi";

/// `thd_exit_cond` wants the mutex unlocked.
pub const EXIT_COND_UNLOCKS: bool = false;

/// The name of [`push_warning`](crate::Symbols::push_warning).
pub const PUSH_WARNING: &CStr = c"_Z12push_warningP3THDN13Sql_condition19enum_severity_levelEjPKc";

/// Whether commits can wait before the engine commits (AFTER_SYNC), and so whether there is the
/// variable `wait_point`.
pub const HAS_WAIT_POINT: bool = true;
/// Whether commits wait after the engine's commit by default: the default of `wait_point`, if there
/// is this variable.
pub const WAITS_AFTER_COMMIT: bool = false;
