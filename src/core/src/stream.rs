//! Acknowledgements out of a byte stream, however it is split or coalesced.
//!
//! A packet is a length (3 bytes, little-endian), a sequence number, which is
//! not looked at, and a payload. With compression the stream consists of frames:
//! compressed length 3, sequence number 1, length before compression 3 (0: not
//! compressed), and the bytes; packets may straddle frames. Memory is bounded:
//! a length that no acknowledgement can have is refused by its header alone.

use crate::wire::{MAX_ACK, Message, Violation, decode};
use ruzstd::decoding::StreamingDecoder;
use std::io::Read;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    Plain,
    Zlib,
    Zstd,
}

/// Longest frame, compressed or not. A replica sends each acknowledgement in a
/// frame of its own; this leaves room for one that does not.
const MAX_FRAME: usize = 16 * 1024;
/// What a zstd frame may ask for to look back into; RFC 8878 says that decoders
/// should go that far. A server needs no more than the frame's content.
const MAX_WINDOW: u64 = 8 * 1024 * 1024;
const PACKET_HEADER: usize = 4;
const FRAME_HEADER: usize = 7;

/// Reassembles what one replica sends.
pub struct AckReader {
    framing: Framing,
    /// Of a frame that is not complete yet.
    frame: Vec<u8>,
    /// Of a packet that is not complete yet.
    packet: Vec<u8>,
    /// The stream makes no sense any more.
    broken: Option<Violation>,
}

type Handler<'h> = &'h mut dyn FnMut(Message<'_>);

impl AckReader {
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            frame: Vec::new(),
            packet: Vec::new(),
            broken: None,
        }
    }

    /// Takes bytes in and hands on every message that is complete by them.
    /// After an error the reader stays broken: the same error again.
    pub fn feed(&mut self, bytes: &[u8], on: Handler<'_>) -> Result<(), Violation> {
        if let Some(violation) = self.broken {
            return Err(violation);
        }
        let fed = match self.framing {
            Framing::Plain => split_packets(&mut self.packet, bytes, on),
            Framing::Zlib | Framing::Zstd => self.split_frames(bytes, on),
        };
        self.broken = fed.err();
        fed
    }

    fn split_frames(&mut self, mut bytes: &[u8], on: Handler<'_>) -> Result<(), Violation> {
        loop {
            if !fill(&mut self.frame, FRAME_HEADER, &mut bytes) {
                return Ok(());
            }
            let [a, b, c, _number, d, e, f, ..] = *self.frame.as_slice() else {
                return Ok(());
            };
            let (length, unpacked) = (length([a, b, c]), length([d, e, f]));
            if length > MAX_FRAME || unpacked > MAX_FRAME {
                return Err(Violation::PacketTooLarge);
            }
            if !fill(&mut self.frame, FRAME_HEADER + length, &mut bytes) {
                return Ok(());
            }
            let content = self.frame.get(FRAME_HEADER..).unwrap_or_default();
            if unpacked == 0 {
                split_packets(&mut self.packet, content, on)?;
            } else {
                let content = decompress(self.framing, content, unpacked)?;
                split_packets(&mut self.packet, &content, on)?;
            }
            self.frame.clear();
        }
    }
}

/// Hands on the packets in `packet` (begun before) and `bytes`.
fn split_packets(packet: &mut Vec<u8>, mut bytes: &[u8], on: Handler<'_>) -> Result<(), Violation> {
    loop {
        if !fill(packet, PACKET_HEADER, &mut bytes) {
            return Ok(());
        }
        let [a, b, c, ..] = *packet.as_slice() else {
            return Ok(());
        };
        let length = length([a, b, c]);
        if length > MAX_ACK {
            return Err(Violation::PacketTooLarge);
        }
        if !fill(packet, PACKET_HEADER + length, &mut bytes) {
            return Ok(());
        }
        on(decode(packet.get(PACKET_HEADER..).unwrap_or_default())?);
        packet.clear();
    }
}

/// Moves bytes from `from` until `to` holds `size`; false: they do not suffice.
fn fill(to: &mut Vec<u8>, size: usize, from: &mut &[u8]) -> bool {
    let missing = size.saturating_sub(to.len()).min(from.len());
    if let Some((taken, rest)) = from.split_at_checked(missing) {
        to.extend_from_slice(taken);
        *from = rest;
    }
    to.len() >= size
}

fn length([a, b, c]: [u8; 3]) -> usize {
    usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16
}

/// Exactly `size` bytes must come out. A bomb fills the window before that shows,
/// and no more.
fn decompress(framing: Framing, content: &[u8], size: usize) -> Result<Vec<u8>, Violation> {
    let mut out = Vec::with_capacity(size + 1);
    let most = u64::try_from(size).unwrap_or(0).saturating_add(1);
    let read = match framing {
        Framing::Zstd => StreamingDecoder::new_with_max_window_size(content, MAX_WINDOW)
            .map_err(|_| Violation::Compression)?
            .take(most)
            .read_to_end(&mut out),
        Framing::Zlib | Framing::Plain => flate2::read::ZlibDecoder::new(content)
            .take(most)
            .read_to_end(&mut out),
    };
    match read {
        Ok(read) if read == size => Ok(out),
        _ => Err(Violation::Compression),
    }
}
