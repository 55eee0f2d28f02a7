//! MariaDB 5.5: commits can wait after the engine's commit only.

#[path = "mariadb.rs"]
mod mariadb;
#[path = "psi/no_stages.rs"]
mod psi_stages;
#[path = "psi/start_in_two_steps.rs"]
mod psi_start;
#[path = "session/message.rs"]
mod session;
#[path = "storage/flush_with_flags.rs"]
mod storage;

pub use mariadb::*;
pub use psi_stages::*;
pub use session::*;
pub use storage::*;

pub const HAS_WAIT_POINT: bool = false;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;
