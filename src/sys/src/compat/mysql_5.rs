//! What MySQL 5.6 and 5.7 have in common.

use std::ffi::CStr;

#[path = "connection/compression_zlib.rs"]
mod compression;
#[path = "psi/counted_memory.rs"]
mod counted_memory;
#[path = "connection/current_net.rs"]
mod current_net;
#[path = "connection/current_thd.rs"]
mod current_thd;
#[path = "descriptor/mysql_5.rs"]
mod descriptor;
#[path = "log/printf.rs"]
mod log;
#[path = "descriptor/mysql.rs"]
mod mysql_descriptor;
#[path = "names/c.rs"]
mod names;
#[path = "psi/server.rs"]
mod psi;
#[path = "psi/info_undocumented.rs"]
mod psi_info;
#[path = "log/refuse_by_print.rs"]
mod refuse;
#[path = "psi/stages.rs"]
mod stages;
#[path = "psi/start_in_one_step.rs"]
mod start_wait;
#[path = "tables/none.rs"]
mod tables;
#[path = "tls/by_openssl.rs"]
mod tls;
#[path = "transmit/observed_by_choice.rs"]
mod transmit;
#[path = "psi/waits.rs"]
mod waits;

pub use compression::*;
pub use descriptor::*;
pub use log::*;
pub use mysql_descriptor::*;
pub use names::*;
pub use psi::*;
pub(in crate::compat) use psi_info::*;
pub use stages::*;
pub use tables::*;
pub use tls::*;
pub use transmit::*;

/// The name of [`vio_shutdown`](crate::Symbols::vio_shutdown).
pub const VIO_SHUTDOWN: &CStr = c"vio_shutdown";
/// The name of [`vio_ssl_shutdown`](crate::Symbols::vio_ssl_shutdown).
pub const VIO_SSL_SHUTDOWN: &CStr = c"vio_ssl_shutdown";

/// Whether there is the variable `wait_for_..._count`. Stock's plugin for 5.6 has none; nothing
/// speaks against it.
pub const HAS_WAIT_COUNT: bool = true;

/// Whether a receiver stops when the server could not flush or sync what it queued. (Where not, the
/// server passes over the failure: `after_append_to_relay_log` of 5.7, `append` of MariaDB.)
pub const RELAY_LOG_FAILURES_STOP: bool = false;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;
