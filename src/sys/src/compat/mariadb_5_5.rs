//! MariaDB 5.5: commits can wait after the engine's commit only.

#[path = "mariadb.rs"]
mod mariadb;
#[path = "parts/psi_no_stages.rs"]
mod psi_stages;
#[path = "parts/psi_start_5_5.rs"]
mod psi_start;
#[path = "parts/session_message.rs"]
mod session;
#[path = "parts/storage_5_5.rs"]
mod storage;

pub use mariadb::*;
pub use psi_stages::*;
pub use session::*;
pub use storage::*;

pub const HAS_WAIT_POINT: bool = false;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;
