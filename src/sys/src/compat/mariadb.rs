//! What MariaDB had as long as it had observers (5.5 to 10.2).

use std::ffi::CStr;

#[path = "parts/compression_5.rs"]
mod compression;
#[path = "parts/connections_mariadb.rs"]
mod connections;
#[path = "parts/descriptor_mariadb.rs"]
mod descriptor;
#[path = "parts/log_printf.rs"]
mod log;
#[path = "parts/psi_no_memory.rs"]
mod memory;
#[path = "parts/names_c.rs"]
mod names;
#[path = "parts/net_in_thd.rs"]
mod net_in_thd;
#[path = "parts/psi_server.rs"]
mod psi;
#[path = "parts/psi_waits.rs"]
mod psi_waits;
#[path = "parts/refusal.rs"]
mod refusal;
#[path = "parts/relay_io.rs"]
mod relay_io;
#[path = "parts/sessions_unseen.rs"]
mod sessions;
#[path = "parts/tls_none.rs"]
mod tls;
#[path = "parts/transaction.rs"]
mod transaction;
#[path = "parts/transmit_5_5.rs"]
mod transmit;

pub use compression::*;
pub use connections::*;
pub use descriptor::*;
pub use log::*;
pub use memory::*;
pub use names::*;
pub use psi::*;
pub use relay_io::*;
pub use sessions::*;
pub use tls::*;
pub use transaction::*;
pub use transmit::*;

pub const VIO_SHUTDOWN: &CStr = c"vio_close";
pub const VIO_SSL_SHUTDOWN: &CStr = c"vio_ssl_close";
pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyPK19st_mysql_lex_stringi";

pub const HAS_WAIT_COUNT: bool = false;
pub const WAITS_AFTER_COMMIT: bool = true;
