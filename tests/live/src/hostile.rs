//! Forms in which a replica can misbehave, and a thread that makes a fake replica misbehave in one
//! of them.
//!
//! This file owns what is sent. The tests say what the source must make of it. A form acts at each
//! event that asks for an acknowledgement, until its connection ends or the test stops it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::fake_replica::{FakeReplica, MAGIC, Place, acknowledgement};
use crate::wire::packet_of;

/// What the fake does instead of acknowledging.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hostility {
    /// Nothing: it reads and never answers.
    Silence,
    /// An honest acknowledgement, one byte at a time.
    ByteByByte,
    /// The first half of an acknowledgement, and never the rest.
    HalfPacket,
    /// The first two bytes of a packet header, and never the rest.
    HalfHeader,
    /// Bytes that are no packets.
    Garbage,
    /// A packet header that announces 16 MB, and never the packet.
    HugeLength,
    /// A packet of no bytes.
    EmptyPacket,
    /// An acknowledgement whose first byte is not the magic number.
    WrongMagic,
    /// The magic number and half a position.
    CutShort,
    /// A file name longer than a path can be.
    LongName,
    /// A file name without a number.
    NoNumber,
    /// The right file, a position far beyond its end.
    PositionFromTheFuture,
    /// A file that will exist in years.
    FileFromTheFuture,
    /// The right number after a base name of another server, and a large position.
    OtherBase,
    /// The same acknowledgement a thousand times.
    Flood,
    /// COM_QUIT, and the connection left open.
    Quit,
    /// An orderly end of the connection.
    Close,
    /// A reset of the connection.
    Reset,
}

impl Hostility {
    pub const ALL: [Self; 18] = [
        Self::Silence,
        Self::ByteByByte,
        Self::HalfPacket,
        Self::HalfHeader,
        Self::Garbage,
        Self::HugeLength,
        Self::EmptyPacket,
        Self::WrongMagic,
        Self::CutShort,
        Self::LongName,
        Self::NoNumber,
        Self::PositionFromTheFuture,
        Self::FileFromTheFuture,
        Self::OtherBase,
        Self::Flood,
        Self::Quit,
        Self::Close,
        Self::Reset,
    ];

    /// It breaks the protocol: the source must log it, and the replica stops counting.
    pub fn breaks_the_protocol(self) -> bool {
        matches!(
            self,
            Self::Garbage
                | Self::HugeLength
                | Self::EmptyPacket
                | Self::WrongMagic
                | Self::CutShort
                | Self::LongName
                | Self::NoNumber
                | Self::OtherBase
        )
    }

    /// It is a well-formed lie: the source must log it, once for each connection, and never believe
    /// it.
    pub fn lies(self) -> bool {
        matches!(self, Self::PositionFromTheFuture | Self::FileFromTheFuture)
    }

    /// The replica leaves: it stops counting.
    pub fn leaves(self) -> bool {
        matches!(self, Self::Quit | Self::Close | Self::Reset)
    }

    /// The bytes that the form sends about an event that ends at `end`. A form that does something
    /// else sends none.
    fn bytes(self, end: &Place) -> Vec<u8> {
        let honest = acknowledgement(end);
        let far = |file: String, position| acknowledgement(&Place { file, position });
        match self {
            Self::HalfPacket => honest[..honest.len() / 2].to_vec(),
            Self::HalfHeader => honest[..2].to_vec(),
            Self::Garbage => b"GET / HTTP/1.0\r\nHost: replica\r\n\r\n".to_vec(),
            Self::HugeLength => vec![0xff, 0xff, 0xff, 0x00, MAGIC, 0x00],
            Self::EmptyPacket => packet_of(&[]),
            Self::WrongMagic => {
                let mut bytes = honest;
                bytes[4] ^= 0xff;
                bytes
            }
            Self::CutShort => packet_of(&honest[4..9]),
            Self::LongName => far("b".repeat(600) + ".000001", end.position),
            Self::NoNumber => far("binlog".into(), end.position),
            Self::PositionFromTheFuture => far(end.file.clone(), end.position + (1 << 40)),
            Self::FileFromTheFuture => {
                let base = end
                    .file
                    .rsplit_once('.')
                    .map_or(end.file.as_str(), |(base, _)| base);
                far(format!("{base}.999999"), 4)
            }
            Self::OtherBase => {
                let number = end
                    .file
                    .rsplit_once('.')
                    .map_or("000001", |(_, number)| number);
                far(format!("elsewhere.{number}"), end.position + (1 << 40))
            }
            Self::Flood => honest.repeat(1000),
            Self::Silence | Self::ByteByByte | Self::Quit | Self::Close | Self::Reset => Vec::new(),
        }
    }

    /// Acts once, about an event that ends at `end`.
    pub fn act(self, fake: &mut FakeReplica, end: &Place) -> io::Result<()> {
        match self {
            Self::ByteByByte => {
                for byte in acknowledgement(end) {
                    fake.send_raw(&[byte])?;
                    thread::sleep(Duration::from_millis(5));
                }
                Ok(())
            }
            Self::Quit => fake.quit(),
            _ => fake.send_raw(&self.bytes(end)),
        }
    }
}

/// A fake replica that misbehaves in the background.
pub struct HostileReplica {
    /// As the source sees it.
    pub address: String,
    stop: Arc<AtomicBool>,
    acts: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl HostileReplica {
    /// Takes over an attached fake.
    pub fn unleash(fake: FakeReplica, form: Hostility) -> io::Result<Self> {
        let address = fake.address()?;
        let stop = Arc::new(AtomicBool::new(false));
        let acts = Arc::new(AtomicU64::new(0));
        let thread = thread::spawn({
            let (stop, acts) = (Arc::clone(&stop), Arc::clone(&acts));
            move || misbehave(fake, form, &stop, &acts)
        });
        Ok(Self {
            address,
            stop,
            acts,
            thread: Some(thread),
        })
    }

    /// How often it has misbehaved so far.
    pub fn acts(&self) -> u64 {
        self.acts.load(Ordering::SeqCst)
    }
}

impl Drop for HostileReplica {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ends when the test stops it, when the source ends the connection, or when the form has left.
fn misbehave(mut fake: FakeReplica, form: Hostility, stop: &AtomicBool, acts: &AtomicU64) {
    // Once half a packet is out, every byte after it would complete it.
    let once = matches!(
        form,
        Hostility::HalfPacket | Hostility::HalfHeader | Hostility::HugeLength | Hostility::Quit
    );
    while !stop.load(Ordering::SeqCst) {
        let event = match fake.next_request(Duration::from_millis(20)) {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            Err(_) => return,
        };
        match form {
            Hostility::Close => {
                acts.fetch_add(1, Ordering::SeqCst);
                return fake.close();
            }
            Hostility::Reset => {
                acts.fetch_add(1, Ordering::SeqCst);
                return fake.reset();
            }
            _ if once && acts.load(Ordering::SeqCst) > 0 => {}
            _ => {
                if form.act(&mut fake, &event.end).is_err() {
                    return;
                }
                acts.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}
