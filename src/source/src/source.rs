//! The one `Source` of this library: the state, the replicas, and the receiver.
//!
//! It is made at the first installation and never freed (the library stays mapped, see
//! SAFETY.md): a hook can never meet a dangling one. Each installation starts it afresh.

use crate::{
    Vocabulary,
    decisions::{self, Decisions},
    figures::{ReplicaFigures, SourceFigures, WaitFigures},
    intake::Intake,
    messages,
    own_ids::OwnIds,
    receiver::Receiver,
    replicas::Replicas,
    state::State,
    survey,
};
use semisync_server::{MonotonicMicros, Server, callback::Callback, sync::Mutex};
use std::sync::{Arc, OnceLock};

static SOURCE: OnceLock<Source> = OnceLock::new();

/// What the hooks need.
pub struct Source {
    pub words: &'static Vocabulary,
    pub state: State,
    pub replicas: Replicas,
    pub own_ids: OwnIds,
    /// Held for a moment: never while the thread is waited for.
    receiver: Mutex<Option<Receiver>>,
}

impl Source {
    /// None until the plugin was installed for the first time.
    pub fn get() -> Option<&'static Self> {
        SOURCE.get()
    }

    /// As `get`, where semi-sync is enabled. No lock.
    pub fn enabled() -> Option<&'static Self> {
        Self::get().filter(|source| source.state.is_enabled())
    }

    /// The source of this installation: nothing is left of an earlier one.
    pub fn start(server: Server, words: &'static Vocabulary) -> &'static Self {
        let source = SOURCE.get_or_init(|| Self {
            words,
            state: State::new(server),
            replicas: Replicas::default(),
            own_ids: OwnIds::default(),
            receiver: Mutex::default(),
        });
        source.state.instrument();
        source.replicas.instrument(server);
        source.state.begin_anew();
        // There may be sessions that keep this one, whatever it is when they commit.
        source.own_ids.note(server.server_id());
        source.replicas.gone.clear();
        source
    }

    /// `SET GLOBAL ..._enabled`. false: it could not be switched on; the error
    /// log says why. Under the server's `LOCK_global_system_variables`, so one
    /// call at a time.
    pub fn set_enabled(&'static self, on: bool) -> bool {
        let done = if on {
            if self.state.enable() {
                self.replicas.hang_up_all();
            }
            self.start_receiver()
        } else {
            true
        };
        if !on || !done {
            self.state.update(|core| core.on_disable());
        }
        if !on {
            self.stop_receiver_if(|_| true);
        }
        self.replicas.tell_use(&self.state);
        done
    }

    /// Where acknowledgements come in. None: no receiver runs.
    pub fn intake(&self) -> Option<Arc<Intake>> {
        let receiver = self.receiver.lock();
        receiver
            .as_ref()
            .map(|receiver| Arc::clone(receiver.intake()))
    }

    /// Starts the receiver, unless it runs.
    fn start_receiver(&'static self) -> bool {
        self.stop_receiver_if(Receiver::has_ended);
        let mut slot = self.receiver.lock();
        if slot.is_some() {
            return true;
        }
        let receiver = match Receiver::start(&self.state, &self.replicas, self.words) {
            Ok(receiver) => receiver,
            Err(errno) => {
                drop(slot);
                messages::receiver_failed_to_start(errno);
                return false;
            }
        };
        let unread = self.replicas.start_reading(receiver.poller());
        self.state.alarm.watch(Some(Arc::clone(receiver.poller())));
        *slot = Some(receiver);
        drop(slot);
        for (connection, errno) in unread {
            self.replicas
                .refuse_unreadable(&self.state, &connection, errno);
        }
        true
    }

    fn stop_receiver_if(&self, condition: impl FnOnce(&Receiver) -> bool) {
        let receiver = self.receiver.lock().take_if(|receiver| condition(receiver));
        if let Some(receiver) = receiver {
            self.replicas.stop_reading();
            self.state.alarm.watch(None);
            receiver.stop();
        }
    }

    /// The operator says otherwise by now who the replicas are.
    pub fn on_members(&self) {
        self.replicas.overrule_anew(&self.state);
    }

    // ---- what the operator sees ----

    /// The replicas that are connected, by server id, and of one server in the order in which its
    /// connections came.
    pub fn connected_replicas(&self) -> Vec<ReplicaFigures> {
        self.replicas.lose_hung_up(&self.state);
        let mut figures = survey::replicas(&self.state, &self.replicas.connected());
        figures.sort_by_key(|figures| figures.member.server_id);
        figures
    }

    /// As [`Self::connected_replicas`], with those that are gone.
    pub fn replica_figures(&self) -> Vec<ReplicaFigures> {
        let mut figures = self.connected_replicas();
        figures.extend(self.replicas.gone.list(&figures, MonotonicMicros::now()));
        figures.sort_by_key(|figures| figures.member.server_id);
        figures
    }

    /// The sessions that wait, in the order of the log.
    pub fn wait_figures(&self) -> Vec<WaitFigures> {
        survey::waits(&self.state)
    }

    /// The source in numbers.
    pub fn source_figures(&self) -> SourceFigures {
        survey::source(&self.state)
    }

    // ---- what the operator decides ----

    /// The operator decides otherwise. It takes effect at once, for sessions that wait too; or
    /// when the main plugin is installed. All that `change` does is done in one step, as
    /// `*decisions = Decisions::STOCK` when the operator's plugin is uninstalled.
    pub fn decide(change: impl FnOnce(&mut Decisions)) {
        decisions::change(change);
        if let Some(source) = Self::get() {
            source.state.on_decisions();
        }
    }

    /// All sessions that wait now go on, unconfirmed.
    pub fn release_waits() {
        if let Some(source) = Self::get() {
            source.state.release_waits();
        }
    }

    /// The binary log was reset: what the replicas were served is gone.
    pub fn on_new_log(&self) {
        if self.replicas.hang_up_all() {
            messages::log_was_reset();
        }
    }
}

/// A hook panicked: replication goes on asynchronously.
pub fn after_panic(callback: Callback) {
    messages::internal_error(callback.name());
    if let Some(source) = Source::get() {
        let shutting_down = source.state.server.is_shutting_down();
        source
            .state
            .update(|core| core.on_hook_panic(shutting_down));
    }
}
