//! What the library looks up in a server by name: functions and data, exported by this program
//! (`-rdynamic`, see `build.rs`). What nothing here calls answers 0. Where the index of the binary
//! logs lies, `binary_log` tells.

mod services;

pub use services::give_services;

use super::{
    connection::net_flush,
    plugin::{STORAGE, TRANSACTIONS, TRANSMIT},
    session::{self, Session},
};
use semisync_sys as sys;
use std::{
    ffi::{CStr, c_char, c_int, c_longlong, c_uint, c_ulong, c_void},
    ptr::null_mut,
    sync::atomic::{AtomicI32, AtomicU8, AtomicU64, Ordering},
    time::Duration,
};

// ---- data ----

#[unsafe(export_name = "server_version")]
static VERSION: [u8; 6] = *b"9.7.0\0";
#[unsafe(export_name = "server_id")]
static SERVER_ID: AtomicU64 = AtomicU64::new(1);
#[unsafe(export_name = "opt_readonly")]
static READ_ONLY: AtomicU8 = AtomicU8::new(0);
#[unsafe(export_name = "connection_events_loop_aborted_flag")]
static SHUTS_DOWN: AtomicI32 = AtomicI32::new(0);
/// The virtual functions of a server's class, which the library wants to be there.
#[unsafe(export_name = "_ZTV22Item_func_current_role")]
static ROLES: [usize; 1] = [0];

/// No chance but the seed's: from here the hash maps of `std` have what orders them.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(bytes: *mut c_void, size: usize, _: c_uint) -> isize {
    // SAFETY: the caller's room.
    unsafe { bytes.write_bytes(7, size) };
    isize::try_from(size).unwrap_or(-1)
}

/// From now on the server shuts down.
pub fn begin_shutdown() {
    SHUTS_DOWN.store(1, Ordering::Release);
}

// ---- observers ----

macro_rules! observer {
    ($type:ty, $delegate:ident, $add:literal, $remove:literal) => {
        const _: () = {
            #[unsafe(export_name = $add)]
            unsafe extern "C" fn add(observer: *mut $type, _: *mut c_void) -> c_int {
                $delegate.add(observer);
                0
            }
            #[unsafe(export_name = $remove)]
            unsafe extern "C" fn remove(_: *mut $type, _: *mut c_void) -> c_int {
                $delegate.remove();
                0
            }
        };
    };
}
observer!(
    sys::Trans_observer,
    TRANSACTIONS,
    "register_trans_observer",
    "unregister_trans_observer"
);
observer!(
    sys::Binlog_storage_observer,
    STORAGE,
    "register_binlog_storage_observer",
    "unregister_binlog_storage_observer"
);
observer!(
    sys::Binlog_transmit_observer,
    TRANSMIT,
    "register_binlog_transmit_observer",
    "unregister_binlog_transmit_observer"
);

// ---- sessions ----

fn thd_of(session: Option<&'static Session>) -> *mut sys::THD {
    session.map_or(null_mut(), |session| {
        std::ptr::from_ref(session).cast_mut().cast()
    })
}

/// # Safety
/// A pointer of `thd_of`.
unsafe fn session_of(thd: *const sys::THD) -> Option<&'static Session> {
    // SAFETY: the caller's promise; sessions are never freed.
    unsafe { thd.cast::<Session>().as_ref() }
}

