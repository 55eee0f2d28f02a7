//! Installing and uninstalling the source side, and what a panic leads to.

use crate::{
    Vocabulary, hooks, messages,
    receiver::THREAD,
    state::{Source, apply_options},
    transmit,
};
use semisync_core::Coordinator;
use semisync_server::{
    Server,
    callback::Callback,
    log::{self, Level},
    observers::{register, unregister},
    plugin::Handle,
    sys,
};
use std::{
    ffi::c_int,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether the observers are registered: the server calls `deinit` after a
/// failed `init` too.
static OBSERVING: AtomicBool = AtomicBool::new(false);

/// `INSTALL PLUGIN`, or the server's start. In the installing session, or
/// without a session at the start; variables hold their values already.
pub fn init(vocabulary: &'static Vocabulary, plugin: &Handle) -> c_int {
    let (name, rival) = (vocabulary.plugin, vocabulary.rival);
    let Some(server) = Server::install(plugin, name, rival, after_panic) else {
        return 1;
    };
    for stage in [
        &vocabulary.waiting_for_ack,
        &vocabulary.waiting_for_replica,
        &vocabulary.reading_ack,
    ] {
        stage.register(server);
    }
    THREAD.register(server);

    let source = Source::start(server, vocabulary);
    // Before: a dump may begin as soon as the server knows the observer.
    OBSERVING.store(true, Ordering::Release);
    if apply_options(source) && observe(server, plugin) {
        return 0;
    }
    OBSERVING.store(false, Ordering::Release);
    source.set_enabled(false);
    Server::disconnect();
    1
}

fn observe(server: Server, plugin: &Handle) -> bool {
    if !register(server, &hooks::TRANSACTION, plugin) {
        return false;
    }
    if !register(server, &hooks::STORAGE, plugin) {
        unregister(server, &hooks::TRANSACTION, plugin);
        return false;
    }
    if !register(server, &transmit::TRANSMIT, plugin) {
        unregister(server, &hooks::STORAGE, plugin);
        unregister(server, &hooks::TRANSACTION, plugin);
        return false;
    }
    true
}

/// Whether the plugin is installed.
pub(crate) fn is_observing() -> bool {
    OBSERVING.load(Ordering::Acquire)
}

/// Refused while semi-sync replicas are connected: their connections carry our
/// header, and a replica cannot do without it.
pub fn check_uninstall() -> c_int {
    let Some(source) = Source::get() else {
        return 0;
    };
    source.lose_hung_up();
    if !source.links.in_use() {
        // It goes; a session that waits would keep it from going, and nobody
        // could end the wait any more: the server passes over our hooks.
        source.update(|core| core.on_disable());
        return 0;
    }
    let words = source.vocabulary;
    source
        .server
        .error_cannot_uninstall(words.plugin, words.still_in_use);
    1
}

/// `UNINSTALL PLUGIN`, or the server's end; also called if `init` failed. Not 0:
/// an observer is still known to the server.
pub fn deinit(plugin: &Handle) -> c_int {
    let Some(source) = Source::get().filter(|_| OBSERVING.swap(false, Ordering::AcqRel)) else {
        return 0;
    };
    let server = source.server;
    let mut result = 0;
    for (taken_back, message) in [
        (
            unregister(server, &hooks::TRANSACTION, plugin),
            sys::ER_SEMISYNC_UNREGISTER_TRX_OBSERVER_FAILED,
        ),
        (
            unregister(server, &hooks::STORAGE, plugin),
            sys::ER_SEMISYNC_UNREGISTER_BINLOG_STORAGE_OBSERVER_FAILED,
        ),
        (
            unregister(server, &transmit::TRANSMIT, plugin),
            sys::ER_SEMISYNC_UNREGISTER_BINLOG_TRANSMIT_OBSERVER_FAILED,
        ),
    ] {
        if !taken_back {
            log::message(Level::Error, message, &[]);
            result = 1;
        }
    }
    if let Some(left) = source.look(Coordinator::left_unconfirmed) {
        messages::left_unconfirmed(source, &left);
    }
    source.set_enabled(false);
    source.links.close_all();
    if result == 0 {
        log::message(Level::Note, sys::ER_SEMISYNC_UNREGISTERED_REPLICATOR, &[]);
    }
    Server::disconnect();
    result
}

/// A hook panicked: replication goes on asynchronously.
pub(crate) fn after_panic(callback: Callback) {
    messages::internal_error(callback.name());
    if let Some(source) = Source::get() {
        let shutting_down = source.server.is_shutting_down();
        source.update(|core| core.on_hook_panic(shutting_down));
    }
}
