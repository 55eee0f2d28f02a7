//! Installing and uninstalling the replica side, and its variables and status.

use crate::{
    Vocabulary,
    channel::{any_semi_sync, hang_up_all, in_use},
    hooks::RELAY_IO,
    replica::{ENABLED, Replica, TRACE_LEVEL, after_panic, is_working, set_working},
    table,
};
use semisync_server::{
    Server, guard,
    observers::Observer,
    plugin::Handle,
    status::{Show, Value},
    variables::{Bool, Ulong, Update},
};
use std::{
    ffi::CStr,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether there is something for `deinit` to end: the server calls it after a failed
/// `init` too.
static OBSERVING: AtomicBool = AtomicBool::new(false);

/// `INSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::init`].
pub fn init(words: &'static Vocabulary, plugin: &Handle) -> bool {
    let Some(server) = Server::install(plugin, &words.names, after_panic) else {
        return false;
    };
    Replica::start(server, words);
    // Before: after a panic `deinit` is to find what there is to end.
    OBSERVING.store(true, Ordering::Release);
    if RELAY_IO.register(server, plugin) {
        // Last, because nothing takes the table away again if the installation fails.
        table::add(server, plugin);
        return true;
    }
    OBSERVING.store(false, Ordering::Release);
    Server::disconnect(plugin);
    false
}

/// Refused while a semi-sync receiver runs: its connection carries our header, or the
/// next may.
pub fn check_uninstall() -> bool {
    let Some(replica) = Replica::get() else {
        return true;
    };
    if !in_use() {
        table::remove(replica.server);
        return true;
    }
    let words = replica.words;
    replica
        .server
        .error_cannot_uninstall(words.names.main, words.still_in_use);
    false
}

/// `UNINSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::deinit`].
pub fn deinit(plugin: &Handle) -> bool {
    let Some(replica) = Replica::get().filter(|_| OBSERVING.load(Ordering::Acquire)) else {
        return true;
    };
    let taken_back = RELAY_IO.unregister(replica.server, plugin);
    hang_up_all();
    // Last, because after a panic the server layer tries once more.
    OBSERVING.store(false, Ordering::Release);
    table::close();
    Server::disconnect(plugin);
    taken_back
}

// ---- variables and status ----

pub const fn enabled(comment: &'static CStr) -> Bool {
    Bool::new::<Enabled>(c"enabled", comment, &ENABLED, false)
}

pub const fn trace_level() -> Ulong {
    Ulong::trace_level(&TRACE_LEVEL)
}

struct Enabled;

/// Takes effect when a receiver connects next.
impl Update for Enabled {
    type Value = bool;

    fn set(on: bool) {
        ENABLED.store(on, Ordering::Release);
        set_working(true);
        guard::arm(after_panic);
    }
}

/// `Rpl_semi_sync_..._status`: ON if any channel is connected to a source that has
/// semi-sync enabled.
pub struct Status;

impl Show for Status {
    fn value() -> Value {
        Value::Bool(is_working() && any_semi_sync())
    }
}
