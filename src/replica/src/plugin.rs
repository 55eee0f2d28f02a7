//! Installing and uninstalling the replica side, its variables and its status,
//! and what a panic leads to.

use crate::{
    Vocabulary,
    channel::{any_semi_sync, hang_up_all, in_use},
    hooks::RELAY_IO,
};
use semisync_server::{
    Server,
    callback::Callback,
    guard::{self, guard},
    log::{self, Level},
    observers::{register, unregister},
    plugin::Handle,
    status::{Value, answer, leave_empty},
    sys,
    variables::{self as v, saved},
};
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

static ENABLED: AtomicBool = AtomicBool::new(false);
static TRACE_LEVEL: AtomicU64 = AtomicU64::new(32);
static REPLICA: OnceLock<Replica> = OnceLock::new();
/// Whether the observer is registered: the server calls `deinit` after a failed
/// `init` too.
static OBSERVING: AtomicBool = AtomicBool::new(false);

/// What the hooks need. Made at the first installation and never freed.
pub struct Replica {
    pub server: Server,
    pub vocabulary: &'static Vocabulary,
    /// A hook panicked: no acknowledgements until the variable is set again.
    failed: AtomicBool,
}

impl Replica {
    /// None until the plugin was installed for the first time.
    pub fn get() -> Option<&'static Self> {
        REPLICA.get()
    }

    pub fn is_working(&self) -> bool {
        !self.failed.load(Ordering::Acquire)
    }
}

pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Acquire)
}

/// Bit 16 of `trace_level`: lines about single positions.
pub fn traces_details() -> bool {
    TRACE_LEVEL.load(Ordering::Relaxed) & 16 != 0
}

/// `INSTALL PLUGIN`, or the server's start; variables hold their values already.
pub fn init(vocabulary: &'static Vocabulary, plugin: &Handle) -> c_int {
    let (name, rival) = (vocabulary.plugin, vocabulary.rival);
    let Some(server) = Server::install(plugin, name, rival, after_panic) else {
        return 1;
    };
    let replica = REPLICA.get_or_init(|| Replica {
        server,
        vocabulary,
        failed: AtomicBool::new(false),
    });
    replica.failed.store(false, Ordering::Release);
    if register(server, &RELAY_IO, plugin) {
        OBSERVING.store(true, Ordering::Release);
        return 0;
    }
    Server::disconnect();
    1
}

/// Refused while a semi-sync receiver runs: its connection carries our header, or the
/// next may.
pub fn check_uninstall() -> c_int {
    let Some(replica) = Replica::get().filter(|_| in_use()) else {
        return 0;
    };
    let words = replica.vocabulary;
    replica
        .server
        .error_cannot_uninstall(words.plugin, words.still_in_use);
    1
}

/// `UNINSTALL PLUGIN`, or the server's end; also called if `init` failed. Not 0:
/// the observer is still known to the server.
pub fn deinit(plugin: &Handle) -> c_int {
    let Some(replica) = Replica::get().filter(|_| OBSERVING.swap(false, Ordering::AcqRel)) else {
        return 0;
    };
    let taken_back = unregister(replica.server, &RELAY_IO, plugin);
    hang_up_all();
    Server::disconnect();
    c_int::from(!taken_back)
}

/// A hook panicked: replication goes on, without acknowledgements.
fn after_panic(callback: Callback) {
    log::plain(
        Level::Error,
        format_args!(
            "Internal error in hook '{}': semi-sync replication is switched OFF, replication goes on without acknowledgements. Setting the plugin's _enabled variable OFF and ON again starts it anew; please report this.",
            callback.name()
        ),
    );
    if let Some(replica) = Replica::get() {
        replica.failed.store(true, Ordering::Release);
    }
}

// ---- variables ----

pub const fn enabled(comment: &'static CStr) -> sys::sys_var_bool {
    v::boolean(c"enabled", comment, &ENABLED, false, Some(update_enabled))
}

pub const fn trace_level() -> sys::sys_var_ulong {
    v::trace_level(&TRACE_LEVEL)
}

/// Takes effect when a receiver connects next. Under the server's
/// `LOCK_global_system_variables`.
unsafe extern "C" fn update_enabled(
    _: *mut sys::THD,
    _: *mut sys::st_mysql_sys_var,
    _: *mut c_void,
    save: *const c_void,
) {
    guard(Callback::UpdateVariable, (), || {
        // SAFETY: the server's value of a BOOL variable.
        ENABLED.store(unsafe { saved(save) }, Ordering::Release);
        if let Some(replica) = Replica::get() {
            replica.failed.store(false, Ordering::Release);
        }
        guard::arm(after_panic);
    });
}

/// `Rpl_semi_sync_..._status`: ON if any channel is connected to a source that has
/// semi-sync enabled.
///
/// # Safety
/// A show function's arguments, see [`answer`].
pub unsafe extern "C" fn show_status(
    _: *mut sys::THD,
    out: *mut sys::st_mysql_show_var,
    buffer: *mut c_char,
) -> c_int {
    // SAFETY: the arguments of a show function.
    unsafe { leave_empty(out) };
    guard(Callback::ShowStatus, 1, || {
        let working = Replica::get().is_some_and(Replica::is_working);
        // SAFETY: the arguments of a show function.
        unsafe { answer(out, buffer, Value::Bool(working && any_semi_sync())) }
    })
}
