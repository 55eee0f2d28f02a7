//! A replica at the other end of a dump's connection.

use super::dump::Dump;
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
    /// Acknowledges, and leaves when it has received so many events.
    Leaves(u32),
    /// Acknowledges what there is not.
    Lies,
    /// Breaks the protocol when it is asked.
    Babbles,
    /// Sends half an acknowledgement when it is asked.
    StopsHalfway,
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
    /// Asks for the log from `start` on.
    pub fn connect(server_id: u32, start: u64, manner: Manner) -> Self {
        let (dump, socket) = Dump::start(server_id, start);
        let seen = Arc::new(Seen::default());
        seen.received.store(start, Ordering::Relaxed);
        let body = {
            let seen = Arc::clone(&seen);
            move || {
                let run = Run {
                    socket,
                    seen,
                    manner,
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
        let end = event.get(13..17).and_then(|end| end.first_chunk());
        let end = u64::from(u32::from_le_bytes(*end.expect("an event")));
        self.seen.received.fetch_max(end, Ordering::Relaxed);
        self.events += 1;
        if self.manner == Manner::Leaves(self.events) {
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
            Manner::Leaves(_) | Manner::Acknowledges | Manner::AcknowledgesFirst(_) => {
                self.acknowledge(end);
            }
            Manner::Slow(time) => {
                semisync_interleaved::thread::sleep(time);
                self.acknowledge(end);
            }
            Manner::Lies => self.acknowledge(end + 1_000_000),
            Manner::Babbles => self.send(b"\x03\x00\x00\x00???"),
            Manner::StopsHalfway => self.send(b"\x16\x00\x00\x00\xef"),
        }
    }

    fn acknowledge(&mut self, end: u64) {
        const NAME: &[u8] = super::binary_log::FILE.to_bytes();
        trace(format_args!("acknowledges {end}"));
        if self.manner != Manner::Lies {
            self.seen.acknowledged.fetch_max(end, Ordering::Relaxed);
        }
        let length = u8::try_from(9 + NAME.len()).unwrap_or_default();
        let packet = [&[length, 0, 0, 0, 0xef], &end.to_le_bytes()[..], NAME].concat();
        self.send(&packet);
    }

    /// The source may have closed the connection.
    fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
        step();
    }
}
