//! A replica made of a socket: it speaks just enough of the MySQL protocol to be served a binary
//! log, and acknowledges what it likes, when it likes, in any form: honest, late, lying or broken.
//!
//! It owns the place in the log up to which it was served; [`Wire`] owns the connection. It keeps
//! no relay log and applies nothing. It fails the test of a source that does not restart its packet
//! numbers after an event that asks for an acknowledgement. The forms of hostility are in
//! [`crate::hostile`].

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::wire::{Wire, bad, packet_of, server_error, u32_at};

const COM_QUIT: u8 = 0x01;
const COM_BINLOG_DUMP: u8 = 0x12;
const COM_REGISTER_REPLICA: u8 = 0x15;
const COM_BINLOG_DUMP_GTID: u8 = 0x1e;

const EVENT_HEADER: usize = 19;
const CHECKSUM: usize = 4;
const ROTATE_EVENT: u8 = 4;
const HEARTBEAT_EVENT: u8 = 27;

/// Magic number of the semi-sync header and of an acknowledgement.
pub const MAGIC: u8 = 0xef;

/// Under which user variables a replica says that it can do semi-sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Announce {
    Replica,
    Slave,
    Both,
    /// An asynchronous replica.
    Nothing,
}

/// Where a dump begins.
#[derive(Clone, Debug)]
pub enum Start {
    At {
        file: String,
        position: u32,
    },
    /// Auto-position, and the set that the replica claims to have (untagged GTIDs, as
    /// `@@gtid_executed` prints them).
    Gtids(String),
}

/// A place in the binary log, as the fake was served it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    pub file: String,
    pub position: u64,
}

/// One event as it came over the wire.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: u8,
    /// The source asks for an acknowledgement of this event.
    pub asks: bool,
    /// Made up by the sender: it tells a place and is not in the log itself.
    pub artificial: bool,
    /// The end of the event; for an artificial event, the place it tells.
    pub end: Place,
}

/// A connection that plays a replica.
pub struct FakeReplica {
    wire: Wire,
    server_id: u32,
    semi_sync: bool,
    served: Place,
}

impl FakeReplica {
    /// Takes over a connection.
    pub fn over(wire: Wire, server_id: u32) -> Self {
        Self {
            wire,
            server_id,
            semi_sync: false,
            served: Place::default(),
        }
    }

    /// All that a replica does up to the dump: announces itself, registers, asks for the log.
    pub fn attach(&mut self, announce: Announce, start: &Start) -> io::Result<()> {
        self.prepare(announce)?;
        self.dump(start)
    }

    /// The socket, for those who read packets by themselves.
    pub fn stream(&self) -> &TcpStream {
        &self.wire.stream
    }

    pub fn server_id(&self) -> u32 {
        self.server_id
    }

    /// The address that the source sees, as its error log prints it: `127.0.0.1:PORT`.
    pub fn address(&self) -> io::Result<String> {
        Ok(self.wire.stream.local_addr()?.to_string())
    }

    /// The place up to which events were read so far.
    pub fn served(&self) -> &Place {
        &self.served
    }

    /// Sets the user variables of a replica and registers it.
    pub fn prepare(&mut self, announce: Announce) -> io::Result<()> {
        self.wire
            .query("SET @source_binlog_checksum='CRC32', @master_binlog_checksum='CRC32'")?;
        self.heartbeat_every(Duration::from_secs(30))?;
        match announce {
            Announce::Replica => self.wire.query("SET @rpl_semi_sync_replica = 1")?,
            Announce::Slave => self.wire.query("SET @rpl_semi_sync_slave = 1")?,
            Announce::Both => self
                .wire
                .query("SET @rpl_semi_sync_replica = 1, @rpl_semi_sync_slave = 1")?,
            Announce::Nothing => {}
        }
        self.semi_sync = announce != Announce::Nothing;
        let mut packet = vec![COM_REGISTER_REPLICA];
        packet.extend(self.server_id.to_le_bytes());
        // Empty host, user and password; port, rank and source id are 0.
        packet.extend([0; 3 + 2 + 4 + 4]);
        self.wire.command(&packet)?;
        self.wire.read_ok()
    }

    /// Sets more variables, before the dump.
    pub fn set(&mut self, variables: &str) -> io::Result<()> {
        self.wire.query(&format!("SET {variables}"))
    }

    pub fn heartbeat_every(&mut self, period: Duration) -> io::Result<()> {
        let ns = period.as_nanos();
        self.wire.query(&format!(
            "SET @source_heartbeat_period={ns}, @master_heartbeat_period={ns}"
        ))
    }

    /// Sends the dump command; events come from here on.
    pub fn dump(&mut self, start: &Start) -> io::Result<()> {
        let mut packet = Vec::new();
        match start {
            Start::At { file, position } => {
                packet.push(COM_BINLOG_DUMP);
                packet.extend(position.to_le_bytes());
                packet.extend(0u16.to_le_bytes());
                packet.extend(self.server_id.to_le_bytes());
                packet.extend(file.as_bytes());
                self.served = Place {
                    file: file.clone(),
                    position: u64::from(*position),
                };
            }
            Start::Gtids(set) => {
                let set = encode_gtids(set)
                    .ok_or_else(|| bad(format!("not a set of untagged GTIDs: {set}")))?;
                packet.push(COM_BINLOG_DUMP_GTID);
                packet.extend(0u16.to_le_bytes());
                packet.extend(self.server_id.to_le_bytes());
                packet.extend(0u32.to_le_bytes());
                packet.extend(4u64.to_le_bytes());
                packet.extend(
                    u32::try_from(set.len())
                        .map_err(|e| bad(e.to_string()))?
                        .to_le_bytes(),
                );
                packet.extend(set);
            }
        }
        self.wire.command(&packet)
    }

