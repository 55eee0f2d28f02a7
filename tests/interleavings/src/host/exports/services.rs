//! The tables of functions that the library looks up: performance schema, which is not there but
//! for starting a thread, and the services of the component registry, which are the error log.

use semisync_interleaved::{thread, trace};
use semisync_sys as sys;
use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    mem::zeroed,
    ptr::{null, null_mut},
    sync::atomic::{AtomicPtr, Ordering},
};

// ---- performance schema ----

/// Tables of functions, and where the library looks for their address.
#[repr(transparent)]
struct Table<T>(T);

// SAFETY: never written to.
unsafe impl<T> Sync for Table<T> {}

#[unsafe(export_name = "psi_stage_service")]
static STAGES: Table<&sys::PSI_stage_service> =
    // SAFETY: a table without functions.
    Table(const { &unsafe { zeroed::<sys::PSI_stage_service>() } });
#[unsafe(export_name = "psi_mutex_service")]
static MUTEXES: Table<&sys::PSI_mutex_service> =
    // SAFETY: as above.
    Table(const { &unsafe { zeroed::<sys::PSI_mutex_service>() } });
#[unsafe(export_name = "psi_cond_service")]
static CONDS: Table<&sys::PSI_cond_service> =
    // SAFETY: as above.
    Table(const { &unsafe { zeroed::<sys::PSI_cond_service>() } });
#[unsafe(export_name = "psi_memory_service")]
static MEMORY: Table<&sys::PSI_memory_service> =
    // SAFETY: as above.
    Table(const { &unsafe { zeroed::<sys::PSI_memory_service>() } });
#[unsafe(export_name = "psi_thread_service")]
static THREADS: Table<&sys::PSI_thread_service> = Table(&sys::PSI_thread_service {
    register_thread: None,
    spawn_thread: Some(spawn_thread),
});

/// A thread of the plugin's.
unsafe extern "C" fn spawn_thread(
    _: c_uint,
    _: c_uint,
    thread: *mut libc::pthread_t,
    _: *const libc::pthread_attr_t,
    start: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    argument: *mut c_void,
) -> c_int {
    let argument = argument.expose_provenance();
    let number = thread::spawn("the receiver", move || {
        let argument = std::ptr::with_exposed_provenance_mut(argument);
        // SAFETY: the plugin's function and argument.
        start.map(|start| unsafe { start(argument) });
    });
    // SAFETY: the plugin's place.
    unsafe { *thread = number as libc::pthread_t };
    0
}

// ---- services ----

/// Puts the services where the library looks for them, as the server does when it loads it.
pub fn give_services(registry: &AtomicPtr<c_void>, log: &AtomicPtr<c_void>) {
    registry.store((&raw const REGISTRIES).cast_mut().cast(), Ordering::Release);
    log.store(null_mut(), Ordering::Release);
}

static REGISTRIES: Table<sys::plugin_registry_service_t> = Table(sys::plugin_registry_service_t {
    acquire: Some(acquire_registry),
    release: Some(release_registry),
});
static REGISTRY: Table<sys::mysql_registry> = Table(sys::mysql_registry {
    acquire: Some(acquire),
    acquire_related: None,
    release: Some(release),
});
static LOG: Table<[*const c_void; sys::LOG_BUILTINS_SLOTS as usize]> = {
    let mut slots = [null(); sys::LOG_BUILTINS_SLOTS as usize];
    slots[0] = log_message as *const c_void;
    slots[1] = log_text as *const c_void;
    Table(slots)
};

unsafe extern "C" fn acquire_registry() -> *const sys::mysql_registry {
    &raw const REGISTRY.0
}

unsafe extern "C" fn release_registry(_: *const sys::mysql_registry) -> c_int {
    0
}

unsafe extern "C" fn acquire(name: *const c_char, service: *mut *mut c_void) -> c_int {
    // SAFETY: the plugin's name and place.
    unsafe {
        *service = (&raw const LOG).cast_mut().cast();
        c_int::from(CStr::from_ptr(name) != c"log_builtins.mysql_server")
    }
}

unsafe extern "C" fn release(_: *mut c_void) -> c_int {
    0
}

/// The plugin passes pairs, the text last: nine arguments, of which six are in registers.
#[unsafe(export_name = "_ZN16log_builtins_imp7messageEiz")]
unsafe extern "C" fn log_message(
    _: c_int,
    _: usize,
    _: usize,
    _: usize,
    _: usize,
    _: usize,
    _: usize,
    _: usize,
    text: *const c_char,
) -> c_int {
    // SAFETY: the plugin's text.
    let text = unsafe { CStr::from_ptr(text) };
    trace(format_args!("log: {}", text.to_string_lossy()));
    0
}

#[unsafe(export_name = "_ZN16log_builtins_imp17errmsg_by_errcodeEi")]
unsafe extern "C" fn log_text(_: c_int) -> *const c_char {
    c"a message of the server: %s %s %s".as_ptr()
}
