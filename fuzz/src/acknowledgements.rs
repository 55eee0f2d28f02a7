//! The acknowledgement reader, in pieces, beside a reader that has the whole stream before it.
//!
//! The first byte of an input says how the rest is taken: its framing, and whether it is the stream
//! as it stands or what a replica has packed into frames. So the fuzzer reaches what is behind the
//! decompressors without having to find out their formats. The second byte cuts the stream into
//! pieces.

use crate::bytes::Bytes;
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use ruzstd::{
    decoding::StreamingDecoder,
    encoding::{CompressionLevel, compress_to_vec},
};
use semisync_core::{AckReader, Framing, MAX_ACK, Reply, Violation, encode_ack};
use std::io::{Read, Write};

/// As `core/stream` has it.
const MAX_FRAME: usize = 16 * 1024;
const MAX_WINDOW: u64 = 8 * 1024 * 1024;

/// A reply that owns its bytes.
#[derive(PartialEq, Eq, Debug)]
enum Said {
    Ack(Vec<u8>, u64),
    Quit,
}

#[derive(Default, PartialEq, Eq, Debug)]
struct Heard {
    said: Vec<Said>,
    end: Option<Violation>,
}

pub fn acknowledgements(input: &[u8]) {
    let mut choices = Bytes::of(input);
    let framing = [Framing::Plain, Framing::Zlib, Framing::Zstd][usize::from(choices.below(3))];
    let (cut, packing) = (choices.byte(), choices.byte());
    let given = choices.rest();
    let is_packed = packing != 0 && framing != Framing::Plain;
    let (stream, expected) = if is_packed {
        (pack(framing, packing, given), plain(given))
    } else {
        (given.to_vec(), whole(framing, given))
    };
    let heard = read(framing, &stream, cut);
    assert_eq!(
        heard, expected,
        "{framing:?} cut by {cut}, packed: {is_packed}"
    );
    if cut != 0 {
        assert_eq!(
            read(framing, &stream, 0),
            expected,
            "{framing:?} in one piece"
        );
    }
    for said in &heard.said {
        is_encoded_again(said);
    }
}

/// What the reader under test says.
fn read(framing: Framing, stream: &[u8], cut: u8) -> Heard {
    let mut reader = AckReader::new(framing);
    let mut heard = Heard::default();
    let mut rest = stream;
    for nth in 1_usize.. {
        let size = match cut {
            0 => rest.len(),
            1..=127 => usize::from(cut),
            _ => 1 + usize::from(cut) * nth % 61,
        };
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        rest = behind;
        let fed = reader.feed(piece, &mut |reply| heard.said.push(own(reply)));
        heard.end = fed.err();
        if fed.is_err() || rest.is_empty() {
            break;
        }
    }
    if heard.end.is_some() {
        let more = b"\x01\0\0\0\x01";
        let again = reader.feed(more, &mut |reply| panic!("a broken stream says {reply:?}"));
        assert_eq!(again.err(), heard.end, "the error is another one now");
    }
    heard
}

fn own(reply: Reply<'_>) -> Said {
    match reply {
        Reply::Ack { name, offset } => Said::Ack(name.to_vec(), offset),
        Reply::Quit => Said::Quit,
    }
}

/// What a replica sends is what the source has understood.
fn is_encoded_again(said: &Said) {
    let Said::Ack(name, offset) = said else {
        return;
    };
    let mut out = [0; MAX_ACK];
    let packet = encode_ack(name, *offset, &mut out).expect("a name that was sent");
    let mut payload = vec![0xef];
    payload.extend_from_slice(&offset.to_le_bytes());
    payload.extend_from_slice(name);
    assert_eq!(packet, payload);
}

// ---- the second way ----

/// All that a stream says, told in its framing.
fn whole(framing: Framing, stream: &[u8]) -> Heard {
    if framing == Framing::Plain {
        return plain(stream);
    }
    let mut content = Vec::new();
    let mut at = 0;
    while at + 7 <= stream.len() {
        let (length, unpacked) = (three(stream, at), three(stream, at + 4));
        if length > MAX_FRAME || unpacked > MAX_FRAME {
            return broken(&content, Violation::PacketTooLarge);
        }
        if at + 7 + length > stream.len() {
            break;
        }
        let packed = &stream[at + 7..at + 7 + length];
        if unpacked == 0 {
            content.extend_from_slice(packed);
        } else {
            match unpack(framing, packed, unpacked) {
                Some(bytes) => content.extend_from_slice(&bytes),
                None => return broken(&content, Violation::Compression),
            }
        }
        at += 7 + length;
    }
    plain(&content)
}

