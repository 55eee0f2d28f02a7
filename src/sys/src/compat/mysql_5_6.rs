//! MySQL 5.6: commits can wait after the engine's commit only.

use std::ffi::CStr;

#[path = "parts/compression_5.rs"]
mod compression;
#[path = "parts/connections_5_6.rs"]
mod connections;
#[path = "parts/descriptor_mysql_5.rs"]
mod descriptor;
#[path = "parts/log_printf.rs"]
mod log;
#[path = "parts/mysql_descriptors.rs"]
mod mysql_descriptors;
#[path = "parts/names_c.rs"]
mod names;
#[path = "parts/net_in_thd.rs"]
mod net_in_thd;
#[path = "parts/psi_server.rs"]
mod psi;
#[path = "parts/psi_server_stages.rs"]
mod psi_stages;
#[path = "parts/refusal.rs"]
mod refusal;
#[path = "parts/relay_io.rs"]
mod relay_io;
#[path = "parts/session_stage_5_6.rs"]
mod session;
#[path = "parts/storage_5_6.rs"]
mod storage;
#[path = "parts/tls_none.rs"]
mod tls;
#[path = "parts/transaction.rs"]
mod transaction;
#[path = "parts/transmit.rs"]
mod transmit;

pub use compression::*;
pub use connections::*;
pub use descriptor::*;
pub use log::*;
pub use names::*;
pub use psi::*;
pub use psi_stages::*;
pub use relay_io::*;
pub use session::*;
pub use storage::*;
pub use tls::*;
pub use transaction::*;
pub use transmit::*;

pub const VIO_SHUTDOWN: &CStr = c"vio_shutdown";
pub const VIO_SSL_SHUTDOWN: &CStr = c"vio_ssl_shutdown";
pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyPK19st_mysql_lex_stringi";

pub const HAS_WAIT_POINT: bool = false;
/// Stock's plugin of the series has none; nothing speaks against it.
pub const HAS_WAIT_COUNT: bool = true;
pub const WAITS_AFTER_COMMIT: bool = true;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;

/// `transmit_start` comes after the start of a dump was found to be in the log.
pub const START_IS_CHECKED: bool = true;
