//! MariaDB 10.1, the last but one with observers.

use std::ffi::CStr;

#[path = "relay_io/untold_channel.rs"]
mod channel;
#[path = "mariadb.rs"]
mod mariadb;
#[path = "session/stage.rs"]
mod session;
#[path = "names/session_mariadb.rs"]
mod session_names;
#[path = "psi/stages.rs"]
mod stages;
#[path = "psi/start_in_one_step.rs"]
mod start_wait;
#[path = "storage/flush_and_sync_with_flags.rs"]
mod storage;

pub use channel::*;
pub use mariadb::*;
pub use session::*;
pub(in crate::compat) use session_names::*;
pub use stages::*;
pub use storage::*;

/// `thd_exit_cond` unlocks the mutex itself.
pub const EXIT_COND_UNLOCKS: bool = true;

/// The name of [`push_warning`](crate::Symbols::push_warning).
pub const PUSH_WARNING: &CStr = c"_Z12push_warningP3THDN13Sql_condition18enum_warning_levelEjPKc";

/// Whether commits can wait before the engine commits (AFTER_SYNC), and so whether there is the
/// variable `wait_point`.
pub const HAS_WAIT_POINT: bool = true;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_SIMPLE_FUNC;