    /// The next event, or `None` when none comes within `patience`. Bytes of half an event are kept
    /// for the next call.
    pub fn next_event(&mut self, patience: Duration) -> io::Result<Option<Event>> {
        let Some(packet) = self.wire.read_packet(Instant::now() + patience)? else {
            return Ok(None);
        };
        match packet.first() {
            Some(0x00) => self.take_event(&packet[1..]).map(Some),
            Some(0xff) => Err(server_error(&packet)),
            Some(0xfe) => Err(ErrorKind::UnexpectedEof.into()),
            _ => Err(bad(format!(
                "a dump packet starts with {:02x?}",
                packet.get(..4)
            ))),
        }
    }

    /// Reads until an event asks for an acknowledgement; `None` when none does within `patience`.
    pub fn next_request(&mut self, patience: Duration) -> io::Result<Option<Event>> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next_event(left)? {
                Some(event) if event.asks => return Ok(Some(event)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// Acknowledges a place, true or not.
    pub fn acknowledge(&mut self, place: &Place) -> io::Result<()> {
        self.wire.send_packets(&acknowledgement(place))
    }

    /// Sends bytes as they are, whatever the protocol.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.send_raw(bytes)
    }

    /// Says goodbye as a client does.
    pub fn quit(&mut self) -> io::Result<()> {
        self.wire.send_packets(&packet_of(&[COM_QUIT]))
    }

    /// Ends the connection without a word.
    pub fn close(self) {
        let _ = self.wire.stream.shutdown(Shutdown::Both);
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        let _ = SockRef::from(&self.wire.stream).set_linger(Some(Duration::ZERO));
    }

    fn take_event(&mut self, bytes: &[u8]) -> io::Result<Event> {
        let (asks, event) = match (self.semi_sync, bytes) {
            (true, [MAGIC, flag, event @ ..]) => (flag & 1 == 1, event),
            (true, _) => return Err(bad(format!("no semi-sync header: {:02x?}", bytes.get(..4)))),
            (false, event) => (false, event),
        };
        if event.len() < EVENT_HEADER + CHECKSUM {
            return Err(bad(format!("an event of {} bytes", event.len())));
        }
        if asks {
            // The source restarts its packet numbers after an event that asks.
            self.wire.restart_numbers();
        }
        let kind = event[4];
        let log_pos = u64::from(u32_at(event, 13));
        let body = &event[EVENT_HEADER..event.len() - CHECKSUM];
        let artificial = log_pos == 0 || kind == HEARTBEAT_EVENT;
        if kind == ROTATE_EVENT && body.len() > 8 {
            let closed = Place {
                file: self.served.file.clone(),
                position: log_pos,
            };
            let little_endian = |n, byte: &u8| n << 8 | u64::from(*byte);
            self.served = Place {
                file: String::from_utf8_lossy(&body[8..]).into_owned(),
                position: body[..8].iter().rev().fold(0, little_endian),
            };
            // A real ROTATE event ends in the file that it closes.
            let end = if artificial {
                self.served.clone()
            } else {
                closed
            };
            return Ok(Event {
                kind,
                asks,
                artificial,
                end,
            });
        }
        self.served.position = self.served.position.max(log_pos);
        let end = self.served.clone();
        Ok(Event {
            kind,
            asks,
            artificial,
            end,
        })
    }
}

/// An acknowledgement as a replica sends it: packet number 0, no terminating zero after the name.
pub fn acknowledgement(place: &Place) -> Vec<u8> {
    let mut payload = vec![MAGIC];
    payload.extend(place.position.to_le_bytes());
    payload.extend(place.file.as_bytes());
    packet_of(&payload)
}

/// `uuid:1-5:7, uuid:1` as COM_BINLOG_DUMP_GTID carries it. The ends of intervals are exclusive
/// there.
fn encode_gtids(text: &str) -> Option<Vec<u8>> {
    let sets: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
    let mut bytes = (sets.len() as u64).to_le_bytes().to_vec();
    for set in sets {
        let mut parts = set.split(':');
        let uuid: String = parts.next()?.chars().filter(|c| *c != '-').collect();
        if uuid.len() != 32 {
            return None;
        }
        for i in (0..32).step_by(2) {
            bytes.push(u8::from_str_radix(uuid.get(i..i + 2)?, 16).ok()?);
        }
        let intervals: Vec<&str> = parts.collect();
        bytes.extend((intervals.len() as u64).to_le_bytes());
        for interval in intervals {
            let (first, last) = interval.split_once('-').unwrap_or((interval, interval));
            bytes.extend(first.parse::<u64>().ok()?.to_le_bytes());
            bytes.extend((last.parse::<u64>().ok()? + 1).to_le_bytes());
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_has_the_bytes_a_stock_replica_sends() {
        let place = Place {
            file: "bin.000001".into(),
            position: 0x9e,
        };
        let mut expected = vec![0x13, 0, 0, 0, 0xef, 0x9e, 0, 0, 0, 0, 0, 0, 0];
        expected.extend(b"bin.000001");
        assert_eq!(acknowledgement(&place), expected);
    }

    #[test]
    fn a_gtid_set_is_encoded_with_exclusive_ends() {
        let set = encode_gtids("00112233-4455-6677-8899-aabbccddeeff:1-5:7").expect("a valid set");
        let mut expected = 1u64.to_le_bytes().to_vec();
        expected.extend([
            0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
            0xee, 0xff,
        ]);
        for n in [2u64, 1, 6, 7, 8] {
            expected.extend(n.to_le_bytes());
        }
        assert_eq!(set, expected);
        assert_eq!(encode_gtids(""), Some(0u64.to_le_bytes().to_vec()));
    }
}
