//! What every plugin uses of the running server: functions and data, looked up by their names.
//!
//! A function that takes a session (THD), a NET, a Vio or a MYSQL wants the thread that the session
//! or the connection belongs to, unless its comment says otherwise. SAFETY.md tells which locks are
//! held where. What differs between series is in the parts of [`compat`].

use crate::{bindings::*, compat, symbols::symbols};
use std::{
    ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_void},
    sync::atomic::{AtomicU8, AtomicU32, AtomicU64},
};

/// Registers an observer, or takes one back; in `init` and `deinit`. `observer` lives in writable
/// memory until it is taken back; `plugin` is the argument of `init`. 0: done.
type Register<T> = unsafe extern "C" fn(observer: *mut T, plugin: *mut c_void) -> c_int;
type WriteVio = unsafe extern "C" fn(vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize;
type ShutDownVio = unsafe extern "C" fn(vio: *mut Vio) -> c_int;

symbols! {
    /// The functions and data of the running server that the plugins use.
    pub struct Symbols with pub fields {
        /// Adds an observer of transactions.
        register_trans_observer: Register<Trans_observer> = c"register_trans_observer";
        /// Takes an observer of transactions back.
        unregister_trans_observer: Register<Trans_observer> = c"unregister_trans_observer";
        /// Adds an observer of the binary log's storage.
        register_binlog_storage_observer: Register<Binlog_storage_observer>
            = c"register_binlog_storage_observer";
        /// Takes an observer of the binary log's storage back.
        unregister_binlog_storage_observer: Register<Binlog_storage_observer>
            = c"unregister_binlog_storage_observer";
        /// Adds an observer of dumps.
        register_binlog_transmit_observer: Register<Binlog_transmit_observer>
            = c"register_binlog_transmit_observer";
        /// Takes an observer of dumps back.
        unregister_binlog_transmit_observer: Register<Binlog_transmit_observer>
            = c"unregister_binlog_transmit_observer";
        /// Adds an observer of receiver threads.
        register_binlog_relay_io_observer: Register<Binlog_relay_IO_observer>
            = c"register_binlog_relay_io_observer";
        /// Takes an observer of receiver threads back.
        unregister_binlog_relay_io_observer: Register<Binlog_relay_IO_observer>
            = c"unregister_binlog_relay_io_observer";

        /// Reads a user variable of the current thread's session; only in a thread that has a THD.
        /// `name` is without '@'. 0: found, and `value` is set unless `null` is.
        get_user_var_int:
            unsafe extern "C" fn(name: *const c_char, value: *mut i64, null: *mut c_int) -> c_int
            = c"get_user_var_int";
        /// As `get_user_var_int`, as text: `strncpy` of at most `len` bytes to `value`, in the
        /// character set that the variable has; a NUL ends them only if they are fewer.
        /// `decimals`: of a number.
        get_user_var_str: unsafe extern "C" fn(
            name: *const c_char,
            value: *mut c_char,
            len: usize,
            decimals: c_uint,
            null: *mut c_int,
        ) -> c_int = c"get_user_var_str";

        /// Forgets what is half written, and begins the numbers of packets anew. `check_buffer`:
        /// false, as the other end may have sent something.
        net_clear: unsafe extern "C" fn(net: *mut NET, check_buffer: bool) = compat::NET_CLEAR;
        /// Sends what is buffered. true: the connection failed.
        net_flush: unsafe extern "C" fn(net: *mut NET) -> bool = compat::NET_FLUSH;
        /// Makes the buffer of a NET `length` bytes long, and forgets what is in it. `length` is less
        /// than the NET's `max_packet_size`. true: there is no memory, and the NET says so.
        net_realloc [optional]:
            unsafe extern "C" fn(net: *mut NET, length: usize) -> bool = compat::NET_REALLOC;
        /// Writes a packet of `len` bytes into the buffer. true: the connection failed.
        my_net_write:
            unsafe extern "C" fn(net: *mut NET, packet: *const c_uchar, len: usize) -> bool
            = compat::MY_NET_WRITE;

        /// The descriptor of the connection's socket.
        vio_fd: unsafe extern "C" fn(vio: *mut Vio) -> c_int = compat::VIO_FD;
        /// What a Vio without TLS has as `write`: up to `size` bytes, the number of bytes written
        /// or `VIO_SOCKET_ERROR`.
        vio_write: WriteVio = compat::VIO_WRITE;
        /// What a Vio with TLS has as `write`; as `vio_write`.
        vio_ssl_write: WriteVio = compat::VIO_SSL_WRITE;
        /// What a Vio without TLS has as `vioshutdown`: ends the connection and closes its
        /// descriptor. KILL and the server's shutdown call it from other threads.
        vio_shutdown: ShutDownVio = compat::VIO_SHUTDOWN;
        /// What a Vio with TLS has as `vioshutdown`; as `vio_shutdown`.
        vio_ssl_shutdown: ShutDownVio = compat::VIO_SSL_SHUTDOWN;

        /// Sends a statement of `len` bytes to the other server and reads how it went. 0: well.
        mysql_real_query:
            unsafe extern "C" fn(mysql: *mut MYSQL, query: *const c_char, len: c_ulong) -> c_int
            = c"mysql_real_query";
        /// Reads the whole result of the last statement; `mysql_free_result` gives it back. Null:
        /// the statement has none, or the read failed.
        mysql_store_result: unsafe extern "C" fn(mysql: *mut MYSQL) -> *mut c_void
            = c"mysql_store_result";
        /// The fields of the next row, each a C string or null; null: no row is left.
        mysql_fetch_row: unsafe extern "C" fn(result: *mut c_void) -> *const *const c_char
            = c"mysql_fetch_row";
        /// Frees a result; its rows die with it.
        mysql_free_result: unsafe extern "C" fn(result: *mut c_void) = c"mysql_free_result";
        /// The cipher of a connection with TLS; null: the connection has no TLS.
        mysql_get_ssl_cipher [optional]:
            unsafe extern "C" fn(mysql: *mut MYSQL) -> *const c_char = c"mysql_get_ssl_cipher";
        /// The number of the connection's last error; 0: none.
        mysql_errno: unsafe extern "C" fn(mysql: *mut MYSQL) -> c_uint = c"mysql_errno";

        /// An error for the client of the current statement; printf's arguments come last.
        /// `flags`: 0.
        my_printf_error:
            unsafe extern "C" fn(number: c_uint, format: *const c_char, flags: c_ulong, ...)
            = compat::MY_PRINTF_ERROR;
        /// A warning for the client of the session's current statement. `level`: 1, a warning.
        push_warning [optional]: unsafe extern "C" fn(
            thd: *mut THD,
            level: c_int,
            number: c_uint,
            text: *const c_char,
        ) = compat::PUSH_WARNING;
        /// Whether a plugin is installed and initialised. `kind`: the type in its descriptor. Takes
        /// the server's `LOCK_plugin`.
        plugin_is_ready: unsafe extern "C" fn(name: *const MYSQL_LEX_CSTRING, kind: c_int) -> bool
            = compat::PLUGIN_IS_READY;
        /// What a thread of ours calls before anything else of the server. true: failed.
        my_thread_init: unsafe extern "C" fn() -> bool = compat::MY_THREAD_INIT;
        /// What a thread of ours calls last.
        my_thread_end: unsafe extern "C" fn() = compat::MY_THREAD_END;

        /// Not 0: an applier, or a receiver. Of another session only while
        /// [`for_each`](compat::Sessions::for_each) shows it.
        thd_slave_thread: unsafe extern "C" fn(thd: *const THD) -> c_int
            = compat::THD_SLAVE_THREAD;
        /// Not 0: KILL, or the server's shutdown, wants the session to end. Of another session as
        /// `thd_slave_thread`.
        thd_killed: unsafe extern "C" fn(thd: *const THD) -> c_int = c"thd_killed";
        /// The session's id in the process list.
        thd_get_thread_id: unsafe extern "C" fn(thd: *const THD) -> c_ulong
            = c"thd_get_thread_id";

        /// Not 0 once the server shuts down. Any thread, at any time.
        shutdown_flag: *const compat::ShutdownFlag = compat::SHUTDOWN_FLAG;
        /// `@@GLOBAL.server_id`, an unsigned long. Any thread, at any time.
        server_id: *const AtomicU64 = c"server_id";
        /// `@@GLOBAL.read_only`, a bool; `super_read_only` sets it too. Any thread, at any time.
        opt_readonly: *const AtomicU8 = c"opt_readonly";
        /// A bool; hooks of events inside a transaction are left out while it is set. Servers that
        /// do not have it call all hooks. Any thread, at any time.
        observe_commit_only [optional]: *const AtomicU8
            = c"opt_replication_sender_observe_commit_only";
        /// The session of the current thread; null: it has none.
        current_thd [optional]: unsafe extern "C" fn() -> *mut THD = c"_Z19thd_get_current_thdv";
        /// When the session's command began, by the system's clock: with 6 `decimals` to the
        /// microsecond. MariaDB does not show it.
        query_start [optional]:
            unsafe extern "C" fn(thd: *mut THD, decimals: c_uint) -> libc::timeval
            = c"_ZN3THD25query_start_timeval_truncEj";
        /// `@@GLOBAL.log_bin_index`: path of the file that lists the binary logs, relative to the
        /// data directory; null without binary logs. MariaDB 5.5 does not show it.
        log_bin_index [optional]: *const *const c_char = c"log_bin_index";
        /// `@@GLOBAL.log_bin_basename`: what the paths of the binary logs begin with; null without
        /// binary logs. MariaDB 5.5 does not show it.
        log_bin_basename [optional]: *const *const c_char = c"log_bin_basename";
        /// `@@GLOBAL.relay_log_index`: path of the file that lists the relay logs of the default
        /// channel, relative to the data directory. MariaDB 5.5 does not show it.
        relay_log_index [optional]: *const *const c_char = c"relay_log_index";
        /// The option `relay_log` as it was given, or null; 8.0 and later put the default there,
        /// without a directory. Set before any plugin is loaded.
        opt_relay_logname [optional]: *const *const c_char = c"opt_relay_logname";
        /// The option `relay_log_index` as it was given, or null; as `opt_relay_logname`.
        opt_relaylog_index_name [optional]: *const *const c_char = c"opt_relaylog_index_name";
        /// `char pidfile_name[]`: path of the file of the server's process id, by which MariaDB 5.5
        /// calls its logs.
        pidfile_name [optional]: *const c_char = c"pidfile_name";
        /// `@@GLOBAL.sync_relay_log`, an unsigned int: the server syncs a relay log after so many
        /// events; 0: never. Any thread, at any time.
        sync_relaylog_period [optional]: *const AtomicU32 = c"sync_relaylog_period";
        /// `@@GLOBAL.innodb_flush_log_at_trx_commit`, from 0 to 2: the lower half of an unsigned
        /// long. MySQL 5.6 and MariaDB do not show it. Any thread, at any time.
        srv_flush_log_at_trx_commit [optional]: *const AtomicU32 = c"srv_flush_log_at_trx_commit";
        /// `@@GLOBAL.relay_log_recovery`, a bool. Any thread, at any time.
        relay_log_recovery [optional]: *const AtomicU8 = c"relay_log_recovery";
        /// Never called: a server that has it lays out its mutexes otherwise than the declarations
        /// do.
        checked_mutexes [optional]: *const c_void = compat::CHECKED_MUTEXES;
        /// `char server_version[]`, for example "9.7.4".
        server_version: *const c_char = c"server_version";

        + session: compat::Session;
        + sessions: compat::Sessions;
        + privileges: compat::Privileges;
        + refusals: compat::Refusals;
        + connections: compat::Connections;
        + tls: compat::Tls;
        + psi: compat::Psi;
    }
}
