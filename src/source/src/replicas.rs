//! The registry of all connections of semi-sync replicas, and who counts of them.
//!
//! Lock order: the registry, then what one connection locks inside.

use crate::{
    gone::Gone, messages, operator::values, replica_connection::ReplicaConnection, state::State,
    survey,
};
use semisync_core::{Member, ReplicaConnectionId};
use semisync_server::{
    MonotonicMicros, Poller, Server,
    instruments::{Cond, Mutex},
    sync::atomic::{AtomicU64, Ordering},
};
use std::{collections::HashMap, ffi::c_int, sync::Arc};

/// All connections, and what the receiver sleeps on.
#[derive(Default)]
pub struct Replicas {
    registry: Mutex<Registry>,
    last_id: AtomicU64,
    /// Those that have left.
    pub gone: Gone,
    /// For performance schema: the receiver's sleep while no replica is connected.
    pub alone: Cond,
}

#[derive(Default)]
struct Registry {
    connections: HashMap<ReplicaConnectionId, Arc<ReplicaConnection>>,
    /// None: no receiver runs.
    poller: Option<Arc<Poller>>,
}

impl Replicas {
    /// Makes performance schema know what it can count, by stock's names.
    pub fn instrument(&'static self, server: Server) {
        self.registry.instrument(server, c"Ack_receiver::m_mutex");
        self.alone.instrument(server, c"Ack_receiver::m_cond");
    }

    /// Never given twice, and never 0.
    pub fn new_id(&self) -> ReplicaConnectionId {
        ReplicaConnectionId(self.last_id.fetch_add(1, Ordering::Relaxed) + 1)
    }

    // ---- a connection's way, see `replica_connection` ----

    /// A dump begins.
    pub fn add(&self, state: &State, connection: Arc<ReplicaConnection>) {
        let lost = {
            let mut registry = self.registry.lock();
            let claimed = connection.claimed.clone();
            let (member, lost) = values::members().overrule(claimed);
            connection.set_member(Arc::new(member));
            let connections = &mut registry.connections;
            connections.insert(connection.id, Arc::clone(&connection));
            self.tell_use_locked(state, connections);
            lost
        };
        if let Some(name) = lost {
            messages::claims_anothers_name(connection.server_id, &name);
        }
    }

    /// The operator says otherwise by now who the replicas are.
    pub fn overrule_anew(&self, state: &State) {
        let (mut changed, mut lost) = (Vec::new(), Vec::new());
        {
            let registry = self.registry.lock();
            let members = values::members();
            for connection in registry.connections.values() {
                let claimed = connection.claimed.clone();
                let (member, name) = members.overrule(claimed);
                lost.extend(name.map(|name| (connection.server_id, name)));
                if member != *connection.member() {
                    let member = Arc::new(member);
                    connection.set_member(Arc::clone(&member));
                    changed.push((connection.id, member));
                }
            }
        }
        for (server_id, name) in lost {
            messages::claims_anothers_name(server_id, &name);
        }
        if !changed.is_empty() {
            state.on_members(&changed);
        }
    }

    /// The connection was counted as `member`'s, who may have been overruled meanwhile.
    pub fn tell_member(
        &self,
        state: &State,
        connection: &ReplicaConnection,
        counted: &Arc<Member>,
    ) {
        let member = connection.member();
        if !Arc::ptr_eq(&member, counted) {
            state.on_members(&[(connection.id, member)]);
        }
    }

    /// From now on the receiver, if it runs, reads from the connection. The error is an
    /// errno.
    pub fn read_from(&self, connection: &ReplicaConnection) -> Result<(), c_int> {
        match &self.registry.lock().poller {
            Some(poller) => watch(poller, connection),
            None => Ok(()),
        }
    }

    /// The receiver cannot read from the connection.
    pub fn refuse_unreadable(&self, state: &State, connection: &ReplicaConnection, errno: c_int) {
        let why = std::io::Error::from_raw_os_error(errno);
        let why = format!("epoll refuses it ({why})");
        messages::served_asynchronously(connection.server_id, &why);
        connection.on_fault(&why);
        self.refuse(state, connection);
    }

    /// The replica is being sent what was committed here under the replica's own server id, and
    /// throws it away: what it acknowledges from here on it does not have.
    pub fn refuse_namesake(&self, state: &State, connection: &ReplicaConnection) {
        messages::throws_away(connection.server_id, &connection.peer);
        connection.on_fault("it throws away what was committed here under its own server id");
        self.refuse(state, connection);
    }

    /// The connection is not asked, and does not count; its dump goes on.
    pub fn refuse(&self, state: &State, connection: &ReplicaConnection) {
        connection.on_refused();
        self.stop_counting(state, connection);
    }

    /// The replica has closed its end of the connection.
    pub fn lose(&self, state: &State, connection: &ReplicaConnection) {
        messages::connection_gone(connection.server_id, &connection.peer);
        if let Some(figures) = survey::replica(state, connection) {
            self.gone.add(figures, MonotonicMicros::now());
        }
        connection.on_gone();
        self.stop_counting(state, connection);
    }

