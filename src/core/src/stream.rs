//! Acknowledgements out of a byte stream, however it is split or coalesced.
//!
//! A packet is a length (3 bytes, little-endian), a sequence number, which is not looked at,
//! and a payload. With compression the stream consists of frames: compressed length 3,
//! sequence number 1, length before compression 3 (0: not compressed), and the bytes. A
//! packet may begin in one frame and end in another. Memory is bounded: a length that no
//! acknowledgement can have is refused as soon as the header is there.

use crate::wire::{MAX_ACK, Reply, Violation, decode};
use ruzstd::decoding::StreamingDecoder;
use std::io::Read;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    Plain,
    Zlib,
    Zstd,
}

/// The longest frame, compressed or not. A replica sends each acknowledgement in a frame of
/// its own; this leaves room for a replica that puts several into one frame.
const MAX_FRAME: usize = 16 * 1024;
/// How large a window a zstd frame may ask for. RFC 8878 recommends that decoders support
/// this much. A server needs no more than the frame's content.
const MAX_WINDOW: u64 = 8 * 1024 * 1024;
const PACKET_HEADER: usize = 4;
const FRAME_HEADER: usize = 7;

/// Reassembles what one replica sends.
pub struct AckReader {
    framing: Framing,
    /// The bytes of a frame that is not complete yet.
    frame: Vec<u8>,
    /// The bytes of a packet that is not complete yet.
    packet: Vec<u8>,
    /// The stream has broken the protocol and is not looked at any more.
    broken: Option<Violation>,
}

type Handler<'h> = &'h mut dyn FnMut(Reply<'_>);

impl AckReader {
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            frame: Vec::new(),
            packet: Vec::new(),
            broken: None,
        }
    }

    /// Takes bytes in, and hands on every reply that is complete then. After an error the
    /// reader stays broken, and answers with the same error again.
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

/// Hands on the packets in `packet` (which has begun before) and `bytes`.
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

/// Moves bytes from `from` to `to` until `to` holds `size` bytes. false: there are too few.
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

/// Exactly `size` bytes must come out. A bomb (a small frame that decompresses to much more)
/// can fill the window before this is noticed, and no more memory than that.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_a_packet_and_a_frame_hold() {
        let mut plain = AckReader::new(Framing::Plain);
        let mut packet = vec![0; PACKET_HEADER + MAX_ACK - 1];
        packet[..2].copy_from_slice(&[8, 2]); // 520
        assert_eq!(plain.feed(&packet, &mut |_| ()), Ok(()));
        assert_eq!(plain.packet.len(), PACKET_HEADER + MAX_ACK - 1);

        let mut zlib = AckReader::new(Framing::Zlib);
        let mut frame = vec![0; FRAME_HEADER + MAX_FRAME - 1];
        frame[1] = 0x40; // 16,384
        assert_eq!(zlib.feed(&frame, &mut |_| ()), Ok(()));
        assert_eq!(zlib.frame.len(), FRAME_HEADER + MAX_FRAME - 1);
        assert_eq!(zlib.packet.len(), 0);
        assert_eq!(zlib.feed(&[0], &mut |_| ()), Err(Violation::TooShort));
    }

    #[test]
    fn what_is_done_with_is_not_kept() {
        let ack = b"\x0c\0\0\x01\xef\x04\0\0\0\0\0\0\0b.1";
        let mut plain = AckReader::new(Framing::Plain);
        let mut heard = 0;
        for _ in 0..3 {
            assert_eq!(plain.feed(ack, &mut |_| heard += 1), Ok(()));
            assert!(plain.packet.is_empty());
        }
        assert_eq!(heard, 3);
    }

    #[test]
    fn a_decompressor_gives_back_exactly_the_size_or_nothing() {
        // "abc", stored, by zlib; its checksum after it.
        let zlib = *b"\x78\x01\x01\x03\0\xfc\xffabc\x02\x4d\x01\x27";
        assert_eq!(decompress(Framing::Zlib, &zlib, 3), Ok(b"abc".to_vec()));
        for size in [0, 2, 4, MAX_FRAME] {
            assert_eq!(
                decompress(Framing::Zlib, &zlib, size),
                Err(Violation::Compression)
            );
        }
        // "abc" as a raw block of zstd.
        let zstd = *b"\x28\xb5\x2f\xfd\x20\x03\x19\0\0abc";
        assert_eq!(decompress(Framing::Zstd, &zstd, 3), Ok(b"abc".to_vec()));
        for size in [0, 2, 4, MAX_FRAME] {
            assert_eq!(
                decompress(Framing::Zstd, &zstd, size),
                Err(Violation::Compression)
            );
        }
    }
}
