//! The semi-sync protocol.
//!
//! Source to replica: two bytes stand before the event in every packet, a magic number and
//! flags. One flag asks for an acknowledgement; one says that nobody would read it.
//!
//! Replica to source: a packet of the magic number, the position (8 bytes, little-endian) and
//! the file's name, without a terminating NUL.

use crate::position::split_name;
use std::fmt;

pub const MAGIC: u8 = 0xef;
/// In the second byte of the header: the replica must acknowledge the event.
pub const FLAG_ASK: u8 = 0x01;
/// In the second byte of the header: semi-sync is disabled at the source, so nobody reads
/// acknowledgements. Our sources say so in every packet. Other replicas do not see this flag:
/// they look at `FLAG_ASK` alone, or for exactly that value.
pub const FLAG_DISABLED: u8 = 0x02;
/// The header of an event that asks for nothing.
pub const HEADER: [u8; 2] = [MAGIC, 0];

/// The longest file name in an acknowledgement (the server's FN_REFLEN - 1).
const MAX_NAME: usize = 511;
const NAME_AT: usize = 9;
/// The longest acknowledgement.
pub const MAX_ACK: usize = NAME_AT + MAX_NAME;

/// Takes the header off a packet: its flags, and the event. None: the packet has no header.
pub fn split_event_header(packet: &[u8]) -> Option<(u8, &[u8])> {
    match packet {
        [MAGIC, flags, event @ ..] => Some((*flags, event)),
        _ => None,
    }
}

/// Puts an acknowledgement together; None if the name is empty or too long.
pub fn encode_ack<'o>(name: &[u8], offset: u64, out: &'o mut [u8; MAX_ACK]) -> Option<&'o [u8]> {
    if name.is_empty() {
        return None;
    }
    let end = NAME_AT.checked_add(name.len())?;
    let [magic, rest @ ..] = out;
    *magic = MAGIC;
    let (position, names) = rest.split_first_chunk_mut::<8>()?;
    *position = offset.to_le_bytes();
    names.get_mut(..name.len())?.copy_from_slice(name);
    out.get(..end)
}

/// What a replica sends during a dump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply<'a> {
    /// Everything up to `offset` of the file `name` is in the replica's relay log. `name` is
    /// as the replica wrote it, and has the form of a binary log's name.
    Ack { name: &'a [u8], offset: u64 },
    /// COM_QUIT: the replica is leaving.
    Quit,
}

/// How a packet breaks the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Violation {
    /// The packet does not begin with the magic number.
    Magic,
    /// The packet ends before the file's name.
    TooShort,
    /// The file name is longer than any can be.
    NameTooLong,
    /// The name is not a binary log's name, or not a name of this server's binary logs.
    BadName,
    /// The header announces more than any acknowledgement has.
    PacketTooLarge,
    /// The packet cannot be decompressed.
    Compression,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magic => "the packet does not begin with the magic number",
            Self::TooShort => "the packet is too short",
            Self::NameTooLong => "the file name is too long",
            Self::BadName => "the file name is not one of this server's binary logs",
            Self::PacketTooLarge => "the packet is longer than an acknowledgement can be",
            Self::Compression => "the packet cannot be decompressed",
        })
    }
}

/// What the payload of one packet says.
pub fn decode(payload: &[u8]) -> Result<Reply<'_>, Violation> {
    const COM_QUIT: u8 = 0x01;
    let rest = match payload {
        [COM_QUIT] => return Ok(Reply::Quit),
        [] => return Err(Violation::TooShort),
        [MAGIC, rest @ ..] => rest,
        _ => return Err(Violation::Magic),
    };
    let Some((offset, name)) = rest.split_first_chunk::<8>() else {
        return Err(Violation::TooShort);
    };
    if name.is_empty() {
        return Err(Violation::TooShort);
    }
    if name.len() > MAX_NAME {
        return Err(Violation::NameTooLong);
    }
    if split_name(name).is_none() {
        return Err(Violation::BadName);
    }
    let offset = u64::from_le_bytes(*offset);
    Ok(Reply::Ack { name, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_taken_off() {
        assert_eq!(split_event_header(&[0xef, 1, 7]), Some((1, &[7][..])));
        assert_eq!(split_event_header(&[0xef, 0]), Some((0, &[][..])));
        assert_eq!(split_event_header(&[0xef]), None);
        assert_eq!(split_event_header(&[0, 1, 7]), None);
    }

    #[test]
    fn an_acknowledgement_is_understood_again() {
        let mut out = [0; MAX_ACK];
        let bytes = encode_ack(b"binlog.000001", 158, &mut out).unwrap();
        assert_eq!(bytes.len(), 9 + 13);
        assert_eq!(
            decode(bytes),
            Ok(Reply::Ack {
                name: b"binlog.000001",
                offset: 158
            })
        );
    }

    #[test]
    fn what_cannot_be_encoded_is_refused() {
        let mut out = [0; MAX_ACK];
        assert!(encode_ack(b"", 1, &mut out).is_none());
        assert!(encode_ack(&[b'x'; 511], 1, &mut out).is_some());
        assert!(encode_ack(&[b'x'; 512], 1, &mut out).is_none());
    }

    #[test]
    fn violations_are_told_apart() {
        let ack = |name: &[u8]| [&[MAGIC][..], &[0; 8], name].concat();
        assert_eq!(decode(b""), Err(Violation::TooShort));
        assert_eq!(decode(&[MAGIC, 1, 2]), Err(Violation::TooShort));
        assert_eq!(decode(&ack(b"")), Err(Violation::TooShort));
        assert_eq!(decode(b"\x03SELECT 1"), Err(Violation::Magic));
        assert_eq!(decode(&ack(b"nonsense")), Err(Violation::BadName));
        assert_eq!(decode(&ack(&[b'x'; 512])), Err(Violation::NameTooLong));
        assert_eq!(decode(&[1]), Ok(Reply::Quit));
    }
}
