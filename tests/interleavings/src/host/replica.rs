//! A replica at the other end of a dump's connection.

use super::{
    binary_log::{self, File, Seen as Event},
    dump::{Dump, From},
};
use semisync_interleaved::{step, thread, trace, wait_readable};
use std::{
    io::{ErrorKind, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What a replica does with what it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Acknowledges what it is asked for.
    Acknowledges,
    /// So often, and then says nothing.
    AcknowledgesFirst(u64),
    /// Acknowledges a little later.
    Slow(Duration),
    /// Acknowledges, in two pieces.
    Splits,
    /// Acknowledges, and leaves when it has received so many transactions, without a word of the
    /// last.
    Leaves(u32),
    /// As `Leaves`, with a goodbye.
    SaysGoodbye(u32),
    /// Acknowledges what there is not.
    Lies,
    /// Breaks the protocol when it is asked.
    Babbles,
    /// Sends half an acknowledgement when it is asked.
    StopsHalfway,
}

/// The furthest place in the log of which any replica was sent the transaction.
static EVER_RECEIVED: AtomicU64 = AtomicU64::new(0);

/// See there. For the test alone, so not a step of anybody.
pub fn ever_received() -> u64 {
    EVER_RECEIVED.load(Ordering::Relaxed)
}

/// A connected replica.
pub struct Replica {
    pub dump: Dump,
    thread: usize,
    seen: Arc<Seen>,
}

/// What has come to it. For the test alone, so not a step of anybody.
#[derive(Default)]
struct Seen {
    received: AtomicU64,
    acknowledged: AtomicU64,
    asked: AtomicU64,
}

impl Replica {
    /// Asks for the log from the place `start` on.
    pub fn connect(server_id: u32, start: u64, manner: Manner) -> Self {
        Self::ask(server_id, From::Place(start), manner)
    }

    /// Asks for the log by `from`.
    pub fn ask(server_id: u32, from: From, manner: Manner) -> Self {
        let (dump, socket) = Dump::start(server_id, from);
        let seen = Arc::new(Seen::default());
        let (From::Place(has) | From::AllBut(has)) = from;
        seen.received.store(has, Ordering::Relaxed);
        let body = {
            let seen = Arc::clone(&seen);
            move || {
                let run = Run {
                    socket,
                    seen,
                    manner,
                    file: Vec::new(),
                    events: 0,
                    leaves: false,
                    bytes: Vec::new(),
                };
                run.run();
            }
        };
        let thread = thread::spawn(&format!("replica {server_id}"), body);
        Self { dump, thread, seen }
    }

    /// How far it has received the log.
    pub fn received(&self) -> u64 {
        self.seen.received.load(Ordering::Relaxed)
    }

    /// How far it has acknowledged the log.
    pub fn acknowledged(&self) -> u64 {
        self.seen.acknowledged.load(Ordering::Relaxed)
    }

    /// How often it was asked for an acknowledgement.
    pub fn asked(&self) -> u64 {
        self.seen.asked.load(Ordering::Relaxed)
    }

    /// Whether its dump has begun.
    pub fn has_connected(&self) -> bool {
        self.dump.has_begun()
    }

    /// Whether it has closed its end.
    pub fn has_left(&self) -> bool {
        thread::has_ended(self.thread)
    }

    /// Waits until it has closed its end.
    pub fn join_replica(&self) {
        thread::join(self.thread);
    }

    /// Waits until both ends are over.
    pub fn join(&self) {
        self.dump.join();
        thread::join(self.thread);
    }

    /// KILL of its dump, and both ends are over.
    pub fn end(&self) {
        self.dump.kill();
        self.join();
    }
}

struct Run {
    socket: UnixStream,
    seen: Arc<Seen>,
    manner: Manner,
    /// The file of the source's log that it is sent.
    file: Vec<u8>,
    events: u32,
    leaves: bool,
    bytes: Vec<u8>,
}

impl Run {
    fn run(mut self) {
        let mut buffer = [0; 4096];
        loop {
            wait_readable(self.socket.as_fd(), None);
            match self.socket.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.bytes.extend(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(_) => break,
            }
            while !self.leaves
                && let Some(packet) = self.take_packet()
            {
                self.on_packet(&packet);
            }
            if self.leaves {
                break;
            }
        }
        trace(format_args!("leaves"));
    }

    fn take_packet(&mut self) -> Option<Vec<u8>> {
        let [low, middle, high, _] = *self.bytes.first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes([low, middle, high, 0])).ok()?;
        let packet = self.bytes.get(4..4 + length)?.to_vec();
        self.bytes.drain(..4 + length);
        Some(packet)
    }

    fn on_packet(&mut self, packet: &[u8]) {
        let [0, 0xef, flag, event @ ..] = packet else {
            panic!("a packet without a header: {packet:?}");
        };
        let place = match binary_log::read(event).expect("an event") {
            Event::Transaction { place } => {
                EVER_RECEIVED.fetch_max(place, Ordering::Relaxed);
                self.seen.received.fetch_max(place, Ordering::Relaxed);
                self.events += 1;
                place
            }
            Event::From { file, offset } => {
                self.file = file;
                self.place(offset)
            }
            Event::Alive { offset } => self.place(offset),
        };
        if self.manner == Manner::Leaves(self.events) {
            self.leaves = true;
            return;
        }
        if self.manner == Manner::SaysGoodbye(self.events) {
            const QUIT: &[u8] = b"\x01\x00\x00\x00\x01";
            self.send(QUIT);
            self.leaves = true;
            return;
        }
        if flag & 1 == 0 {
            return;
        }
        let asked = self.seen.asked.fetch_add(1, Ordering::Relaxed);
        step();
        match self.manner {
            Manner::AcknowledgesFirst(often) if asked >= often => {}
            Manner::Slow(time) => {
                semisync_interleaved::thread::sleep(time);
                self.acknowledge(place);
            }
            Manner::Lies => self.acknowledge(place + 1_000_000),
            Manner::Babbles => self.send(b"\x03\x00\x00\x00???"),
            Manner::StopsHalfway => self.send(b"\x16\x00\x00\x00\xef"),
            Manner::Acknowledges
            | Manner::AcknowledgesFirst(_)
            | Manner::Splits
            | Manner::Leaves(_)
            | Manner::SaysGoodbye(_) => self.acknowledge(place),
        }
    }

    /// A place in the file that it is sent. It does not know how often the log was reset: what it
    /// has last received tells.
    fn place(&self, offset: u64) -> u64 {
        let (last, _) = File::of(self.seen.received.load(Ordering::Relaxed));
        let number = self.file.rsplit(|byte| *byte == b'.').next();
        let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        File {
            number: number.expect("the number of a file"),
            ..last
        }
        .place(offset)
    }

    fn acknowledge(&mut self, place: u64) {
        let (_, end) = File::of(place);
        trace(format_args!("acknowledges {place:#x}"));
        if self.manner != Manner::Lies {
            self.seen.acknowledged.fetch_max(place, Ordering::Relaxed);
        }
        let length = u8::try_from(9 + self.file.len()).unwrap_or_default();
        let packet = [&[length, 0, 0, 0, 0xef], &end.to_le_bytes()[..], &self.file].concat();
        if self.manner == Manner::Splits {
            let (first, second) = packet.split_at(7);
            self.send(first);
            self.send(second);
        } else {
            self.send(&packet);
        }
    }

    /// The source may have closed the connection.
    fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
        step();
    }
}
