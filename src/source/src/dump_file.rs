//! The file of the binary log that a dump is in, and how far it is.

use crate::{
    messages,
    replica_connection::ReplicaConnection,
    state::State,
    variables::{WaitPoint, wait_point},
};
use semisync_core::{Place, Position};
use semisync_server::LogPos;
use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

/// Where one dump is. In its thread alone.
pub struct DumpFile {
    state: &'static State,
    connection: Arc<ReplicaConnection>,
    known: RefCell<KnownFile>,
    /// The server has chosen the first file by GTIDs, and it is not known yet where it lies.
    chosen_by_gtids: Cell<bool>,
}

/// The file that was named last, and where it lies: found out once for each file, and
/// again when the log has changed.
#[derive(Default)]
struct KnownFile {
    name: Vec<u8>,
    /// As the server has named it with an event. Empty: with none yet.
    path: Vec<u8>,
    place: Place,
    /// Of the log, when that was found out.
    version: u64,
    /// What the connection was told of this file.
    entered: Option<Place>,
}

impl DumpFile {
    /// `by_gtids`: the replica names GTIDs, and no file.
    pub fn new(state: &'static State, connection: Arc<ReplicaConnection>, by_gtids: bool) -> Self {
        Self {
            state,
            connection,
            known: RefCell::default(),
            chosen_by_gtids: Cell::new(by_gtids),
        }
    }

    /// An event is about to be sent that ends at `end`: its position, if it is known where the
    /// file lies.
    pub fn on_event(&self, end: LogPos<'_>) -> Option<Position> {
        let place = self.known_place(end.path());
        let place = place.unwrap_or_else(|| self.enter_path(end));
        self.connection.on_send(end.offset);
        place.at(end.offset)
    }

    /// Where the file lies, if it is that of the last event and nothing has changed since.
    fn known_place(&self, path: &[u8]) -> Option<Place> {
        let known = self.known.borrow();
        let is_the_same = known.path == path
            && known.version == self.state.log_version()
            && known.entered == Some(known.place);
        is_the_same.then_some(known.place)
    }

    #[cold]
    fn enter_path(&self, end: LogPos<'_>) -> Place {
        let place = self.place(end.file());
        self.enter(place);
        let path = &mut self.known.borrow_mut().path;
        path.clear();
        path.extend_from_slice(end.path());
        place
    }

    /// The replica is told, or has said itself, that it has everything up to `offset`. The
    /// position, if that is to be believed. Whatever is believed, the file is one that was
    /// served.
    pub fn on_announced(&self, name: &[u8], offset: u64) -> Option<Position> {
        let believed = self.believe(name, offset);
        if believed.is_none() && self.known.borrow().entered.is_none() {
            self.enter(Place::Unknown);
            self.connection.on_send(offset);
        }
        believed
    }

    /// Where the file lies that the server names.
    fn place(&self, name: &[u8]) -> Place {
        let mut known = self.known.borrow_mut();
        if known.name != name {
            if !known.name.is_empty() {
                self.chosen_by_gtids.set(false); // it has read on from there
            }
            known.name.clear();
            known.name.extend_from_slice(name);
            known.path.clear();
            known.entered = None;
            known.version = 0;
        }
        if known.version != self.state.log_version() {
            (known.place, known.version) = self.state.place(name);
        }
        known.place
    }

    /// The connection is served from the file that was named last, which lies at `place`.
    fn enter(&self, place: Place) {
        let mut known = self.known.borrow_mut();
        if known.entered != Some(place) {
            known.entered = Some(place);
            self.connection.on_file(&known.name, place);
        }
        if self.chosen_by_gtids.get()
            && let Some(before) = place.begins_behind()
        {
            self.chosen_by_gtids.set(false);
            self.on_start_by_gtids(before);
        }
    }

    /// What waits at the other wait point has committed in the engine, and a file that is begun
    /// then names it.
    #[cold]
    fn on_start_by_gtids(&self, before: Position) {
        let id = self.connection.id;
        if wait_point() == WaitPoint::AfterSync
            && self.state.update(|core| core.on_start_by_gtids(id, before))
        {
            let ReplicaConnection {
                server_id, peer, ..
            } = &*self.connection;
            messages::may_lack(*server_id, peer);
        }
    }

    /// The replica is told, or has said itself, that it has everything up to here. The
    /// position, if that is to be believed: nothing was read from there yet, and a RESET
    /// may have come since the server looked.
    fn believe(&self, name: &[u8], offset: u64) -> Option<Position> {
        let place = self.place(name);
        let at = place.at(offset)?;
        if Some(at) <= self.connection.sent() || self.state.log_reaches(place, offset) {
            self.enter(place);
            self.connection.on_send(offset);
            return Some(at);
        }
        None
    }
}
