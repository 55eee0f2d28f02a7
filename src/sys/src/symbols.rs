//! The server's functions, looked up by name when the plugin is initialised.
//!
//! A name that the dynamic linker had to resolve would make the whole library
//! fail to load (`dlopen` with `RTLD_NOW`, error 1126) where it is missing; a
//! look-up of our own lets `init` refuse with a line that names it.

use crate::{bindings::*, compat};
use std::{
    ffi::{CStr, c_char, c_int, c_uchar, c_void},
    fmt,
    mem::size_of,
};

/// A symbol that the running server does not export.
#[derive(Debug)]
pub struct MissingSymbol(pub &'static CStr);

impl fmt::Display for MissingSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server does not export {}", self.0.to_string_lossy())
    }
}

/// Address of `name` in the server, or the reason why there is none.
fn address(name: &'static CStr) -> Result<*mut c_void, MissingSymbol> {
    // SAFETY: `name` is a C string; RTLD_DEFAULT searches the objects that are
    // loaded already and changes nothing.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        Err(MissingSymbol(name))
    } else {
        Ok(found)
    }
}

/// The address of `name` as a function of type `F`.
///
/// # Safety
/// `F` must be an `extern "C"` function pointer type that fits the symbol.
unsafe fn function<F: Copy>(name: &'static CStr) -> Result<F, MissingSymbol> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    let found = address(name)?;
    // SAFETY: the caller vouches for the type; sizes are equal (checked above);
    // `found` is not null.
    Ok(unsafe { std::mem::transmute_copy::<*mut c_void, F>(&found) })
}

