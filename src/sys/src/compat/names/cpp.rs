//! MySQL 8.0 and later: names under which the server exports what we call. C++
//! functions appear under their mangled names.

use std::ffi::CStr;

pub const NET_CLEAR: &CStr = c"_Z9net_clearP3NETb";
pub const NET_FLUSH: &CStr = c"_Z9net_flushP3NET";
pub const MY_NET_WRITE: &CStr = c"_Z12my_net_writeP3NETPKhm";

pub const VIO_FD: &CStr = c"_Z6vio_fdP3Vio";
pub const VIO_WRITE: &CStr = c"_Z9vio_writeP3VioPKhm";
pub const VIO_SHUTDOWN: &CStr = c"_Z12vio_shutdownP3Vio";
pub const VIO_SSL_SHUTDOWN: &CStr = c"_Z16vio_ssl_shutdownP3Vio";
pub const VIO_SSL_WRITE: &CStr = c"_Z13vio_ssl_writeP3VioPKhm";

pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyRK17MYSQL_LEX_CSTRINGi";
pub const MY_PRINTF_ERROR: &CStr = c"_Z15my_printf_errorjPKciz";

pub const THD_SLAVE_THREAD: &CStr = c"_Z16thd_slave_threadPK3THD";
pub const DO_FOR_ALL_THD: &CStr = c"_Z14do_for_all_thdPFvP3THDmEm";
pub const THD_QUERY_SAFE: &CStr = c"_Z14thd_query_safeP3THDPcm";

pub const SHUTDOWN_FLAG: &CStr = c"connection_events_loop_aborted_flag";
pub type ShutdownFlag = std::sync::atomic::AtomicI32;

/// What a server exports whose mutexes check themselves, as those of a debug build do.
pub const CHECKED_MUTEXES: &CStr = c"_Z22safe_mutex_global_initv";
