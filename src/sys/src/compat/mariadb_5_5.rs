//! MariaDB 5.5: commits can wait after the engine's commit only.

use std::ffi::CStr;

#[path = "relay_io/one_channel.rs"]
mod channel;
#[path = "mariadb.rs"]
mod mariadb;
#[path = "session/message.rs"]
mod session;
#[path = "psi/no_stages.rs"]
mod stages;
#[path = "psi/start_in_two_steps.rs"]
mod start_wait;
#[path = "storage/flush_with_flags.rs"]
mod storage;

pub use channel::*;
pub use mariadb::*;
pub use session::*;
pub use stages::*;
pub use storage::*;

/// The name of [`push_warning`](crate::Symbols::push_warning).
pub const PUSH_WARNING: &CStr = c"_Z12push_warningP3THDN11MYSQL_ERROR18enum_warning_levelEjPKc";

/// Whether commits can wait before the engine commits (AFTER_SYNC), and so whether there is the
/// variable `wait_point`.
pub const HAS_WAIT_POINT: bool = false;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;
