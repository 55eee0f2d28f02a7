//! Before MySQL 8.0, and MariaDB: names under which the server exports what we
//! call. The network layer and `mysys` are C there.

use std::ffi::CStr;

pub const NET_CLEAR: &CStr = c"net_clear";
pub const NET_FLUSH: &CStr = c"net_flush";
pub const MY_NET_WRITE: &CStr = c"my_net_write";

pub const VIO_FD: &CStr = c"vio_fd";
pub const VIO_WRITE: &CStr = c"vio_write";
pub const VIO_SSL_WRITE: &CStr = c"vio_ssl_write";

pub const MY_PRINTF_ERROR: &CStr = c"my_printf_error";
pub const MY_THREAD_INIT: &CStr = c"my_thread_init";
pub const MY_THREAD_END: &CStr = c"my_thread_end";

pub const THD_SLAVE_THREAD: &CStr = c"thd_slave_thread";

pub const SHUTDOWN_FLAG: &CStr = c"abort_loop";
pub type ShutdownFlag = std::sync::atomic::AtomicU8;

/// What a server exports whose mutexes check themselves, as those of a debug build do.
pub const CHECKED_MUTEXES: &CStr = c"safe_mutex_global_init";
