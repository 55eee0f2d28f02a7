//! Installing and uninstalling the source side.

use crate::{
    Vocabulary,
    commit::{STORAGE, TRANSACTION},
    messages,
    receiver::THREAD,
    source::{Source, after_panic},
    tables,
    transmit::TRANSMIT,
    variables,
};
use semisync_core::Coordinator;
use semisync_server::{
    Server,
    log::messages as stock,
    observers::{Observer, register},
    plugin::Handle,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether there is something for `deinit` to end: the server calls it after a failed `init`
/// too.
static OBSERVING: AtomicBool = AtomicBool::new(false);

const OBSERVERS: [&dyn Observer; 3] = [&TRANSACTION, &STORAGE, &TRANSMIT];

/// `INSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::init`].
pub fn init(words: &'static Vocabulary, plugin: &Handle) -> bool {
    let Some(server) = Server::install(plugin, &words.names, after_panic) else {
        return false;
    };
    for stage in [
        &words.waiting_for_ack,
        &words.waiting_for_replica,
        &words.reading_ack,
    ] {
        stage.register(server);
    }
    THREAD.register(server);

    let source = Source::start(server, words);
    // Before: after a panic `deinit` is to find what there is to end.
    OBSERVING.store(true, Ordering::Release);
    let enabled = !variables::is_enabled() || source.set_enabled(true);
    if enabled && register(server, plugin, &OBSERVERS) {
        // Last, because nothing takes the tables away again if the installation fails.
        tables::add(server, plugin);
        return true;
    }
    OBSERVING.store(false, Ordering::Release);
    source.set_enabled(false);
    Server::disconnect(plugin);
    false
}

/// Refused while semi-sync replicas are connected: their connections carry our
/// header, and a replica cannot do without it.
pub fn check_uninstall() -> bool {
    let Some(source) = Source::get() else {
        return true;
    };
    let (state, replicas) = (&source.state, &source.replicas);
    replicas.lose_hung_up(state);
    if !replicas.in_use() {
        // A session that waits holds a reference to the plugin, so the server would delay
        // `deinit` until the wait ends. And nobody could end the wait any more, because the
        // server passes over our hooks from now on.
        state.update(|core| core.on_disable());
        tables::remove(state.server);
        return true;
    }
    let words = source.words;
    state
        .server
        .error_cannot_uninstall(words.names.main, words.still_in_use);
    false
}

/// `UNINSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::deinit`].
pub fn deinit(plugin: &Handle) -> bool {
    let Some(source) = Source::get().filter(|_| OBSERVING.load(Ordering::Acquire)) else {
        return true;
    };
    let mut done = true;
    for (observer, message) in OBSERVERS.into_iter().zip([
        stock::ER_SEMISYNC_UNREGISTER_TRX_OBSERVER_FAILED,
        stock::ER_SEMISYNC_UNREGISTER_BINLOG_STORAGE_OBSERVER_FAILED,
        stock::ER_SEMISYNC_UNREGISTER_BINLOG_TRANSMIT_OBSERVER_FAILED,
    ]) {
        if !observer.unregister(source.state.server, plugin) {
            messages::unregister_failed(message);
            done = false;
        }
    }
    let state = &source.state;
    if let Some(left) = state.look(Coordinator::left_unconfirmed) {
        let not_cut = state.not_cut.load(Ordering::Relaxed);
        messages::left_unconfirmed(&left, not_cut, |at| state.file_name(at));
    }
    source.set_enabled(false);
    source.replicas.close_all();
    if done {
        messages::unregistered();
    }
    // Last, because after a panic the server layer tries once more.
    OBSERVING.store(false, Ordering::Release);
    tables::close();
    Server::disconnect(plugin);
    done
}
