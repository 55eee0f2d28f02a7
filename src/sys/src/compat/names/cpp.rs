//! MySQL 8.0 and later: names under which the server exports what we call. C++ functions appear
//! under their mangled names.

use std::ffi::CStr;

/// The name of [`net_clear`](crate::Symbols::net_clear).
pub const NET_CLEAR: &CStr = c"_Z9net_clearP3NETb";
/// The name of [`net_flush`](crate::Symbols::net_flush).
pub const NET_FLUSH: &CStr = c"_Z9net_flushP3NET";
/// The name of [`net_realloc`](crate::Symbols::net_realloc).
pub const NET_REALLOC: &CStr = c"_Z11net_reallocP3NETm";
/// The name of [`my_net_write`](crate::Symbols::my_net_write).
pub const MY_NET_WRITE: &CStr = c"_Z12my_net_writeP3NETPKhm";

/// The name of [`vio_fd`](crate::Symbols::vio_fd).
pub const VIO_FD: &CStr = c"_Z6vio_fdP3Vio";
/// The name of [`vio_write`](crate::Symbols::vio_write).
pub const VIO_WRITE: &CStr = c"_Z9vio_writeP3VioPKhm";
/// The name of [`vio_shutdown`](crate::Symbols::vio_shutdown).
pub const VIO_SHUTDOWN: &CStr = c"_Z12vio_shutdownP3Vio";
/// The name of [`vio_ssl_shutdown`](crate::Symbols::vio_ssl_shutdown).
pub const VIO_SSL_SHUTDOWN: &CStr = c"_Z16vio_ssl_shutdownP3Vio";
/// The name of [`vio_ssl_write`](crate::Symbols::vio_ssl_write).
pub const VIO_SSL_WRITE: &CStr = c"_Z13vio_ssl_writeP3VioPKhm";

/// The name of [`plugin_is_ready`](crate::Symbols::plugin_is_ready).
pub const PLUGIN_IS_READY: &CStr = c"_Z15plugin_is_readyRK17MYSQL_LEX_CSTRINGi";
/// The name of [`push_warning`](crate::Symbols::push_warning).
pub const PUSH_WARNING: &CStr = c"_Z12push_warningP3THDN13Sql_condition19enum_severity_levelEjPKc";
/// The name of [`my_printf_error`](crate::Symbols::my_printf_error).
pub const MY_PRINTF_ERROR: &CStr = c"_Z15my_printf_errorjPKciz";

/// The name of [`thd_slave_thread`](crate::Symbols::thd_slave_thread).
pub const THD_SLAVE_THREAD: &CStr = c"_Z16thd_slave_threadPK3THD";
/// See `Session`.
pub(in crate::compat) const THD_ENTER_COND: &CStr = c"thd_enter_cond";
/// See `Session`.
pub(in crate::compat) const THD_EXIT_COND: &CStr = c"thd_exit_cond";
/// See `Privileges`.
pub(in crate::compat) const THD_GET_SECURITY_CONTEXT: &CStr =
    c"_Z24thd_get_security_contextP3THDPP16Security_context";
/// See `Privileges`.
pub(in crate::compat) const SECURITY_CONTEXT_GET_OPTION: &CStr =
    c"_Z27security_context_get_optionP16Security_contextPKcPv";
/// See `Refusals`.
pub(in crate::compat) const MY_ERROR: &CStr = c"_Z8my_erroriiz";
/// See `Refusals`.
pub(in crate::compat) const SET_TRANSACTION_CTX: &CStr =
    c"_Z19set_transaction_ctx27Transaction_termination_ctx";
/// See `Sessions`.
pub(in crate::compat) const DO_FOR_ALL_THD: &CStr = c"_Z14do_for_all_thdPFvP3THDmEm";
/// See `Sessions`.
pub(in crate::compat) const THD_QUERY_SAFE: &CStr = c"_Z14thd_query_safeP3THDPcm";

/// The name of [`shutdown_flag`](crate::Symbols::shutdown_flag).
pub const SHUTDOWN_FLAG: &CStr = c"connection_events_loop_aborted_flag";
/// What [`shutdown_flag`](crate::Symbols::shutdown_flag) is in the server.
pub type ShutdownFlag = std::sync::atomic::AtomicI32;

/// What a server exports whose mutexes check themselves, as those of a debug build do.
pub const CHECKED_MUTEXES: &CStr = c"_Z22safe_mutex_global_initv";
