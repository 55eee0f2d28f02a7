//! What is read from the bytes of an event, and of a statement, beside the formats as tables.
//!
//! The first byte of an input says how much of the event is put right: its type, its length, its
//! checksum. Without that nearly every input would be refused for its length.

use crate::{acknowledgements::is_log_name, bytes::Bytes};
use semisync_core::{
    MAGIC, announced_position, is_heartbeat, is_of_transaction, may_end_transaction,
    split_event_header, split_name, stops_appliers,
};

/// By the numbers of the binary log format. None of them ends a transaction.
const NEVER_AT_THE_END: [u8; 19] = [
    4, 5, 13, 14, 15, 19, 23, 24, 25, 27, 29, 30, 31, 32, 33, 35, 39, 41, 42,
];
const OF_THE_LOG: [u8; 9] = [3, 4, 15, 27, 35, 41, 161, 163, 164];
const ROTATE: u8 = 4;
const HEARTBEAT: u8 = 27;
const HEARTBEAT_V2: u8 = 41;

pub fn events(input: &[u8]) {
    packet(input);
    statement(input);
    let mut choices = Bytes::of(input);
    let repair = choices.byte();
    event(&repaired(repair, choices.rest()));
}

/// The two bytes before an event.
fn packet(input: &[u8]) {
    let expected = match input.len() >= 2 && input[0] == MAGIC {
        true => Some((input[1], &input[2..])),
        false => None,
    };
    assert_eq!(split_event_header(input), expected);
}

fn event(event: &[u8]) {
    let kind = event.get(4).copied();
    let is = |kinds: &[u8]| kind.is_some_and(|kind| kinds.contains(&kind));
    assert_eq!(is_heartbeat(event), is(&[HEARTBEAT, HEARTBEAT_V2]));
    let may_end = kind.is_some() && !is(&NEVER_AT_THE_END);
    assert_eq!(may_end_transaction(event), may_end);
    assert_eq!(is_of_transaction(event), kind.is_some() && !is(&OF_THE_LOG));

    let announced = announced_position(event);
    let announced = announced.map(|told| (told.name.to_vec(), told.offset));
    assert_eq!(announced, position(event), "{event:?}");
    if let Some((name, _)) = announced {
        assert!(!may_end && split_name(&name).is_some());
        // A piece of it announces nothing: its length is another one.
        for end in 0..event.len() {
            assert_eq!(announced_position(&event[..end]), None, "the first {end}");
        }
    }
}

/// Upper case, and a space before it, make no other statement of it.
fn statement(text: &[u8]) {
    let stops = stops_appliers(text);
    let mut same = b" \t".to_vec();
    same.extend(text.to_ascii_uppercase());
    assert_eq!(stops_appliers(&same), stops);
    let commented = [b"/* why */", text].concat();
    assert_eq!(stops_appliers(&commented), stops);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b' ');
    if text.iter().all(plain) {
        let text = String::from_utf8_lossy(text).to_ascii_uppercase();
        let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
        let has = |word: &str| words.iter().skip(2).any(|one| *one == word);
        let expected = words.first() == Some(&"STOP")
            && matches!(words.get(1), Some(&("REPLICA" | "SLAVE")))
            && (has("SQL_THREAD") || !has("IO_THREAD") && !has("RELAY_THREAD"));
        assert_eq!(stops, expected, "{text}");
    }
}

// ---- the second way ----

/// The position that the event announces, by offsets.
fn position(event: &[u8]) -> Option<(Vec<u8>, u64)> {
    if event.len() < 19 || number(&event[9..13]) != event.len() as u64 {
        return None;
    }
    let checksum_at = event.len() - 4;
    let has_checksum = u64::from(crc32(&event[..checksum_at])) == number(&event[checksum_at..]);
    let end = if has_checksum {
        checksum_at
    } else {
        event.len()
    };
    if end < 19 {
        return None;
    }
    let body = &event[19..end];
    let (name, offset) = match event[4] {
        ROTATE if body.len() >= 8 => (body[8..].to_vec(), number(&body[..8])),
        HEARTBEAT => (body.to_vec(), number(&event[13..17])),
        HEARTBEAT_V2 => fields(body)?,
        _ => return None,
    };
    is_log_name(&name).then_some((name, offset))
}

/// The fields of the newer heartbeat: type, length, value.
fn fields(body: &[u8]) -> Option<(Vec<u8>, u64)> {
    let (mut name, mut offset) = (None, None);
    let mut at = 0;
    while at < body.len() {
        let (kind, size) = integer(body, at)?;
        at += size;
        if kind == 0 {
            break;
        }
        let (length, size) = integer(body, at)?;
        at += size;
        let end = usize::try_from(length).ok()?.checked_add(at)?;
        if end > body.len() {
            return None;
        }
        match kind {
            1 => name = Some(body[at..end].to_vec()),
            2 => offset = Some(integer(&body[at..end], 0)?.0),
            _ => {}
        }
        at = end;
    }
    Some((name?, offset?))
}

/// The length-encoded integer at this place, and how many bytes it has.
fn integer(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let size = match bytes.get(at)? {
        252 => 2,
        253 => 3,
        254 => 8,
        251 | 255 => return None,
        small => return Some((u64::from(*small), 1)),
    };
    let digits = bytes.get(at + 1..at + 1 + size)?;
    Some((number(digits), 1 + size))
}

/// Little-endian.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum * 256 + u64::from(*byte))
}

/// Bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !crc
}

// ---- the input ----

fn repaired(repair: u8, bytes: &[u8]) -> Vec<u8> {
    let mut event = bytes.to_vec();
    let [kind, with_length, with_checksum] = [repair & 3, repair & 4, repair & 8];
    if event.len() < 19 {
        return event;
    }
    if let Some(kind) = [ROTATE, HEARTBEAT, HEARTBEAT_V2].get(usize::from(kind)) {
        event[4] = *kind;
    }
    if with_length != 0 {
        let end = event.len() + if with_checksum != 0 { 4 } else { 0 };
        let length = u32::try_from(end).expect("a short input");
        event[9..13].copy_from_slice(&length.to_le_bytes());
    }
    if with_checksum != 0 {
        let checksum = crc32(&event);
        event.extend_from_slice(&checksum.to_le_bytes());
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    /// Written by hand: what a search finds within a minute is up to chance.
    #[test]
    fn an_offset_that_is_null_is_kept() {
        let kept =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/events/an-offset-that-is-null");
        let input = fs::read(kept).expect("an input");
        let (repair, event) = input.split_first().expect("a byte that says how");
        let event = repaired(*repair, event);
        assert_eq!(event[4], HEARTBEAT_V2);
        // A name, and an offset of one byte, which is NULL.
        assert_eq!(event[19..], *b"\x01\x08b.000001\x02\x01\xfb");
        assert_eq!(position(&event), None);
        // With the number before NULL it announces a position.
        let mut number = event;
        *number.last_mut().expect("the offset") = 250;
        assert_eq!(position(&number), Some((b"b.000001".to_vec(), 250)));
    }
}
