//! The server's functions, looked up by name when the plugin is initialised.
//!
//! A name that the dynamic linker had to resolve would make the whole library
//! fail to load (`dlopen` with `RTLD_NOW`, error 1126) where it is missing; a
//! look-up of our own lets `init` refuse with a line that names it.
//!
//! `ci/abi` reads every name in here and in `compat`, and checks that the real
//! server exports it; those that are `optional` may be missing.

use crate::{bindings::*, compat};
use std::{
    ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_ulong, c_void},
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

/// The address of `name` in the server, as a pointer of type `T` to a function
/// or to data.
///
/// # Safety
/// `T` must be a pointer type that fits the symbol.
pub(crate) unsafe fn look_up<T: Copy>(name: &'static CStr) -> Result<T, MissingSymbol> {
    const { assert!(size_of::<T>() == size_of::<*mut c_void>()) };
    // SAFETY: `name` is a C string; RTLD_DEFAULT searches the objects that are
    // loaded already and changes nothing.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        return Err(MissingSymbol(name));
    }
    // SAFETY: the caller vouches for the type; the sizes are equal (checked
    // above); `found` is not null.
    Ok(unsafe { std::mem::transmute_copy::<*mut c_void, T>(&found) })
}

/// A structure of symbols, and how it is looked up. `optional`: None if the
/// server does not export it.
macro_rules! symbols {
    (@type $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@find $type:ty, $name:expr) => { $crate::symbols::look_up::<$type>($name)? };
    (@find optional $type:ty, $name:expr) => { $crate::symbols::look_up::<$type>($name).ok() };
    (
        $(#[$about:meta])* $visibility:vis struct $symbols:ident {
            $( $(#[$doc:meta])* $field:ident $([$optional:ident])? : $type:ty = $name:expr; )*
            $( + $part:ident: $part_type:ty; )*
        }
    ) => {
        $(#[$about])*
        $visibility struct $symbols {
            $( $(#[$doc])* pub $field: $crate::symbols::symbols!(@type $($optional)? $type), )*
            $( pub $part: $part_type, )*
        }

        impl $symbols {
            /// Looks every symbol up. Call it in `init`, once per installation.
            pub fn resolve() -> Result<Self, $crate::MissingSymbol> {
                // SAFETY: the types are those of the series' headers and of the
                // functions in its source, as compat names them.
                unsafe {
                    Ok(Self {
                        $( $field: $crate::symbols::symbols!(@find $($optional)? $type, $name), )*
                        $( $part: <$part_type>::resolve()?, )*
                    })
                }
            }
        }

        // SAFETY: addresses of functions, and of data that lives as long as the
        // server; every access is up to the safe layer.
        unsafe impl Send for $symbols {}
        // SAFETY: as above.
        unsafe impl Sync for $symbols {}
    };
}
pub(crate) use symbols;

type Register<T> = unsafe extern "C" fn(observer: *mut T, plugin: *mut c_void) -> c_int;

symbols! {
    /// The functions and data of the running server that the plugins use. What
    /// differs between series is in the parts of `compat`.
    pub struct Symbols {
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

        net_clear: unsafe extern "C" fn(net: *mut NET, check_buffer: bool) = compat::NET_CLEAR;
        /// true: the connection failed.
        net_flush: unsafe extern "C" fn(net: *mut NET) -> bool = compat::NET_FLUSH;
        /// true: the connection failed.
        my_net_write: unsafe extern "C" fn(net: *mut NET, packet: *const c_uchar, len: usize) -> bool = compat::MY_NET_WRITE;

        vio_fd: unsafe extern "C" fn(vio: *mut Vio) -> c_int = compat::VIO_FD;
        vio_write: unsafe extern "C" fn(vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize = compat::VIO_WRITE;
        vio_ssl_write: unsafe extern "C" fn(vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize = compat::VIO_SSL_WRITE;
        vio_shutdown: unsafe extern "C" fn(vio: *mut Vio) -> c_int = compat::VIO_SHUTDOWN;
        vio_ssl_shutdown: unsafe extern "C" fn(vio: *mut Vio) -> c_int = compat::VIO_SSL_SHUTDOWN;

        mysql_real_query: unsafe extern "C" fn(mysql: *mut MYSQL, query: *const c_char, len: c_ulong) -> c_int = c"mysql_real_query";
        mysql_store_result: unsafe extern "C" fn(mysql: *mut MYSQL) -> *mut c_void = c"mysql_store_result";
        /// The fields of the next row, each a C string or null; null: no row is left.
        mysql_fetch_row: unsafe extern "C" fn(result: *mut c_void) -> *const *const c_char = c"mysql_fetch_row";
        mysql_free_result: unsafe extern "C" fn(result: *mut c_void) = c"mysql_free_result";
        mysql_errno: unsafe extern "C" fn(mysql: *mut MYSQL) -> c_uint = c"mysql_errno";

        /// An error for the client of the current statement; printf's arguments
        /// come last. `flags`: 0.
        my_printf_error: unsafe extern "C" fn(number: c_uint, format: *const c_char, flags: c_ulong, ...) = compat::MY_PRINTF_ERROR;
        plugin_is_ready: unsafe extern "C" fn(name: *const MYSQL_LEX_CSTRING, kind: c_int) -> bool = compat::PLUGIN_IS_READY;
        /// true: failed.
        my_thread_init: unsafe extern "C" fn() -> bool = compat::MY_THREAD_INIT;
        my_thread_end: unsafe extern "C" fn() = compat::MY_THREAD_END;

        /// Not 0: an applier, or a receiver.
        thd_slave_thread: unsafe extern "C" fn(thd: *const THD) -> c_int = compat::THD_SLAVE_THREAD;
        /// Not 0: KILL, or the server's shutdown, wants the session to end.
        thd_killed: unsafe extern "C" fn(thd: *const THD) -> c_int = c"thd_killed";

        /// Not 0 once the server shuts down.
        shutdown_flag: *const compat::ShutdownFlag = compat::SHUTDOWN_FLAG;
        /// A bool; hooks of events inside a transaction are left out while it is
        /// set. Servers that do not have it call all hooks.
        observe_commit_only [optional]: *const std::sync::atomic::AtomicU8 = c"opt_replication_sender_observe_commit_only";
        /// The session of the current thread.
        current_thd [optional]: unsafe extern "C" fn() -> *mut THD = c"_Z19thd_get_current_thdv";
        /// When the session's command began, by the system's clock: with 6 `decimals` to the
        /// microsecond. MariaDB does not show it.
        query_start [optional]: unsafe extern "C" fn(thd: *mut THD, decimals: c_uint) -> libc::timeval = c"_ZN3THD25query_start_timeval_truncEj";
        /// `@@GLOBAL.log_bin_index`: path of the file that lists the binary logs, relative
        /// to the data directory; null without binary logs. MariaDB 5.5 does not show it.
        log_bin_index [optional]: *const *const c_char = c"log_bin_index";
        /// Never called: a server that has it lays out its mutexes otherwise than the
        /// declarations do.
        checked_mutexes [optional]: *const c_void = compat::CHECKED_MUTEXES;
        /// `char server_version[]`, for example "9.7.4".
        server_version: *const c_char = c"server_version";

        + session: compat::Session;
        + sessions: compat::Sessions;
        + connections: compat::Connections;
        + tls: compat::Tls;
        + psi: compat::Psi;
    }
}
