//! Before MySQL 8.0, and MariaDB: names under which the server exports what we call. The network
//! layer and `mysys` are C there.

use std::ffi::CStr;

/// The name of [`net_clear`](crate::Symbols::net_clear).
pub const NET_CLEAR: &CStr = c"net_clear";
/// The name of [`net_flush`](crate::Symbols::net_flush).
pub const NET_FLUSH: &CStr = c"net_flush";
/// The name of [`net_realloc`](crate::Symbols::net_realloc).
pub const NET_REALLOC: &CStr = c"net_realloc";
/// The name of [`my_net_write`](crate::Symbols::my_net_write).
pub const MY_NET_WRITE: &CStr = c"my_net_write";

/// The name of [`vio_fd`](crate::Symbols::vio_fd).
pub const VIO_FD: &CStr = c"vio_fd";
/// The name of [`vio_write`](crate::Symbols::vio_write).
pub const VIO_WRITE: &CStr = c"vio_write";
/// The name of [`vio_ssl_write`](crate::Symbols::vio_ssl_write).
pub const VIO_SSL_WRITE: &CStr = c"vio_ssl_write";

/// The name of [`my_printf_error`](crate::Symbols::my_printf_error).
pub const MY_PRINTF_ERROR: &CStr = c"my_printf_error";
/// The name of [`my_thread_init`](crate::Symbols::my_thread_init).
pub const MY_THREAD_INIT: &CStr = c"my_thread_init";
/// The name of [`my_thread_end`](crate::Symbols::my_thread_end).
pub const MY_THREAD_END: &CStr = c"my_thread_end";

/// The name of [`thd_slave_thread`](crate::Symbols::thd_slave_thread).
pub const THD_SLAVE_THREAD: &CStr = c"thd_slave_thread";

/// The name of [`shutdown_flag`](crate::Symbols::shutdown_flag).
pub const SHUTDOWN_FLAG: &CStr = c"abort_loop";
/// What [`shutdown_flag`](crate::Symbols::shutdown_flag) is in the server.
pub type ShutdownFlag = std::sync::atomic::AtomicU8;

/// What a server exports whose mutexes check themselves, as those of a debug build do.
pub const CHECKED_MUTEXES: &CStr = c"safe_mutex_global_init";
