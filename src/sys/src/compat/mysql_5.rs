//! What MySQL 5.6 and 5.7 have in common.

use std::ffi::CStr;

#[path = "parts/compression_5.rs"]
mod compression;
#[path = "parts/descriptor_mysql_5.rs"]
mod descriptor;
#[path = "parts/log_printf.rs"]
mod log;
#[path = "parts/mysql_descriptors.rs"]
mod mysql_descriptors;
#[path = "parts/names_c.rs"]
mod names;
#[path = "parts/psi_server.rs"]
mod psi;
#[path = "parts/psi_server_stages.rs"]
mod psi_stages;
#[path = "parts/psi_start.rs"]
mod psi_start;
#[path = "parts/psi_waits.rs"]
mod psi_waits;
#[path = "parts/refusal.rs"]
mod refusal;
#[path = "parts/tls_by_openssl.rs"]
mod tls;
#[path = "parts/transmit.rs"]
mod transmit;

pub use compression::*;
pub use descriptor::*;
pub use log::*;
pub use names::*;
pub use psi::*;
pub use psi_stages::*;
pub use tls::*;
pub use transmit::*;

pub const VIO_SHUTDOWN: &CStr = c"vio_shutdown";
pub const VIO_SSL_SHUTDOWN: &CStr = c"vio_ssl_shutdown";

/// Stock's plugin for 5.6 has none; nothing speaks against it.
pub const HAS_WAIT_COUNT: bool = true;

/// The type of a status row that is a function.
pub const SHOW_ROW: crate::enum_mysql_show_type = crate::SHOW_FUNC;
