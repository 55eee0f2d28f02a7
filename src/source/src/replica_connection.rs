//! One replica's connection, from the request for a dump to its end.
//!
//! Its life goes one way, from one line of this table to a later one:
//!
//! | state | entered by | acknowledgements are | it counts | it keeps the plugin |
//! |---|---|---|---|---|
//! | `New` | the dump begins | not read, so not asked for | no | yes |
//! | `Read` | the receiver can read it ([`ReplicaConnection::on_read`]) | read while semi-sync is enabled | yes | yes |
//! | `Refused` | it broke the protocol, or cannot be read ([`ReplicaConnection::on_refused`]) | ignored | no | yes |
//! | `Gone` | the replica has closed its end ([`ReplicaConnection::on_gone`]) | ignored | no | no |
//! | `Closed` | the connection or its dump ends ([`ReplicaConnection::on_closed`]) | ignored | no | no |
//!
//! "It counts" is the coordinator's to know: the registry tells it (see `replicas`). A
//! connection that cannot be shared stays `New` until it is closed.

use crate::{ack_figures::AckFigures, announcement::Announcement, figures::AckLevel};
use semisync_core::{
    AckReader, Claim, LogName, Member, Place, Position, ReplicaConnectionId, Reply, SentFiles,
    Violation,
};
use semisync_server::{
    dump::{Received, SharedConnection},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    system_micros,
};
use std::sync::{Arc, OnceLock};

/// See the table above.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
enum Life {
    New,
    Read,
    Refused,
    Gone,
    Closed,
}

/// A connection of the registry, shared by its dump thread, the receiver and others.
pub struct ReplicaConnection {
    pub id: ReplicaConnectionId,
    pub server_id: u32,
    /// Who the replica is by its own words.
    pub claimed: Member,
    /// Who it is.
    member: Mutex<Arc<Member>>,
    /// The replica's address, for the error log.
    pub peer: String,
    /// The id of its dump in the process list.
    pub thread_id: u64,
    pub ack_level: AckLevel,
    /// Microseconds since 1970.
    pub connected_since: u64,
    /// What it has acknowledged, for the operator.
    pub acks: AckFigures,
    /// Why it is served asynchronously. Set once at most.
    fault: OnceLock<Box<str>>,
    /// The newest commit when it was counted first.
    joined: OnceLock<Position>,
    /// Whether it was sent everything that there was, once at least.
    caught_up: AtomicBool,
    shared: Option<Arc<SharedConnection>>,
    /// Takes acknowledgements out of what is read. None: nothing is read.
    reader: Option<Mutex<AckReader>>,
    sent: Sent,
    life: AtomicU8,
}

/// How a read ended.
pub enum ReadEnd {
    Open,
    Closed,
    Broken(Violation),
}

impl ReplicaConnection {
    /// `announcement`: the replica's own words. `reader`: None if the connection cannot be
    /// shared, so that nobody reads from it.
    /// `shared`: None if it cannot even be ended.
    pub fn new(
        id: ReplicaConnectionId,
        announcement: Announcement,
        thread_id: u64,
        shared: Option<Arc<SharedConnection>>,
        reader: Option<AckReader>,
    ) -> Self {
        let peer = shared.as_ref().filter(|_| reader.is_some());
        let Announcement { member, ack_level } = announcement;
        Self {
            id,
            server_id: member.server_id,
            member: Mutex::new(Arc::new(member.clone())),
            claimed: member,
            peer: peer.map(|shared| shared.peer()).unwrap_or_default(),
            thread_id,
            ack_level,
            connected_since: system_micros(),
            acks: AckFigures::default(),
            fault: OnceLock::new(),
            joined: OnceLock::new(),
            caught_up: AtomicBool::new(false),
            shared,
            reader: reader.map(Mutex::new),
            sent: Sent::default(),
            life: AtomicU8::new(Life::New as u8),
        }
    }

    // ---- who it is ----

    /// After overruling.
    pub fn member(&self) -> Arc<Member> {
        Arc::clone(&self.member.lock())
    }

