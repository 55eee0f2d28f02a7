//! What MariaDB had as long as it had observers (5.5 to 10.2).

use std::ffi::CStr;

#[path = "connection/compression_zlib.rs"]
mod compression;
#[path = "connection/net_searched_mariadb.rs"]
mod connections;
#[path = "psi/counted_memory.rs"]
mod counted_memory;
#[path = "connection/current_net.rs"]
mod current_net;
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
#[path = "psi/info_undocumented.rs"]
mod psi_info;
#[path = "transaction/no_refusals.rs"]
mod refusals;
#[path = "log/refuse_by_print.rs"]
mod refuse;
#[path = "relay_io/one_layout.rs"]
mod relay_io;
#[path = "session/others_unseen.rs"]
mod sessions;
#[path = "tables/none.rs"]
mod tables;
#[path = "tls/none.rs"]
mod tls;
#[path = "transaction/plain.rs"]
mod transaction;
#[path = "transmit/always_observed.rs"]
mod transmit;
#[path = "psi/waits.rs"]
mod waits;

pub use compression::*;
pub use connections::*;
pub use descriptor::*;
pub use log::*;
pub(in crate::compat) use memory::*;
pub use names::*;
pub use psi::*;
pub(in crate::compat) use psi_info::*;
pub use refusals::*;
pub use relay_io::*;
pub use sessions::*;
pub use tables::*;
pub use tls::*;
pub use transaction::*;
pub use transmit::*;

/// The name of [`vio_shutdown`](crate::Symbols::vio_shutdown).
pub const VIO_SHUTDOWN: &CStr = c"vio_close";
/// The name of [`vio_ssl_shutdown`](crate::Symbols::vio_ssl_shutdown).
pub const VIO_SSL_SHUTDOWN: &CStr = c"vio_ssl_close";
/// The name of [`plugin_is_ready`](crate::Symbols::plugin_is_ready).
pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyPK19st_mysql_lex_stringi";

/// Whether stock has the variable `wait_for_..._count`.
pub const HAS_WAIT_COUNT: bool = false;
/// Whether commits wait after the engine's commit by default: the default of `wait_point`, if there
/// is this variable.
pub const WAITS_AFTER_COMMIT: bool = true;
/// Whether a receiver stops when the server could not flush or sync what it queued. (Where not, the
/// server passes over the failure: `after_append_to_relay_log` of 5.7, `append` of MariaDB.)
pub const RELAY_LOG_FAILURES_STOP: bool = false;