#[unsafe(export_name = "_Z19thd_get_current_thdv")]
extern "C" fn current_thd() -> *mut sys::THD {
    thd_of(session::current())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn thd_get_thread_id(thd: *const sys::THD) -> c_ulong {
    // SAFETY: the plugin's.
    unsafe { session_of(thd) }.map_or(0, |session| session.id)
}

#[unsafe(export_name = "_ZN3THD25query_start_timeval_truncEj")]
unsafe extern "C" fn query_start(thd: *mut sys::THD, _: c_uint) -> libc::timeval {
    // SAFETY: the plugin's.
    let began = unsafe { session_of(thd) }.map_or(Duration::ZERO, |session| session.began.get());
    libc::timeval {
        tv_sec: i64::try_from(began.as_secs()).unwrap_or(i64::MAX),
        tv_usec: began.subsec_micros().into(),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn thd_killed(thd: *const sys::THD) -> c_int {
    // SAFETY: the plugin's.
    unsafe { session_of(thd) }.map_or(0, |session| session.is_killed().into())
}

#[unsafe(export_name = "_Z16thd_slave_threadPK3THD")]
unsafe extern "C" fn thd_slave_thread(thd: *const sys::THD) -> c_int {
    // SAFETY: the plugin's.
    unsafe { session_of(thd) }.map_or(0, |session| session.is_applier.into())
}

#[unsafe(export_name = "_ZNK3THD19is_classic_protocolEv")]
unsafe extern "C" fn is_classic(thd: *const sys::THD) -> bool {
    // SAFETY: the plugin's.
    unsafe { session_of(thd) }.is_some_and(|session| session.connection().is_some())
}

#[unsafe(export_name = "_ZN3THD20get_protocol_classicEv")]
extern "C" fn get_protocol_classic(thd: *mut sys::THD) -> *mut c_void {
    thd.cast()
}

#[unsafe(export_name = "_ZN16Protocol_classic7get_netEv")]
unsafe extern "C" fn get_net(protocol: *mut c_void) -> *mut sys::NET {
    // SAFETY: of `get_protocol_classic`.
    let session = unsafe { session_of(protocol.cast()) };
    let connection = session.and_then(Session::connection);
    // SAFETY: the address of a field.
    connection.map_or(null_mut(), |connection| unsafe {
        &raw mut (*connection).net
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn thd_enter_cond(
    _: *mut c_void,
    cond: *mut sys::mysql_cond_t,
    mutex: *mut sys::mysql_mutex_t,
    _: *const c_void,
    _: *mut c_void,
    _: *const c_char,
    _: *const c_char,
    _: c_int,
) {
    let session = session::current().expect("a session waits");
    session.enter_cond(mutex, cond);
}

#[unsafe(no_mangle)]
extern "C" fn thd_exit_cond() {
    let session = session::current().expect("a session waits");
    session.exit_cond();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn get_user_var_int(
    name: *const c_char,
    value: *mut c_longlong,
    is_null: *mut c_int,
) -> c_int {
    // SAFETY: the plugin's name and places.
    unsafe {
        let is_announced = CStr::from_ptr(name) == c"rpl_semi_sync_replica"
            && session::current().is_some_and(|session| session.is_semi_sync_dump);
        *value = 1;
        *is_null = 0;
        c_int::from(!is_announced)
    }
}

#[unsafe(export_name = "_Z12push_warningP3THDN13Sql_condition19enum_severity_levelEjPKc")]
unsafe extern "C" fn push_warning(thd: *mut sys::THD) {
    // SAFETY: the plugin's.
    if let Some(session) = unsafe { session_of(thd) } {
        session.warnings.set(session.warnings.get() + 1);
    }
}

#[unsafe(export_name = "_Z14do_for_all_thdPFvP3THDmEm")]
unsafe extern "C" fn do_for_all_thd(
    visit: unsafe extern "C" fn(*mut sys::THD, c_ulong),
    argument: c_ulong,
) {
    for session in session::all() {
        // SAFETY: as the server calls it.
        unsafe { visit(thd_of(Some(session)), argument) };
    }
}

// ---- connections ----

#[unsafe(export_name = "_Z6vio_fdP3Vio")]
unsafe extern "C" fn vio_fd(vio: *mut sys::Vio) -> c_int {
    // SAFETY: a session's.
    unsafe { (*vio).fd }
}

#[unsafe(export_name = "_Z9net_flushP3NET")]
unsafe extern "C" fn exported_net_flush(net: *mut sys::NET) -> bool {
    // SAFETY: as the plugin calls it.
    unsafe { net_flush(net) }
}

// ---- what answers 0 ----

macro_rules! never {
    ($($name:literal)*) => { $(
        const _: () = {
            #[unsafe(export_name = $name)]
            extern "C" fn never() -> usize { 0 }
        };
    )* };
}
never! {
    "register_binlog_relay_io_observer" "unregister_binlog_relay_io_observer"
    "thd_sql_command" "thd_tablespace_op" "mysql_real_query" "mysql_errno" "mysql_free_result"
    "mysql_store_result" "mysql_fetch_row" "_Z14thd_query_safeP3THDPcm" "_Z8my_erroriiz"
    "_Z24thd_get_security_contextP3THDPP16Security_context"
    "_Z27security_context_get_optionP16Security_contextPKcPv"
    "_Z19set_transaction_ctx27Transaction_termination_ctx"
    "_Z28trans_cannot_safely_rollbackPK3THD" "_Z27stmt_cannot_safely_rollbackPK3THD"
    "_ZNK3THD21is_binlog_cache_emptyEb" "_Z15my_printf_errorjPKciz"
    "_Z15plugin_is_readyRK17MYSQL_LEX_CSTRINGi" "_Z14my_thread_initv" "_Z13my_thread_endv"
    "_Z13vio_ssl_writeP3VioPKhm" "_Z12vio_ssl_readP3VioPhm" "_Z16vio_ssl_shutdownP3Vio"
    "_Z11vio_io_waitP3Vio17enum_vio_io_eventi" "_Z15vio_is_blockingP3Vio"
    "_Z21vio_set_blocking_flagP3Viob" "_Z9net_clearP3NETb" "_Z12my_net_writeP3NETPKhm"
    "_Z19pfs_spawn_thread_vcjjP16my_thread_handlePK14pthread_attr_tPFPvS4_ES4_"
}

#[unsafe(no_mangle)]
extern "C" fn get_user_var_str() -> c_int {
    1
}