    pub fn set_member(&self, member: Arc<Member>) {
        *self.member.lock() = member;
    }

    // ---- its life ----

    /// What can be read from, if acknowledgements of it may still count.
    pub fn readable(&self) -> Option<&Arc<SharedConnection>> {
        let may_count = self.life.load(Ordering::Acquire) < Life::Refused as u8;
        self.shared
            .as_ref()
            .filter(|_| may_count && self.reader.is_some())
    }

    /// The receiver reads from it while it runs.
    pub fn on_read(&self) {
        self.enter_life(Life::Read);
    }

    /// Nobody reads from it any more; its dump goes on, and asks for nothing.
    pub fn on_refused(&self) {
        self.enter_life(Life::Refused);
        self.unwatch();
    }

    /// The replica has closed its end. Its dump thread will find out.
    pub fn on_gone(&self) {
        self.enter_life(Life::Gone);
        self.unwatch();
    }

    /// After this nobody touches the connection. Any thread.
    pub fn on_closed(&self) {
        self.enter_life(Life::Closed);
        if let Some(shared) = &self.shared {
            shared.close();
        }
    }

    /// A life does not go back.
    fn enter_life(&self, life: Life) {
        self.life.fetch_max(life as u8, Ordering::AcqRel);
    }

    /// Whether somebody reads the acknowledgements that are asked for. No lock.
    pub fn is_read(&self) -> bool {
        self.life.load(Ordering::Acquire) == Life::Read as u8
    }

    /// Whether the replica has closed its end, or the connection is closed altogether.
    pub fn is_gone(&self) -> bool {
        self.life.load(Ordering::Acquire) >= Life::Gone as u8
    }

    /// Whether its dump may not touch the connection any more. No lock.
    pub fn is_closed(&self) -> bool {
        self.life.load(Ordering::Acquire) == Life::Closed as u8
    }

    /// Whether the replica has closed its end and nobody has noticed.
    pub fn is_newly_hung_up(&self) -> bool {
        !self.is_gone()
            && self
                .shared
                .as_ref()
                .is_some_and(|shared| shared.is_hung_up())
    }

    /// Has the replica connect again. What was sent still reaches it.
    pub fn hang_up(&self) {
        if let Some(shared) = &self.shared {
            shared.hang_up();
        }
    }

    fn unwatch(&self) {
        if let Some(shared) = &self.shared {
            shared.unwatch();
        }
    }

    // ---- what the operator sees of it ----

    /// It is served asynchronously, for this reason. The first reason stays.
    pub fn on_fault(&self, why: &str) {
        let _ = self.fault.set(why.into());
    }

    pub fn fault(&self) -> Option<&str> {
        self.fault.get().map(|why| &**why)
    }

    /// It begins to count. `newest`: the newest commit.
    pub fn on_joined(&self, newest: Option<Position>) {
        if let Some(newest) = newest {
            let _ = self.joined.set(newest);
        }
    }

    pub fn joined(&self) -> Option<Position> {
        self.joined.get().copied()
    }

    /// It is being sent the newest commit.
    pub fn on_caught_up(&self) {
        if !self.has_caught_up() {
            self.caught_up.store(true, Ordering::Relaxed);
        }
    }