    /// Notices replicas that are gone while no receiver runs to notice them.
    pub fn lose_hung_up(&self, state: &State) {
        let hung_up: Vec<_> = {
            let registry = self.registry.lock();
            let connections = registry.connections.values();
            let noticed_by_receiver = registry.poller.is_some();
            connections
                .filter(|connection| !noticed_by_receiver && connection.is_newly_hung_up())
                .cloned()
                .collect()
        };
        for connection in hung_up {
            self.lose(state, &connection);
        }
    }

    /// The connection ends, or its dump. After this nobody touches it, and it does not
    /// count. May be called twice.
    pub fn close(&self, state: &State, connection: &ReplicaConnection) {
        let is_news = !connection.is_gone();
        let figures = is_news
            .then(|| survey::replica(state, connection))
            .flatten();
        connection.on_closed();
        self.registry.lock().connections.remove(&connection.id);
        self.stop_counting(state, connection);
        // Two threads may come here at once, and either may be the first above.
        if let Some(figures) = figures {
            self.gone.add(figures, MonotonicMicros::now());
        }
    }

    /// Uninstalling: dumps to replicas that are gone may still be on their way. A
    /// replica that is there (where the server does not ask whether it may
    /// uninstall) must connect again: nobody writes its headers any more.
    pub fn close_all(&self) {
        self.hang_up_all();
        let connections = std::mem::take(&mut self.registry.lock().connections);
        for connection in connections.values() {
            connection.on_closed();
        }
    }

    /// Has every replica connect again: the log that it was served is gone. false: there is none.
    pub fn hang_up_all(&self) -> bool {
        let registry = self.registry.lock();
        for connection in registry.connections.values() {
            connection.hang_up();
        }
        !registry.connections.is_empty()
    }

    /// May be called twice.
    fn stop_counting(&self, state: &State, connection: &ReplicaConnection) {
        self.tell_use(state);
        let shutting_down = state.server.is_shutting_down();
        state.update(|core| core.on_disconnect(connection.id, shutting_down));
    }

    // ---- all of them ----

    pub fn find(&self, id: ReplicaConnectionId) -> Option<Arc<ReplicaConnection>> {
        self.registry.lock().connections.get(&id).cloned()
    }

    /// Those whose replica is there, in the order in which they came.
    pub fn connected(&self) -> Vec<Arc<ReplicaConnection>> {
        let mut connected: Vec<_> = {
            let registry = self.registry.lock();
            let connections = registry.connections.values();
            let connected = connections.filter(|connection| !connection.is_gone());
            connected.cloned().collect()
        };
        connected.sort_unstable_by_key(|connection| connection.id);
        connected
    }

    pub fn is_empty(&self) -> bool {
        self.registry.lock().connections.is_empty()
    }

    /// Whether a replica depends on this plugin.
    pub fn in_use(&self) -> bool {
        is_used(&self.registry.lock().connections)
    }

    /// Where the server does not ask whether the plugin may go, it is told. While
    /// semi-sync is off it may: nobody notices then that a replica has gone.
    pub fn tell_use(&self, state: &State) {
        self.tell_use_locked(state, &self.registry.lock().connections);
    }

    /// Under the registry's lock, so that what is told stays true.
    fn tell_use_locked(
        &self,
        state: &State,
        connections: &HashMap<ReplicaConnectionId, Arc<ReplicaConnection>>,
    ) {
        let in_use = state.is_enabled() && is_used(connections);
        state.server.set_in_use(in_use);
    }

    /// A receiver reads from all connections now. Those from which it cannot, each with an
    /// errno.
    pub fn start_reading(&self, poller: &Arc<Poller>) -> Vec<(Arc<ReplicaConnection>, c_int)> {
        let mut registry = self.registry.lock();
        registry.poller = Some(Arc::clone(poller));
        let unread = |connection: &Arc<ReplicaConnection>| {
            let errno = watch(poller, connection).err()?;
            Some((Arc::clone(connection), errno))
        };
        registry.connections.values().filter_map(unread).collect()
    }

    /// The receiver has ended.
    pub fn stop_reading(&self) {
        self.registry.lock().poller = None;
    }
}

fn is_used(connections: &HashMap<ReplicaConnectionId, Arc<ReplicaConnection>>) -> bool {
    connections.values().any(|connection| !connection.is_gone())
}

fn watch(poller: &Arc<Poller>, connection: &ReplicaConnection) -> Result<(), c_int> {
    if let Some(shared) = connection.readable() {
        shared.watch(poller, connection.id.0)?;
        connection.on_read();
        // Refused or gone meanwhile, by the receiver, which may have watched it before.
        if connection.readable().is_none() {
            shared.unwatch();
        }
    }
    Ok(())
}
