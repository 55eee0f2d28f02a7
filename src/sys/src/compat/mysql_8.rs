//! What MySQL has had since 8.0.

use std::ffi::CStr;

#[path = "connection/compression.rs"]
mod compression;
#[path = "descriptor/mysql_8.rs"]
mod descriptor;
#[path = "log/builtins.rs"]
mod log;
#[path = "descriptor/mysql.rs"]
mod mysql_descriptor;
#[path = "names/cpp.rs"]
mod names;
#[path = "psi/services.rs"]
mod psi;
#[path = "psi/memory.rs"]
mod psi_memory;
#[path = "psi/start_in_one_step.rs"]
mod psi_start;
#[path = "psi/waits.rs"]
mod psi_waits;
#[path = "log/refuse_by_plugin_log.rs"]
mod refuse;
#[path = "relay_io/one_layout.rs"]
mod relay_io;
#[path = "session/stage.rs"]
mod session;
#[path = "session/others.rs"]
mod sessions;
#[path = "storage/flush_and_sync.rs"]
mod storage;
#[path = "tls/by_flag.rs"]
mod tls;
#[path = "transmit/observed_by_choice.rs"]
mod transmit;

pub use compression::*;
pub use descriptor::*;
pub use log::*;
pub use mysql_descriptor::*;
pub use names::*;
pub use psi::*;
pub use refuse::WANTED_SERVICE_VERSION;
pub use relay_io::*;
pub use session::*;
pub use sessions::*;
pub use storage::*;
pub use tls::*;
pub use transmit::*;

pub const THD_ENTER_COND: &CStr = c"thd_enter_cond";
pub const THD_EXIT_COND: &CStr = c"thd_exit_cond";
/// `thd_exit_cond` wants the mutex unlocked.
pub const EXIT_COND_UNLOCKS: bool = false;

pub const HAS_WAIT_POINT: bool = true;
pub const HAS_WAIT_COUNT: bool = true;
pub const WAITS_AFTER_COMMIT: bool = false;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;