    pub fn has_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Relaxed)
    }

    // ---- what it says ----

    /// Reads once, without blocking, and shows each acknowledgement: the name of a file,
    /// and how much of the file. `buffer` is scratch. Whoever has the receiver's seat.
    pub fn read(&self, buffer: &mut [u8], on_ack: &mut dyn FnMut(&[u8], u64)) -> ReadEnd {
        let (Some(shared), Some(reader)) = (&self.shared, &self.reader) else {
            return ReadEnd::Open;
        };
        // Two may read, when one hands over to the other: what came first is looked at first.
        let mut reader = reader.lock();
        let bytes = match shared.receive(buffer) {
            Received::Nothing => return ReadEnd::Open,
            Received::Closed => return ReadEnd::Closed,
            Received::Bytes(read) => buffer.get(..read).unwrap_or_default(),
        };
        let mut quit = false;
        let fed = reader.feed(bytes, &mut |reply| match reply {
            Reply::Ack { name, offset } => on_ack(name, offset),
            Reply::Quit => quit = true,
        });
        match fed {
            Err(violation) => ReadEnd::Broken(violation),
            Ok(()) if quit => ReadEnd::Closed,
            Ok(()) => ReadEnd::Open,
        }
    }

    // ---- what it was sent ----

    /// What an acknowledgement of `offset` in the file `name` means, and how far this
    /// connection was served: sent, or skipped because the replica had it.
    pub fn claim(&self, name: &[u8], offset: u64) -> (Claim, Option<Position>) {
        let files = self.sent.files.lock();
        let claim = files.claim(name, offset);
        (claim, self.sent_of(&files))
    }

    /// How far this connection was served, as in `claim`.
    pub fn sent(&self) -> Option<Position> {
        self.sent_of(&self.sent.files.lock())
    }

    fn sent_of(&self, files: &SentFiles) -> Option<Position> {
        files.reach(self.sent.offset.load(Ordering::Acquire))
    }

    /// For the error log: the file that the connection is served from, and how far.
    pub fn sent_up_to(&self) -> Option<(LogName, u64)> {
        let files = self.sent.files.lock();
        let offset = self.sent.offset.load(Ordering::Acquire);
        files
            .current()
            .map(|(name, _)| (LogName::clone(name), offset))
    }

    /// Everything up to `offset` is being sent, of the file that was entered last. Its
    /// dump thread alone, before it sends, so that no acknowledgement can be quicker.
    pub fn on_send(&self, offset: u64) {
        let sent = &self.sent.offset;
        if offset > sent.load(Ordering::Relaxed) {
            sent.store(offset, Ordering::Release);
        }
    }

    /// The connection is served from this file from now on. Its dump thread alone.
    pub fn on_file(&self, name: &[u8], place: Place) {
        let mut files = self.sent.files.lock();
        // A file of the same name may be another one by now.
        let is_other = |known| matches!((known, place), (Place::In(a), Place::In(b)) if a != b);
        let same = files
            .current()
            .is_some_and(|(last, known)| **last == *name && !is_other(known));
        if !same {
            self.sent.offset.store(0, Ordering::Release);
        }
        files.enter(name, place);
    }
}

/// How far a connection was served. One thread moves it on for every event, another
/// reads it for every acknowledgement: no lock in the writer but at a change of file.
/// Nothing nests in the lock.
#[derive(Default)]
struct Sent {
    files: Mutex<SentFiles>,
    /// In the current file. Set to 0 under the lock of `files`.
    offset: AtomicU64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> ReplicaConnection {
        let announcement = Announcement {
            member: Member::of(2),
            ack_level: AckLevel::Received,
        };
        ReplicaConnection::new(ReplicaConnectionId(1), announcement, 9, None, None)
    }

    #[test]
    fn sent_follows_the_dump_over_files_and_never_goes_back() {
        let connection = connection();
        assert_eq!(connection.sent(), None);
        for (file, offset) in [(1, 4), (1, 900), (2, 4), (2, 77)] {
            connection.on_file(format!("b.{file:06}").as_bytes(), Place::In(file));
            connection.on_send(offset);
            assert_eq!(connection.sent(), Some(Position { file, offset }));
        }
        connection.on_send(5);
        let offset = 77;
        assert_eq!(connection.sent(), Some(Position { file: 2, offset }));
    }

    #[test]
    fn a_life_goes_one_way() {
        let connection = connection();
        connection.on_read();
        assert!(connection.is_read() && !connection.is_gone());
        connection.on_gone();
        connection.on_refused();
        connection.on_read();
        assert!(!connection.is_read() && connection.is_gone() && !connection.is_closed());
        connection.on_closed();
        connection.on_gone();
        assert!(connection.is_closed());
    }
}
