//! MariaDB 10.1, the last but one with observers.

use std::ffi::CStr;

#[path = "mariadb.rs"]
mod mariadb;
#[path = "psi/stages.rs"]
mod psi_stages;
#[path = "psi/start_in_one_step.rs"]
mod psi_start;
#[path = "session/stage.rs"]
mod session;
#[path = "storage/flush_and_sync_with_flags.rs"]
mod storage;

pub use mariadb::*;
pub use psi_stages::*;
pub use session::*;
pub use storage::*;

pub const THD_ENTER_COND: &CStr =
    c"_Z14thd_enter_condP3THDP13st_mysql_condP14st_mysql_mutexPK17PSI_stage_info_v1PS5_PKcSA_i";
pub const THD_EXIT_COND: &CStr = c"_Z13thd_exit_condP3THDPK17PSI_stage_info_v1PKcS5_i";
/// `thd_exit_cond` unlocks the mutex itself.
pub const EXIT_COND_UNLOCKS: bool = true;

pub const HAS_WAIT_POINT: bool = true;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_SIMPLE_FUNC;
