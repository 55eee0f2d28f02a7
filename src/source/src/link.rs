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
use semisync_core::{AckReader, Claim, LogName, Place, Position, ReplicaConnectionId, SentFiles};
use semisync_server::{Server, ack_stream::AckStream, connection::ConnectionId, instruments};
use std::{
    collections::HashMap,
    ffi::c_int,
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub struct Link {
    pub id: ReplicaConnectionId,
    pub server_id: u32,
    /// The replica's address, for the error log.
    pub peer: String,
    pub gate: Mutex<Option<Intake>>,
    connection: Option<ConnectionId>,
    served: Served,
    /// Of a connection that cannot be shared: to end it by.
    unshared: Mutex<Option<TcpStream>>,
    /// Whether the receiver reads from it.
    read: AtomicBool,
    /// Whether nobody may read from it any more.
    refused: AtomicBool,
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
    /// `connection`: None if it cannot be shared, and nobody reads from it; `unshared`:
    /// its socket, if that can be had.
    pub fn new(
        id: ReplicaConnectionId,
        server_id: u32,
        connection: Option<(ConnectionId, Intake)>,
        unshared: Option<TcpStream>,
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
            unshared: Mutex::new(unshared),
            read: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        })
    }

    /// Whether its dump may not touch the connection any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether somebody reads the acknowledgements that are asked for.
    pub fn is_read(&self) -> bool {
        self.read.load(Ordering::Acquire)
    }

    /// Has the replica connect again. What was sent still reaches it.
    pub fn hang_up(&self) {
        if let Some(intake) = self.gate.lock().as_ref() {
            intake.stream.hang_up();
        }
        if let Some(socket) = self.unshared.lock().as_ref() {
            // One that has ended already is no error.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// What an acknowledgement of `offset` in the file `name` means, and how far this
    /// connection was served: sent, or skipped because the replica had it.
    pub fn claim(&self, name: &[u8], offset: u64) -> (Claim, Option<Position>) {
        let files = self.served.files.lock();
        let claim = files.claim(name, offset);
        (claim, self.served_from(&files))
    }

    /// How far this connection was served, as in `claim`.
    pub fn served(&self) -> Option<Position> {
        self.served_from(&self.served.files.lock())
    }

    fn served_from(&self, files: &SentFiles) -> Option<Position> {
        files.reach(self.served.offset.load(Ordering::Acquire))
    }

    /// For the error log: the file that the connection is served from, and how far.
    pub fn served_up_to(&self) -> Option<(LogName, u64)> {
        let files = self.served.files.lock();
        let offset = self.served.offset.load(Ordering::Acquire);
        files
            .current()
            .map(|(name, _)| (LogName::clone(name), offset))
    }

    /// Everything up to `offset` is being served, of the file that was entered last. Its
    /// dump thread alone, before it sends, so that no acknowledgement can be quicker.
    pub fn serve(&self, offset: u64) {
        let served = &self.served.offset;
        if offset > served.load(Ordering::Relaxed) {
            served.store(offset, Ordering::Release);
        }
    }

    /// The connection is served from this file from now on. Its dump thread alone.
    pub fn enter(&self, name: &[u8], place: Place) {
        let mut files = self.served.files.lock();
        // A file of the same name may be another one by now.
        let is_other = |known| matches!((known, place), (Place::In(a), Place::In(b)) if a != b);
        let same = files
            .current()
            .is_some_and(|(last, known)| **last == *name && !is_other(known));
        if !same {
            self.served.offset.store(0, Ordering::Release);
        }
        files.enter(name, place);
    }
}

/// How far a connection was served. One thread moves it on for every event, another
/// reads it for every acknowledgement: no lock in the writer but at a change of file.
/// The lock nests in a gate; nothing nests in it.
#[derive(Default)]
struct Served {
    files: Mutex<SentFiles>,
    /// In the current file. Set to 0 under the lock of `files`.
    offset: AtomicU64,
}

/// All links, and the thread that reads from them.
#[derive(Default)]
pub struct Links(instruments::Mutex<Registry>);

#[derive(Default)]
struct Registry {
    links: HashMap<ReplicaConnectionId, Arc<Link>>,
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

    /// From now on the receiver, if it runs, reads from the link. The error is an errno.
    pub fn read_from(&self, link: &Link) -> Result<(), c_int> {
        match &self.0.lock().receiver {
            Some(receiver) => watch(receiver, link),
            None => Ok(()),
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

    /// Nobody reads from this link any more; its dump goes on, and asks for nothing.
    pub fn ignore(&self, link: &Link) {
        link.refused.store(true, Ordering::Release);
        link.read.store(false, Ordering::Release);
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

    pub fn find(&self, id: ReplicaConnectionId) -> Option<Arc<Link>> {
        self.0.lock().links.get(&id).cloned()
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().links.is_empty()
    }

    /// Has every replica connect again: the log that it was served is gone.
    pub fn hang_up_all(&self) {
        for link in self.0.lock().links.values() {
            link.hang_up();
        }
    }

    /// Starts the receiver, unless it runs. The links from which it cannot read, each
    /// with an errno; None: it could not be started.
    pub fn start_receiver(&self, source: &'static Source) -> Option<Vec<(Arc<Link>, c_int)>> {
        self.stop_receiver_if(Receiver::has_ended);
        let mut registry = self.0.lock();
        if registry.receiver.is_some() {
            return Some(Vec::new());
        }
        let receiver = Receiver::start(source)?;
        let unread = |link: &Arc<Link>| {
            let errno = watch(&receiver, link).err()?;
            Some((Arc::clone(link), errno))
        };
        let unread = registry.links.values().filter_map(unread).collect();
        registry.receiver = Some(receiver);
        Some(unread)
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

fn watch(receiver: &Receiver, link: &Link) -> Result<(), c_int> {
    let Some(fd) = fd_of(link).filter(|_| !link.refused.load(Ordering::Acquire)) else {
        return Ok(());
    };
    receiver.watch(fd, link.id)?;
    link.read.store(true, Ordering::Release);
    Ok(())
}

fn close(registry: &Registry, link: &Link) {
    link.closed.store(true, Ordering::Release);
    link.read.store(false, Ordering::Release);
    link.unshared.lock().take();
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
        Link::new(ReplicaConnectionId(1), 2, None, None)
    }

    #[test]
    fn served_follows_the_dump_over_files_and_never_goes_back() {
        let link = link();
        assert_eq!(link.served(), None);
        for (file, offset) in [(1, 4), (1, 900), (2, 4), (2, 77)] {
            link.enter(format!("b.{file:06}").as_bytes(), Place::In(file));
            link.serve(offset);
            assert_eq!(link.served(), Some(Position { file, offset }));
        }
        link.serve(5);
        let offset = 77;
        assert_eq!(link.served(), Some(Position { file: 2, offset }));
    }
}
