//! What a replica writes to its connection: acknowledgements in packets, packets
//! in compressed frames; and frames made to do harm.

#![allow(dead_code)] // every test uses its own part

use flate2::{Compression, write::ZlibEncoder};
use proptest::{collection::vec, prelude::*, test_runner::Config};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use semisync_core::{
    AckReader, Framing, MAX_ACK, Position, Reply, Violation, encode_ack, split_name,
};
use std::io::Write;

pub const COMPRESSING: [Framing; 2] = [Framing::Zlib, Framing::Zstd];

/// A reply that owns its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    Ack(Vec<u8>, Position),
    Quit,
}

/// Reads it all, in pieces of `sizes`, over and over: what was said, and the end.
pub fn read(framing: Framing, bytes: &[u8], sizes: &[usize]) -> (Vec<Said>, Result<(), Violation>) {
    let mut reader = AckReader::new(framing);
    let mut said = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (piece, behind) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
        rest = behind;
        let fed = reader.feed(piece, &mut |message| said.push(own(message)));
        if fed.is_err() || rest.is_empty() {
            return (said, fed);
        }
    }
    (said, Ok(()))
}

/// Reads it all at once.
pub fn read_whole(framing: Framing, bytes: &[u8]) -> (Vec<Said>, Result<(), Violation>) {
    read(framing, bytes, &[usize::MAX])
}

pub fn own(message: Reply<'_>) -> Said {
    match message {
        Reply::Ack { name, offset } => {
            let (base, file) = split_name(name).expect("the name of a binary log");
            Said::Ack(base.to_vec(), Position { file, offset })
        }
        Reply::Quit => Said::Quit,
    }
}

pub fn said(base: &str, file: u64, offset: u64) -> Said {
    Said::Ack(base.into(), Position { file, offset })
}

/// A packet around any payload.
pub fn packet(payload: &[u8]) -> Vec<u8> {
    let mut packet = three(payload.len());
    packet.push(0);
    packet.extend_from_slice(payload);
    packet
}

/// The packet of an acknowledgement.
pub fn ack(name: &str, offset: u64) -> Vec<u8> {
    let mut out = [0; MAX_ACK];
    packet(encode_ack(name.as_bytes(), offset, &mut out).expect("a name that fits"))
}

/// A frame with its content as it is.
pub fn stored(content: &[u8]) -> Vec<u8> {
    frame(content, 0)
}

/// A frame with its content compressed, as the framing says.
pub fn compressed(framing: Framing, content: &[u8]) -> Vec<u8> {
    frame(&compress(framing, content), content.len())
}

pub fn compress(framing: Framing, content: &[u8]) -> Vec<u8> {
    if framing == Framing::Zstd {
        return compress_to_vec(content, CompressionLevel::Fastest);
    }
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(content).expect("memory takes everything");
    zlib.finish().expect("memory takes everything")
}

/// A frame that announces the size `size_before`, true or not.
pub fn frame(content: &[u8], size_before: usize) -> Vec<u8> {
    let mut frame = three(content.len());
    frame.push(0);
    frame.extend_from_slice(&three(size_before));
    frame.extend_from_slice(content);
    frame
}

fn three(length: usize) -> Vec<u8> {
    let bytes = u32::try_from(length).expect("short").to_le_bytes();
    bytes[..3].to_vec()
}

// ---- anything ----

pub fn config() -> Config {
    let default = Config::default();
    Config {
        cases: if cfg!(miri) { 8 } else { default.cases },
        failure_persistence: None,
        ..default
    }
}

pub fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::Plain),
        Just(Framing::Zlib),
        Just(Framing::Zstd)
    ]
}

/// A stream in the given framing that mostly makes sense.
pub fn stream(framing: Framing) -> impl Strategy<Value = Vec<u8>> {
    let packet = prop_oneof![
        12 => ("[a-z.]{1,30}", any::<u32>(), any::<u64>())
            .prop_map(|(base, file, offset)| ack(&format!("{base}.{file:06}"), offset)),
        1 => Just(packet(&[1])),
        1 => vec(any::<u8>(), 0..20).prop_map(|payload| packet(&payload)),
    ];
    let packets = vec(packet, 1..12).prop_map(|packets| packets.concat());
    (packets, vec((1..200_usize, any::<bool>()), 1..8)).prop_map(move |(packets, cuts)| {
        if framing == Framing::Plain {
            return packets;
        }
        let mut rest = &packets[..];
        let mut bytes = Vec::new();
        for (size, compresses) in cuts.into_iter().cycle() {
            let (content, behind) = rest.split_at(size.min(rest.len()));
            bytes.extend(if compresses {
                compressed(framing, content)
            } else {
                stored(content)
            });
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        bytes
    })
}

// ---- harm ----

pub const MAX_FRAME: usize = 16 * 1024;

/// As much of zlib as a frame can hold, all of it zeros.
pub fn zlib_bomb() -> Vec<u8> {
    let mut bomb = compress(Framing::Zlib, &vec![0; MAX_FRAME * 500]);
    assert!(bomb.len() < MAX_FRAME);
    bomb.truncate(MAX_FRAME);
    bomb
}

/// zstd blocks that repeat one byte 128 KiB times: half a gigabyte. `window`: the
/// frame header's Window_Descriptor.
pub fn zstd_bomb_of_blocks(window: u8) -> Vec<u8> {
    let mut bomb = zstd_header(window);
    while bomb.len() + 4 <= MAX_FRAME {
        bomb.extend_from_slice(&zstd_block_header(1, 128 * 1024));
        bomb.push(b'a');
    }
    bomb
}

/// One zstd block of 8,000 matches, each as long as a match can be, of two bytes
/// each: a gigabyte.
pub fn zstd_bomb_of_matches(window: u8) -> Vec<u8> {
    const MATCHES: usize = 8000;
    let mut block = vec![0]; // no literals
    block.extend_from_slice(&[
        0x80 | u8::try_from(MATCHES >> 8).expect("below 0x7f"),
        u8::try_from(MATCHES & 0xff).expect("a byte"),
    ]);
    // One code for all literal lengths (0), offsets (0: one used before) and
    // match lengths (52: 65,539 and what 16 bits add).
    block.extend_from_slice(&[0x54, 0, 0, 52]);
    block.resize(block.len() + 2 * MATCHES, 0xff);
    block.push(1); // the bit at which a bit stream ends
    let mut bomb = zstd_header(window);
    bomb.extend_from_slice(&zstd_block_header(0, 16));
    bomb.extend_from_slice(&[b'a'; 16]);
    bomb.extend_from_slice(&zstd_block_header(2, block.len()));
    bomb.extend_from_slice(&block);
    assert!(bomb.len() <= MAX_FRAME);
    bomb
}

fn zstd_header(window: u8) -> Vec<u8> {
    vec![0x28, 0xb5, 0x2f, 0xfd, 0, window]
}

fn zstd_block_header(kind: usize, size: usize) -> Vec<u8> {
    three(kind << 1 | size << 3)
}
