//! A replica that does as little as a replica can: it takes the log off the socket as fast as it
//! comes, counts the events, and acknowledges those that ask for it.
//!
//! After the answer to `COM_REGISTER_REPLICA` the source sends nothing that is not asked for, so
//! that all of the dump is in the socket. It looks at the headers of packets and events only. So nearly all the work of a stream to such
//! a replica is the source's, and a source on a small machine can serve many of them.

use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use crate::fake_replica::{Announce, FakeReplica, MAGIC, Place, Start};
use crate::server::Server;
use crate::wire::{bad, server_error, u32_at};

/// Larger than any packet that is expected here.
const ROOM: usize = 1024 * 1024;
const PACKET_HEADER: usize = 4;
/// The event header: type at 4, end at 13.
const EVENT_HEADER: usize = 19;
const ROTATE_EVENT: u8 = 4;
const HEARTBEATS: [u8; 2] = [27, 41];

/// A replica that drains its source.
pub struct Drain {
    fake: FakeReplica,
    is_semi_sync: bool,
    buffer: Box<[u8]>,
    /// What of the buffer was read and not used yet.
    used: usize,
    filled: usize,
    place: Place,
    /// Events of the log that came so far, and how often one of them asked.
    pub events: u64,
    pub asked: u64,
}

impl Drain {
    /// Connects, announces itself and asks for nothing yet.
    pub fn connect(source: &Server, server_id: u32, announce: Announce) -> io::Result<Self> {
        let mut fake = FakeReplica::connect(source, server_id)?;
        fake.prepare(announce)?;
        Ok(Self {
            fake,
            is_semi_sync: announce != Announce::Nothing,
            buffer: vec![0; ROOM].into_boxed_slice(),
            used: 0,
            filled: 0,
            place: Place::default(),
            events: 0,
            asked: 0,
        })
    }

    /// Asks for the log from `start` on, and reads nothing yet.
    pub fn begin(&mut self, start: &Place) -> io::Result<()> {
        let position = u32::try_from(start.position).map_err(|e| bad(e.to_string()))?;
        let file = start.file.clone();
        self.fake.dump(&Start::At { file, position })?;
        self.place = start.clone();
        Ok(())
    }

    /// The place up to which it has read.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Reads until the event has come that ends at `end`, or a later one. The error is of the
    /// kind `TimedOut` if that takes longer than `patience`.
    pub fn read_to(&mut self, end: &Place, patience: Duration) -> io::Result<()> {
        self.read_until(Instant::now() + patience, |drain| {
            (&drain.place.file, drain.place.position) >= (&end.file, end.position)
        })
    }

    /// Reads until `is_enough`, which is asked after each read of the socket.
    pub fn read_until(
        &mut self,
        deadline: Instant,
        mut is_enough: impl FnMut(&Self) -> bool,
    ) -> io::Result<()> {
        let tick = Duration::from_millis(20);
        self.fake.stream().set_read_timeout(Some(tick))?;
        loop {
            self.take_packets()?;
            if is_enough(self) {
                return Ok(());
            }
            self.buffer.copy_within(self.used..self.filled, 0);
            self.filled -= self.used;
            self.used = 0;
            match self.fake.stream().read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.filled += read,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) => return Err(e),
            }
            if Instant::now() >= deadline {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }

    /// Uses all packets that are there whole.
    fn take_packets(&mut self) -> io::Result<()> {
        while self.filled - self.used >= PACKET_HEADER {
            let length = (u32_at(&self.buffer, self.used) & 0xff_ffff) as usize;
            if length + PACKET_HEADER > ROOM {
                return Err(bad(format!("a packet of {length} bytes")));
            }
            let begin = self.used + PACKET_HEADER;
            if self.filled < begin + length {
                break;
            }
            self.used = begin + length;
            self.take_packet(begin, length)?;
        }
        Ok(())
    }

    fn take_packet(&mut self, begin: usize, length: usize) -> io::Result<()> {
        let packet = &self.buffer[begin..begin + length];
        let (asks, event) = match (packet, self.is_semi_sync) {
            ([0xff, ..], _) => return Err(server_error(packet)),
            ([0xfe, ..], _) => return Err(ErrorKind::UnexpectedEof.into()),
            ([0, MAGIC, flag, event @ ..], true) => (flag & 1 == 1, event),
            ([0, event @ ..], false) => (false, event),
            _ => {
                return Err(bad(format!(
                    "a packet begins with {:02x?}",
                    packet.get(..4)
                )));
            }
        };
        if event.len() < EVENT_HEADER {
            return Err(bad(format!("an event of {} bytes", event.len())));
        }
        let (kind, end) = (event[4], u64::from(u32_at(event, 13)));
        if kind == ROTATE_EVENT {
            // The offset 8, the name, and perhaps the checksum, which is no text.
            let name = event.get(EVENT_HEADER + 8..).unwrap_or_default();
            let length = name.iter().take_while(|c| c.is_ascii_graphic()).count();
            let name = String::from_utf8_lossy(&name[..length]);
            let digits = name.rfind('.').map_or(0, |dot| {
                let digits = name[dot + 1..].chars();
                dot + 1 + digits.take_while(char::is_ascii_digit).count().min(6)
            });
            self.place = Place {
                file: name[..digits].to_owned(),
                position: 4,
            };
        } else if end > 0 && !HEARTBEATS.contains(&kind) {
            self.events += 1;
            self.place.position = end;
        }
        if asks {
            self.asked += 1;
            self.fake.acknowledge(&self.place)?;
        }
        Ok(())
    }
}