/// What was said before the frame that broke the protocol, unless a packet did so before.
fn broken(content: &[u8], violation: Violation) -> Heard {
    let heard = plain(content);
    Heard {
        end: heard.end.or(Some(violation)),
        ..heard
    }
}

/// All that packets say.
fn plain(packets: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let mut at = 0;
    while heard.end.is_none() && at + 4 <= packets.len() {
        let length = three(packets, at);
        if length > 9 + 511 {
            heard.end = Some(Violation::PacketTooLarge);
        } else if at + 4 + length > packets.len() {
            break;
        } else {
            match payload(&packets[at + 4..at + 4 + length]) {
                Ok(said) => heard.said.push(said),
                Err(violation) => heard.end = Some(violation),
            }
        }
        at += 4 + length;
    }
    heard
}

fn payload(payload: &[u8]) -> Result<Said, Violation> {
    if payload == [1] {
        return Ok(Said::Quit);
    }
    if !payload.is_empty() && payload[0] != 0xef {
        return Err(Violation::Magic);
    }
    if payload.len() < 10 {
        return Err(Violation::TooShort);
    }
    let offset = payload[1..9].iter().rev();
    let offset = offset.fold(0, |sum, byte| sum * 256 + u64::from(*byte));
    let name = payload[9..].to_vec();
    let is_name = is_log_name(&name);
    is_name
        .then_some(Said::Ack(name, offset))
        .ok_or(Violation::BadName)
}

/// A binary log's name is `base.digits`, with a directory before it or not. The number fits into
/// 64 bits.
pub fn is_log_name(name: &[u8]) -> bool {
    let text: String = name.iter().copied().map(char::from).collect();
    let file = text.rsplit('/').next().unwrap_or_default();
    let Some((base, number)) = file.rsplit_once('.') else {
        return false;
    };
    let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    !base.is_empty() && digits && number.parse::<u64>().is_ok()
}

fn three(bytes: &[u8], at: usize) -> usize {
    let byte = |nth: usize| usize::from(bytes[at + nth]);
    byte(0) + 256 * byte(1) + 65_536 * byte(2)
}

/// The same decoders: this target is not about them, but about what is made of their answers.
fn unpack(framing: Framing, packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let most = size as u64 + 1;
    let read = match framing {
        Framing::Zstd => StreamingDecoder::new_with_max_window_size(packed, MAX_WINDOW)
            .ok()?
            .take(most)
            .read_to_end(&mut all),
        _ => ZlibDecoder::new(packed).take(most).read_to_end(&mut all),
    };
    (read.is_ok() && all.len() == size).then_some(all)
}

// ---- the replica ----

/// The packets in frames, as a replica packs them: `packing` says how much goes into a frame, and
/// which frames are compressed.
fn pack(framing: Framing, packing: u8, packets: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    let size = usize::from(packing) * 3;
    for (nth, content) in packets.chunks(size).enumerate() {
        let is_stored = (nth + usize::from(packing)).is_multiple_of(3);
        let (packed, unpacked) = match is_stored {
            true => (content.to_vec(), 0),
            false => (compress(framing, content), content.len()),
        };
        stream.extend_from_slice(&length(packed.len()));
        stream.push(nth.to_le_bytes()[0]);
        stream.extend_from_slice(&length(unpacked));
        stream.extend_from_slice(&packed);
    }
    stream
}

fn length(size: usize) -> [u8; 3] {
    let [a, b, c, ..] = size.to_le_bytes();
    [a, b, c]
}

fn compress(framing: Framing, content: &[u8]) -> Vec<u8> {
    if framing == Framing::Zstd {
        return compress_to_vec(content, CompressionLevel::Fastest);
    }
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(content).expect("memory takes everything");
    zlib.finish().expect("memory takes everything")
}
