//! One replica's connection, and the registry of all of them.
//!
//! A `Link` is shared by its dump thread and the receiver thread. Its *gate*
//! guards the stream: while a thread holds it and it is not empty the connection
//! exists, and on TLS nobody else is inside the SSL object. `Links::close`
//! empties the gate, so that after it nobody touches the connection or its
//! descriptor again: the dump thread calls it when the dump ends, and whoever
//! else closes the connection before he does.
//! Lock order: registry, then one gate.

use crate::{receiver::Receiver, state::Source};
use parking_lot::Mutex;
use semisync_core::{AckReader, LinkId, Position};
use semisync_server::{Server, ack_stream::AckStream, connection::ConnectionId, instruments};
use std::{
    collections::HashMap,
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub struct Link {
    pub id: LinkId,
    pub server_id: u32,
    /// The replica's address, for the error log.
    pub peer: String,
    pub gate: Mutex<Option<Intake>>,
    connection: Option<ConnectionId>,
    served: Served,
    /// The replica has closed its end. Its dump thread will find out.
    gone: AtomicBool,
    /// See `Links::close`.
    closed: AtomicBool,
}

/// What the receiver reads from and with.
pub struct Intake {
    pub stream: AckStream,
    pub reader: AckReader,
}

impl Link {
    /// `connection`: None if it cannot be shared, and nobody reads from it.
    pub fn new(
        id: LinkId,
        server_id: u32,
        connection: Option<(ConnectionId, Intake)>,
    ) -> Arc<Self> {
        let (connection, intake) = connection.unzip();
        let peer = intake.as_ref().map(|intake: &Intake| intake.stream.peer());
        Arc::new(Self {
            id,
            server_id,
            peer: peer.unwrap_or_default(),
            gate: Mutex::new(intake),
            connection,
            served: Served::default(),
            gone: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        })
    }

    /// Whether its dump may not touch the connection any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// How far this connection has been served: sent, or skipped because the
    /// replica had it. None: nothing yet.
    pub fn served(&self) -> Option<Position> {
        self.served.get()
    }
}

/// A position that one thread moves on for every event and another reads for
/// every acknowledgement: no lock in the writer but at a change of file.
#[derive(Default)]
struct Served {
    /// 0: nothing was served. Changed, together with the offset, under the lock.
    file: Mutex<u64>,
    offset: AtomicU64,
}

impl Served {
    fn get(&self) -> Option<Position> {
        let file = self.file.lock();
        (*file != 0).then(|| Position {
            file: *file,
            offset: self.offset.load(Ordering::Acquire),
        })
    }
}

/// The dump thread's end of [`Served`]: how far it has come. Never goes back.
#[derive(Clone, Copy, Default)]
pub struct ServedMark(Option<Position>);

impl ServedMark {
    /// Everything up to `to` is being served. Before it is sent, so that no
    /// acknowledgement can be quicker.
    pub fn advance(&mut self, link: &Link, to: Position) {
        if Some(to) <= self.0 {
            return;
        }
        let same_file = self.0.is_some_and(|last| last.file == to.file);
        self.0 = Some(to);
        if same_file {
            link.served.offset.store(to.offset, Ordering::Release);
        } else {
            let mut file = link.served.file.lock();
            *file = to.file;
            link.served.offset.store(to.offset, Ordering::Release);
        }
    }
}

/// All links, and the thread that reads from them.
#[derive(Default)]
pub struct Links(instruments::Mutex<Registry>);

#[derive(Default)]
struct Registry {
    links: HashMap<LinkId, Arc<Link>>,
    receiver: Option<Receiver>,
}

impl Links {
    /// Makes performance schema know the registry's lock, by stock's name.
    pub fn instrument(&'static self, server: Server) {
        self.0.instrument(server, c"Ack_receiver::m_mutex");
    }

    pub fn add(&self, link: Arc<Link>) {
        self.0.lock().links.insert(link.id, link);
    }

    /// From now on the receiver, if it runs, reads from the link.
    pub fn read_from(&self, link: &Link) {
        let registry = self.0.lock();
        if let (Some(receiver), Some(fd)) = (&registry.receiver, fd_of(link)) {
            receiver.watch(fd, link.id);
        }
    }

    /// After this nobody touches the link's connection.
    pub fn close(&self, link: &Link) {
        let mut registry = self.0.lock();
        registry.links.remove(&link.id);
        close(&registry, link);
    }

    /// Uninstalling: dumps to replicas that are gone may still be on their way. A
    /// replica that is there (where the server does not ask whether it may
    /// uninstall) must connect again: nobody writes its headers any more.
    pub fn close_all(&self) {
        self.hang_up_all();
        let mut registry = self.0.lock();
        for (_, link) in std::mem::take(&mut registry.links) {
            close(&registry, &link);
        }
    }

    /// The replica has closed its end: it is not read from any more, and in
    /// nobody's way.
    pub fn set_gone(&self, link: &Link) {
        link.gone.store(true, Ordering::Release);
        self.ignore(link);
    }

    /// The receiver reads no more from this link; its dump goes on.
    pub fn ignore(&self, link: &Link) {
        let registry = self.0.lock();
        if let (Some(receiver), Some(fd)) = (&registry.receiver, fd_of(link)) {
            receiver.unwatch(fd);
        }
    }

    /// Links whose replica has closed its end. None while the receiver runs: it
    /// notices by itself.
    pub fn find_hung_up(&self) -> Vec<Arc<Link>> {
        let registry = self.0.lock();
        if registry.receiver.is_some() {
            return Vec::new();
        }
        let is_news = |link: &&Arc<Link>| {
            let gate = link.gate.lock();
            let hung_up = gate
                .as_ref()
                .is_some_and(|intake| intake.stream.is_hung_up());
            hung_up && !link.gone.load(Ordering::Acquire)
        };
        registry.links.values().filter(is_news).cloned().collect()
    }

    /// Whether a replica depends on this plugin.
    pub fn in_use(&self) -> bool {
        self.while_use_stands(|in_use| in_use)
    }

    /// Tells whether a replica depends on this plugin; it stays so as long as `tell`
    /// runs, which takes no lock.
    pub fn while_use_stands<R>(&self, tell: impl FnOnce(bool) -> R) -> R {
        let registry = self.0.lock();
        let mut links = registry.links.values();
        tell(links.any(|link| !link.gone.load(Ordering::Acquire)))
    }

    pub fn find_connection(&self, connection: ConnectionId) -> Option<Arc<Link>> {
        let registry = self.0.lock();
        let mut links = registry.links.values();
        links
            .find(|link| link.connection == Some(connection))
            .cloned()
    }

    pub fn find(&self, id: LinkId) -> Option<Arc<Link>> {
        self.0.lock().links.get(&id).cloned()
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().links.is_empty()
    }

    /// Has every replica connect again: the log that it was served is gone.
    pub fn hang_up_all(&self) {
        for link in self.0.lock().links.values() {
            if let Some(intake) = link.gate.lock().as_ref() {
                intake.stream.hang_up();
            }
        }
    }

    /// Starts the receiver, unless it runs. false: it could not be started.
    pub fn start_receiver(&self, source: &'static Source) -> bool {
        self.stop_receiver_if(Receiver::has_ended);
        let mut registry = self.0.lock();
        if registry.receiver.is_some() {
            return true;
        }
        let Some(receiver) = Receiver::start(source) else {
            return false;
        };
        for link in registry.links.values() {
            if let Some(fd) = fd_of(link) {
                receiver.watch(fd, link.id);
            }
        }
        registry.receiver = Some(receiver);
        true
    }

    /// Ends the receiver and waits for its thread: it sleeps in `epoll_wait`
    /// only, so this takes no time.
    pub fn stop_receiver(&self) {
        self.stop_receiver_if(|_| true);
    }

    fn stop_receiver_if(&self, condition: impl FnOnce(&Receiver) -> bool) {
        // Joined without the registry's lock: the thread takes it.
        let receiver = self
            .0
            .lock()
            .receiver
            .take_if(|receiver| condition(receiver));
        if let Some(receiver) = receiver {
            receiver.stop();
        }
    }
}

fn close(registry: &Registry, link: &Link) {
    link.closed.store(true, Ordering::Release);
    let intake = link.gate.lock().take();
    if let (Some(receiver), Some(intake)) = (&registry.receiver, intake) {
        receiver.unwatch(intake.stream.fd());
    }
}

fn fd_of(link: &Link) -> Option<c_int> {
    link.gate.lock().as_ref().map(|intake| intake.stream.fd())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Arc<Link> {
        Link::new(LinkId(1), 2, None)
    }

    #[test]
    fn served_follows_the_dump_over_files_and_never_goes_back() {
        let (link, mut mark) = (link(), ServedMark::default());
        assert_eq!(link.served(), None);
        for (file, offset) in [(1, 4), (1, 900), (2, 4), (2, 77)] {
            let to = Position { file, offset };
            mark.advance(&link, to);
            assert_eq!(link.served(), Some(to));
        }
        let last = link.served();
        for (file, offset) in [(2, 77), (2, 5), (1, 999)] {
            mark.advance(&link, Position { file, offset });
            assert_eq!(link.served(), last);
        }
    }
}
