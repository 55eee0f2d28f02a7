//! What MySQL 5.6 and 5.7 have in common.

use std::ffi::CStr;

#[path = "connection/compression_zlib.rs"]
mod compression;
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
#[path = "psi/stages.rs"]
mod psi_stages;
#[path = "psi/start_in_one_step.rs"]
mod psi_start;
#[path = "psi/waits.rs"]
mod psi_waits;
#[path = "log/refuse_by_print.rs"]
mod refuse;
#[path = "tls/by_openssl.rs"]
mod tls;
#[path = "transmit/observed_by_choice.rs"]
mod transmit;

pub use compression::*;
pub use descriptor::*;
pub use log::*;
pub use mysql_descriptor::*;
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
