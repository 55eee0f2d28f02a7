//! What MariaDB had as long as it had observers (5.5 to 10.2).

use std::ffi::CStr;

#[path = "connection/compression_zlib.rs"]
mod compression;
#[path = "connection/net_searched_mariadb.rs"]
mod connections;
#[path = "descriptor/mariadb.rs"]
mod descriptor;
#[path = "log/printf.rs"]
mod log;
#[path = "psi/no_memory.rs"]
mod memory;
#[path = "names/c.rs"]
mod names;
#[path = "connection/net_in_thd.rs"]
mod net_in_thd;
#[path = "psi/server.rs"]
mod psi;
#[path = "psi/waits.rs"]
mod psi_waits;
#[path = "log/refuse_by_print.rs"]
mod refuse;
#[path = "relay_io/one_layout.rs"]
mod relay_io;
#[path = "session/others_unseen.rs"]
mod sessions;
#[path = "tls/none.rs"]
mod tls;
#[path = "transaction/plain.rs"]
mod transaction;
#[path = "transmit/always_observed.rs"]
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
