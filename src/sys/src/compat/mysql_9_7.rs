//! MySQL 9.7: names under which the server exports what we call. C++ functions
//! appear under their mangled names.

use std::ffi::CStr;

pub const THD_GET_CURRENT_THD: &CStr = c"_Z19thd_get_current_thdv";
pub const THD_GET_PROTOCOL_CLASSIC: &CStr = c"_ZN3THD20get_protocol_classicEv";
pub const PROTOCOL_CLASSIC_GET_NET: &CStr = c"_ZN16Protocol_classic7get_netEv";

pub const NET_CLEAR: &CStr = c"_Z9net_clearP3NETb";
pub const NET_FLUSH: &CStr = c"_Z9net_flushP3NET";
pub const MY_NET_WRITE: &CStr = c"_Z12my_net_writeP3NETPKhm";

pub const VIO_TYPE: &CStr = c"_Z8vio_typePK3Vio";
pub const VIO_FD: &CStr = c"_Z6vio_fdP3Vio";
pub const VIO_WRITE: &CStr = c"_Z9vio_writeP3VioPKhm";
pub const VIO_SHUTDOWN: &CStr = c"_Z12vio_shutdownP3Vio";
pub const VIO_SSL_SHUTDOWN: &CStr = c"_Z16vio_ssl_shutdownP3Vio";
pub const VIO_SSL_READ: &CStr = c"_Z12vio_ssl_readP3VioPhm";
pub const VIO_SSL_WRITE: &CStr = c"_Z13vio_ssl_writeP3VioPKhm";
pub const VIO_IO_WAIT: &CStr = c"_Z11vio_io_waitP3Vio17enum_vio_io_eventi";
pub const VIO_IS_BLOCKING: &CStr = c"_Z15vio_is_blockingP3Vio";
pub const VIO_SET_BLOCKING_FLAG: &CStr = c"_Z21vio_set_blocking_flagP3Viob";

pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyRK17MYSQL_LEX_CSTRINGi";
pub const MY_ERROR: &CStr = c"_Z8my_erroriiz";
pub const MY_THREAD_INIT: &CStr = c"_Z14my_thread_initv";
pub const MY_THREAD_END: &CStr = c"_Z13my_thread_endv";

/// `log_builtins_imp::message`, to make sure that the slot of the service table
/// is the one we think it is.
pub const LOG_BUILTINS_MESSAGE: &CStr = c"_ZN16log_builtins_imp7messageEiz";
/// A 4-byte integer; not 0 once the server shuts down.
pub const SHUTDOWN_FLAG: &CStr = c"connection_events_loop_aborted_flag";
