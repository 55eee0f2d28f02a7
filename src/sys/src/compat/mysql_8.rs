//! What MySQL has had since 8.0.

#[path = "relay_io/channel.rs"]
mod channel;
#[path = "connection/compression.rs"]
mod compression;
#[path = "psi/counted_memory.rs"]
mod counted_memory;
#[path = "connection/current_net.rs"]
mod current_net;
#[path = "connection/current_thd.rs"]
mod current_thd;
#[path = "descriptor/mysql_8.rs"]
mod descriptor;
#[path = "log/builtins.rs"]
mod log;
#[path = "psi/memory_service.rs"]
mod memory;
#[path = "descriptor/mysql.rs"]
mod mysql_descriptor;
#[path = "names/cpp.rs"]
mod names;
#[path = "session/privileges.rs"]
mod privileges;
#[path = "psi/services.rs"]
mod psi;
#[path = "psi/info.rs"]
mod psi_info;
#[path = "psi/memory.rs"]
mod psi_memory;
#[path = "transaction/refusals.rs"]
mod refusals;
#[path = "log/refuse_by_plugin_log.rs"]
mod refuse;
#[path = "registry/service.rs"]
mod registry;
#[path = "relay_io/one_layout.rs"]
mod relay_io;
#[path = "session/stage.rs"]
mod session;
#[path = "session/others.rs"]
mod sessions;
#[path = "psi/start_in_one_step.rs"]
mod start_wait;
#[path = "storage/flush_and_sync.rs"]
mod storage;
#[path = "tables/services.rs"]
mod tables;
#[path = "tls/by_flag.rs"]
mod tls;
#[path = "transmit/observed_by_choice.rs"]
mod transmit;
#[path = "psi/waits.rs"]
mod waits;

pub use channel::*;
pub use compression::*;
pub use descriptor::*;
pub use log::*;
pub(in crate::compat) use memory::*;
pub use mysql_descriptor::*;
pub use names::*;
pub use privileges::*;
pub use psi::*;
pub(in crate::compat) use psi_info::*;
pub use refusals::*;
pub use refuse::WANTED_SERVICE_VERSION;
pub(in crate::compat) use registry::*;
pub use relay_io::*;
pub use session::*;
pub use sessions::*;
pub use storage::*;
pub use tables::*;
pub use tls::*;
pub use transmit::*;

/// `thd_exit_cond` wants the mutex unlocked.
pub const EXIT_COND_UNLOCKS: bool = false;

/// Whether commits can wait before the engine commits (AFTER_SYNC), and so whether there is the
/// variable `wait_point`.
pub const HAS_WAIT_POINT: bool = true;
/// Whether stock has the variable `wait_for_..._count`.
pub const HAS_WAIT_COUNT: bool = true;
/// Whether commits wait after the engine's commit by default: the default of `wait_point`, if there
/// is this variable.
pub const WAITS_AFTER_COMMIT: bool = false;

/// Whether a receiver stops when the server could not flush or sync what it queued. (Where not, the
/// server passes over the failure: `after_append_to_relay_log` of 5.7, `append` of MariaDB.)
pub const RELAY_LOG_FAILURES_STOP: bool = true;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;