macro_rules! symbols {
    ($( $(#[$doc:meta])* $field:ident: $type:ty = $name:expr; )*) => {
        /// The functions and data of the running server that the plugins use.
        pub struct Symbols { $( $(#[$doc])* pub $field: $type, )* }

        impl Symbols {
            /// Looks every symbol up. Call it in `init`, once per installation.
            pub fn resolve() -> Result<Self, MissingSymbol> {
                Ok(Self { $(
                    // SAFETY: the types below are those of the series' headers
                    // and of the functions in its source, as compat names them.
                    $field: unsafe { function::<$type>($name)? },
                )* })
            }
        }
    };
}

type Observer = *mut c_void;
type Register<T> = unsafe extern "C" fn(observer: *mut T, plugin: Observer) -> c_int;

symbols! {
    register_trans_observer: Register<Trans_observer> = c"register_trans_observer";
    unregister_trans_observer: Register<Trans_observer> = c"unregister_trans_observer";
    register_binlog_storage_observer: Register<Binlog_storage_observer> = c"register_binlog_storage_observer";
    unregister_binlog_storage_observer: Register<Binlog_storage_observer> = c"unregister_binlog_storage_observer";
    register_binlog_transmit_observer: Register<Binlog_transmit_observer> = c"register_binlog_transmit_observer";
    unregister_binlog_transmit_observer: Register<Binlog_transmit_observer> = c"unregister_binlog_transmit_observer";
    register_binlog_relay_io_observer: Register<Binlog_relay_IO_observer> = c"register_binlog_relay_io_observer";
    unregister_binlog_relay_io_observer: Register<Binlog_relay_IO_observer> = c"unregister_binlog_relay_io_observer";

    /// Only in a thread that has a THD. 0: found.
    get_user_var_int: unsafe extern "C" fn(name: *const c_char, value: *mut i64, null: *mut c_int) -> c_int = c"get_user_var_int";
    thd_get_current_thd: unsafe extern "C" fn() -> *mut THD = compat::THD_GET_CURRENT_THD;
    thd_get_protocol_classic: unsafe extern "C" fn(*mut THD) -> *mut c_void = compat::THD_GET_PROTOCOL_CLASSIC;
    protocol_classic_get_net: unsafe extern "C" fn(*mut c_void) -> *mut NET = compat::PROTOCOL_CLASSIC_GET_NET;
    /// The mutex must be held; KILL then locks it and broadcasts the condition.
    thd_enter_cond: unsafe extern "C" fn(thd: *mut THD, cond: *mut mysql_cond_t, mutex: *mut mysql_mutex_t, stage: *const PSI_stage_info, old: *mut PSI_stage_info, function: *const c_char, file: *const c_char, line: c_int) = c"thd_enter_cond";
    /// The mutex must have been released.
    thd_exit_cond: unsafe extern "C" fn(thd: *mut THD, stage: *const PSI_stage_info, function: *const c_char, file: *const c_char, line: c_int) = c"thd_exit_cond";

    net_clear: unsafe extern "C" fn(net: *mut NET, check_buffer: bool) = compat::NET_CLEAR;
    /// true: the connection failed.
    net_flush: unsafe extern "C" fn(net: *mut NET) -> bool = compat::NET_FLUSH;
    /// true: the connection failed.
    my_net_write: unsafe extern "C" fn(net: *mut NET, packet: *const c_uchar, len: usize) -> bool = compat::MY_NET_WRITE;

    vio_type: unsafe extern "C" fn(vio: *const Vio) -> enum_vio_type = compat::VIO_TYPE;
    vio_fd: unsafe extern "C" fn(vio: *mut Vio) -> c_int = compat::VIO_FD;
    vio_write: unsafe extern "C" fn(vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize = compat::VIO_WRITE;
    vio_ssl_read: unsafe extern "C" fn(vio: *mut Vio, buf: *mut c_uchar, size: usize) -> usize = compat::VIO_SSL_READ;
    vio_ssl_write: unsafe extern "C" fn(vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize = compat::VIO_SSL_WRITE;
    vio_shutdown: unsafe extern "C" fn(vio: *mut Vio) -> c_int = compat::VIO_SHUTDOWN;
    vio_ssl_shutdown: unsafe extern "C" fn(vio: *mut Vio) -> c_int = compat::VIO_SSL_SHUTDOWN;
    /// 1 ready, 0 timed out (errno is set), -1 failed.
    vio_io_wait: unsafe extern "C" fn(vio: *mut Vio, event: enum_vio_io_event, timeout_ms: c_int) -> c_int = compat::VIO_IO_WAIT;
    vio_is_blocking: unsafe extern "C" fn(vio: *mut Vio) -> bool = compat::VIO_IS_BLOCKING;
    vio_set_blocking_flag: unsafe extern "C" fn(vio: *mut Vio, blocking: bool) -> c_int = compat::VIO_SET_BLOCKING_FLAG;

    mysql_real_query: unsafe extern "C" fn(mysql: *mut MYSQL, query: *const c_char, len: std::ffi::c_ulong) -> c_int = c"mysql_real_query";
    mysql_store_result: unsafe extern "C" fn(mysql: *mut MYSQL) -> *mut c_void = c"mysql_store_result";
    mysql_free_result: unsafe extern "C" fn(result: *mut c_void) = c"mysql_free_result";
    mysql_errno: unsafe extern "C" fn(mysql: *mut MYSQL) -> std::ffi::c_uint = c"mysql_errno";

    plugin_is_ready: unsafe extern "C" fn(name: *const MYSQL_LEX_CSTRING, kind: c_int) -> bool = compat::PLUGIN_IS_READY;
    my_error: unsafe extern "C" fn(number: c_int, flags: c_int, ...) = compat::MY_ERROR;
    /// true: failed.
    my_thread_init: unsafe extern "C" fn() -> bool = compat::MY_THREAD_INIT;
    my_thread_end: unsafe extern "C" fn() = compat::MY_THREAD_END;

    /// Address of the pointer to the current service table.
    psi_stage_service: *const *const PSI_stage_service = c"psi_stage_service";
    /// Address of the pointer to the current service table.
    psi_thread_service: *const *const PSI_thread_service = c"psi_thread_service";
    /// Not 0 once the server shuts down.
    shutdown_flag: *const std::sync::atomic::AtomicI32 = compat::SHUTDOWN_FLAG;
    /// A bool; hooks of events inside a transaction are left out while it is set.
    observe_commit_only: *const std::sync::atomic::AtomicU8 = c"opt_replication_sender_observe_commit_only";
    /// `char server_version[]`, for example "9.7.4".
    server_version: *const c_char = c"server_version";
    log_builtins_message: *const c_void = compat::LOG_BUILTINS_MESSAGE;
}

// SAFETY: function addresses, and addresses of data that lives as long as the
// server; every access is up to the safe layer.
unsafe impl Send for Symbols {}
// SAFETY: as above.
unsafe impl Sync for Symbols {}
