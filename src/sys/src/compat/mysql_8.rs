//! What MySQL has had since 8.0.

use std::ffi::CStr;

#[path = "parts/compression.rs"]
mod compression;
#[path = "parts/descriptor_mysql_8.rs"]
mod descriptor;
#[path = "parts/log_builtins.rs"]
mod log;
#[path = "parts/mysql_descriptors.rs"]
mod mysql_descriptors;
#[path = "parts/names_cpp.rs"]
mod names;
#[path = "parts/plugin_log.rs"]
mod plugin_log;
#[path = "parts/psi_services.rs"]
mod psi;
#[path = "parts/psi_memory.rs"]
mod psi_memory;
#[path = "parts/psi_start.rs"]
mod psi_start;
#[path = "parts/psi_waits.rs"]
mod psi_waits;
#[path = "parts/relay_io.rs"]
mod relay_io;
#[path = "parts/session_stage.rs"]
mod session;
#[path = "parts/sessions.rs"]
mod sessions;
#[path = "parts/storage.rs"]
mod storage;
#[path = "parts/tls_by_flag.rs"]
mod tls;
#[path = "parts/transmit.rs"]
mod transmit;

pub use compression::*;
pub use descriptor::*;
pub use log::*;
pub use names::*;
pub use plugin_log::WANTED_SERVICE_VERSION;
pub use psi::*;
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
