//! One replica's connection, and the registry of all of them.
//!
//! A `Link` is shared by its dump thread and the receiver thread. Its *gate*
//! guards the stream: while a thread holds it the connection exists, and on TLS
//! nobody else is inside the SSL object. `Links::remove` empties the gate, so
//! that after it nobody touches the connection or its descriptor again.
//! Lock order: registry, then one gate.

use crate::{receiver::Receiver, state::Source};
use parking_lot::Mutex;
use semisync_core::{AckReader, LinkId, Position};
use semisync_server::connection::AckStream;
use std::{
    collections::HashMap,
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

pub struct Link {
    pub id: LinkId,
    pub server_id: u32,
    /// The replica's address, for the error log.
    pub peer: String,
    pub gate: Mutex<Option<Intake>>,
    served: Served,
}

/// What the receiver reads from and with.
pub struct Intake {
    pub stream: AckStream,
    pub reader: AckReader,
}

impl Link {
    pub fn new(id: LinkId, server_id: u32, peer: String, intake: Option<Intake>) -> Arc<Self> {
        Arc::new(Self {
            id,
            server_id,
            peer,
            gate: Mutex::new(intake),
            served: Served::default(),
        })
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
    /// Grows with each reset, so that the writer's memory of the file ends.
    generation: AtomicU32,
}

impl Served {
    fn get(&self) -> Option<Position> {
        let file = self.file.lock();
        (*file != 0).then(|| Position {
            file: *file,
            offset: self.offset.load(Ordering::Acquire),
        })
    }

    fn reset(&self) {
        let mut file = self.file.lock();
        *file = 0;
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

/// The dump thread's end of [`Served`].
#[derive(Clone, Copy, Default)]
pub struct ServedMark {
    file: u64,
    generation: u32,
}

impl ServedMark {
    /// Everything up to `to` is being served. Before it is sent, so that no
    /// acknowledgement can be quicker.
    pub fn advance(&mut self, link: &Link, to: Position) {
        let served = &link.served;
        let generation = served.generation.load(Ordering::Acquire);
        if self.file == to.file && self.generation == generation {
            served.offset.store(to.offset, Ordering::Release);
            return;
        }
        let mut file = served.file.lock();
        *file = to.file;
        served.offset.store(to.offset, Ordering::Release);
        *self = Self {
            file: to.file,
            generation: served.generation.load(Ordering::Acquire),
        };
    }
}

/// All links, and the thread that reads from them.
#[derive(Default)]
pub struct Links(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    links: HashMap<LinkId, Arc<Link>>,
    receiver: Option<Receiver>,
}

impl Links {
    pub fn add(&self, link: Arc<Link>) {
        let mut registry = self.0.lock();
        if let (Some(receiver), Some(fd)) = (&registry.receiver, fd_of(&link)) {
            receiver.watch(fd, link.id);
        }
        registry.links.insert(link.id, link);
    }

    /// After this nobody touches the link's connection. Called by its dump
    /// thread before `transmit_stop` returns.
    pub fn remove(&self, link: &Link) {
        let mut registry = self.0.lock();
        registry.links.remove(&link.id);
        let intake = link.gate.lock().take();
        if let (Some(receiver), Some(intake)) = (&registry.receiver, &intake) {
            receiver.unwatch(intake.stream.fd());
        }
    }

    /// The receiver reads no more from this link; its dump goes on.
    pub fn ignore(&self, link: &Link) {
        let registry = self.0.lock();
        if let (Some(receiver), Some(fd)) = (&registry.receiver, fd_of(link)) {
            receiver.unwatch(fd);
        }
    }

    pub fn find(&self, id: LinkId) -> Option<Arc<Link>> {
        self.0.lock().links.get(&id).cloned()
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().links.is_empty()
    }

    /// RESET: what was served belongs to files that are gone.
    pub fn forget_served(&self) {
        for link in self.0.lock().links.values() {
            link.served.reset();
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

fn fd_of(link: &Link) -> Option<c_int> {
    link.gate.lock().as_ref().map(|intake| intake.stream.fd())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Arc<Link> {
        Link::new(LinkId(1), 2, String::new(), None)
    }

    #[test]
    fn served_follows_the_dump_over_files_and_resets() {
        let (link, mut mark) = (link(), ServedMark::default());
        assert_eq!(link.served(), None);
        for to in [(1, 4), (1, 900), (2, 4), (2, 77)] {
            let to = Position {
                file: to.0,
                offset: to.1,
            };
            mark.advance(&link, to);
            assert_eq!(link.served(), Some(to));
        }
        link.served.reset();
        assert_eq!(link.served(), None);
        let again = Position {
            file: 2,
            offset: 200,
        };
        mark.advance(&link, again);
        assert_eq!(link.served(), Some(again));
    }
}
