//! MariaDB 10.1, the last but one with observers.

#[path = "mariadb.rs"]
mod mariadb;
#[path = "parts/psi_server_stages.rs"]
mod psi_stages;
#[path = "parts/session_stage.rs"]
mod session;
#[path = "parts/storage_mariadb_10_1.rs"]
mod storage;

pub use mariadb::*;
pub use psi_stages::*;
pub use session::*;
pub use storage::*;

/// `thd_exit_cond` unlocks the mutex itself.
pub const EXIT_COND_UNLOCKS: bool = true;

pub const HAS_WAIT_POINT: bool = true;
