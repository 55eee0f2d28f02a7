//! The MySQL protocol as far as a fake replica needs it: packets with their numbers, logging in,
//! commands and their OK.
//!
//! This file owns the socket and the bytes that were read and not yet used. It checks packet
//! numbers as strictly as the client library does. With compression the library checks the numbers
//! of frames alone, and here nobody does. Frames go out stored unless a test makes its own. The
//! account has an empty password, so that the authentication is one packet.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use flate2::read::ZlibDecoder;

const COM_QUERY: u8 = 0x03;

/// CLIENT_LONG_PASSWORD, CLIENT_LONG_FLAG, CLIENT_PROTOCOL_41, CLIENT_TRANSACTIONS,
/// CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH.
const CAPABILITIES: u32 = 0x1 | 0x4 | 0x200 | 0x2000 | 0x8000 | 0x8_0000;
const CLIENT_COMPRESS: u32 = 0x20;
const MAX_PACKET: usize = 0xff_ffff;
const FRAME_HEADER: usize = 7;

/// One client connection.
pub struct Wire {
    pub(crate) stream: TcpStream,
    /// With compression: bytes of frames that are not complete yet.
    frames: Vec<u8>,
    buffer: Vec<u8>,
    next_sequence: u8,
    compressed: bool,
}

impl Wire {
    /// Connects to the server on `port` of this machine and logs in. From then on with zlib
    /// compression, if wanted.
    pub fn connect(port: u16, user: &str, compressed: bool) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        let mut wire = Self {
            stream,
            frames: Vec::new(),
            buffer: Vec::new(),
            next_sequence: 0,
            compressed: false,
        };
        let compress = if compressed { CLIENT_COMPRESS } else { 0 };
        wire.log_in(user, CAPABILITIES | compress)?;
        wire.compressed = compressed;
        Ok(wire)
    }

    /// Runs a statement that returns no rows.
    pub fn query(&mut self, sql: &str) -> io::Result<()> {
        let mut packet = vec![COM_QUERY];
        packet.extend(sql.as_bytes());
        self.command(&packet)?;
        self.read_ok()
    }

    /// Sends bytes of packets as they are, header and all; with compression in a stored frame.
    pub fn send_packets(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.compressed {
            return self.send_raw(bytes);
        }
        let number = bytes.get(3).copied().unwrap_or_default();
        let mut frame = frame_of(bytes, 0);
        frame[3] = number;
        self.send_raw(&frame)
    }

    /// Sends bytes as they are, whatever the protocol.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream
            .set_write_timeout(Some(Duration::from_secs(5)))?;
        self.stream.write_all(bytes)
    }

    /// The other side restarted its packet numbers: the next one is 1.
    pub fn restart_numbers(&mut self) {
        self.next_sequence = 1;
    }

    fn log_in(&mut self, user: &str, capabilities: u32) -> io::Result<()> {
        let greeting = self.expect_packet()?;
        if greeting.first() == Some(&0xff) {
            return Err(server_error(&greeting));
        }
        let mut packet = Vec::new();
        packet.extend(capabilities.to_le_bytes());
        packet.extend(0x0100_0000u32.to_le_bytes());
        packet.push(45); // utf8mb4_general_ci
        packet.extend([0; 23]);
        packet.extend(user.as_bytes());
        packet.extend([0, 0]); // end of the name, and a password of no bytes
        packet.extend(b"caching_sha2_password\0");
        self.send_packet(&packet)?;
        loop {
            let answer = self.expect_packet()?;
            match answer.first() {
                Some(0x00) => return Ok(()),
                Some(0xff) => return Err(server_error(&answer)),
                // Another authentication plugin, or more data is asked for: the password stays
                // empty.
                Some(0xfe) => self.send_packet(&[])?,
                _ => {}
            }
        }
    }

    /// Sends a command; its answer is still to be read.
    pub fn command(&mut self, payload: &[u8]) -> io::Result<()> {
        self.next_sequence = 0;
        self.send_packet(payload)
    }

    fn send_packet(&mut self, payload: &[u8]) -> io::Result<()> {
        let mut bytes = packet_of(payload);
        bytes[3] = self.next_sequence;
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.send_packets(&bytes)
    }

    /// The answer of a command that returns nothing.
    pub fn read_ok(&mut self) -> io::Result<()> {
        let packet = self.expect_packet()?;
        match packet.first() {
            Some(0x00) => Ok(()),
            Some(0xff) => Err(server_error(&packet)),
            _ => Err(bad(format!("expected OK, got {:02x?}", packet.get(..8)))),
        }
    }

    fn expect_packet(&mut self) -> io::Result<Vec<u8>> {
        self.read_packet(Instant::now() + Duration::from_secs(10))?
            .ok_or_else(|| ErrorKind::TimedOut.into())
    }

    /// One logical packet, however many packets of 16 MB it takes. `None` when the deadline comes
    /// first.
    pub fn read_packet(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        let mut payload = Vec::new();
        let mut at = 0;
        let mut sequence = self.next_sequence;
        loop {
            if !self.fill(at + 4, deadline)? {
                return Ok(None);
            }
            let length = (u32_at(&self.buffer, at) & 0xff_ffff) as usize;
            if self.buffer[at + 3] != sequence && !self.compressed {
                return Err(bad(format!(
                    "packet number {}, expected {sequence}",
                    self.buffer[at + 3]
                )));
            }
            sequence = sequence.wrapping_add(1);
            if !self.fill(at + 4 + length, deadline)? {
                return Ok(None);
            }
            payload.extend_from_slice(&self.buffer[at + 4..at + 4 + length]);
            at += 4 + length;
            if length < MAX_PACKET {
                break;
            }
        }
        self.buffer.drain(..at);
        self.next_sequence = sequence;
        Ok(Some(payload))
    }

    /// Reads until the buffer holds `wanted` bytes; false when the deadline comes first.
    fn fill(&mut self, wanted: usize, deadline: Instant) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        while self.buffer.len() < wanted {
            let left = deadline.saturating_duration_since(Instant::now());
            self.stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) if self.compressed => {
                    self.frames.extend_from_slice(&chunk[..n]);
                    self.unpack()?;
                }
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if left.is_zero() {
                        return Ok(false);
                    }
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// Moves what complete frames hold to the packets.
    fn unpack(&mut self) -> io::Result<()> {
        while self.frames.len() >= FRAME_HEADER {
            let length = (u32_at(&self.frames, 0) & 0xff_ffff) as usize;
            let expanded = u32_at(&self.frames, 3) >> 8;
            if self.frames.len() < FRAME_HEADER + length {
                break;
            }
            let frame: Vec<u8> = self.frames.drain(..FRAME_HEADER + length).collect();
            let body = &frame[FRAME_HEADER..];
            if expanded == 0 {
                self.buffer.extend_from_slice(body);
            } else {
                ZlibDecoder::new(body).read_to_end(&mut self.buffer)?;
            }
        }
        Ok(())
    }
}

/// A compressed frame with number 0 around `body`, which expands to `expanded` bytes; 0: it is
/// stored.
pub fn frame_of(body: &[u8], expanded: usize) -> Vec<u8> {
    let [a, b, c, ..] = body.len().to_le_bytes();
    let [d, e, f, ..] = expanded.to_le_bytes();
    let mut bytes = vec![a, b, c, 0, d, e, f];
    bytes.extend(body);
    bytes
}

/// A packet with number 0 around `payload`, which is shorter than 16 MB.
pub fn packet_of(payload: &[u8]) -> Vec<u8> {
    let [a, b, c, ..] = payload.len().to_le_bytes();
    let mut bytes = vec![a, b, c, 0];
    bytes.extend(payload);
    bytes
}

/// Four little-endian bytes.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4]
        .iter()
        .rev()
        .fold(0, |n, b| n << 8 | u32::from(*b))
}

/// The error for what does not follow the protocol.
pub fn bad(text: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, text)
}

/// An error packet of the server.
pub fn server_error(packet: &[u8]) -> io::Error {
    io::Error::other(String::from_utf8_lossy(packet.get(3..).unwrap_or_default()).into_owned())
}
