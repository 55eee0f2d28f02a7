//! What the bytes of a binary log event tell. An event begins with its common header of 19
//! bytes: timestamp 4, type 1, server id 4, length 4, end position 4, flags 2; all
//! little-endian. With checksums on, the last 4 bytes are the CRC32 of the rest.

use crate::position::split_name;

const TYPE_AT: usize = 4;
const SERVER_ID_AT: usize = 5;
const LENGTH_AT: usize = 9;
const LOG_POS_AT: usize = 13;
const HEADER_SIZE: usize = 19;
const CHECKSUM_SIZE: usize = 4;

/// Event types, by the numbers of the binary log format.
mod kind {
    #[cfg(test)]
    pub const QUERY: u8 = 2;
    pub const STOP: u8 = 3;
    pub const ROTATE: u8 = 4;
    pub const INTVAR: u8 = 5;
    pub const RAND: u8 = 13;
    pub const USER_VAR: u8 = 14;
    pub const FORMAT_DESCRIPTION: u8 = 15;
    pub const TABLE_MAP: u8 = 19;
    pub const WRITE_ROWS_V1: u8 = 23;
    pub const DELETE_ROWS_V1: u8 = 25;
    pub const HEARTBEAT: u8 = 27;
    pub const ROWS_QUERY: u8 = 29;
    pub const WRITE_ROWS: u8 = 30;
    pub const DELETE_ROWS: u8 = 32;
    pub const GTID: u8 = 33;
    pub const PREVIOUS_GTIDS: u8 = 35;
    pub const PARTIAL_UPDATE_ROWS: u8 = 39;
    pub const HEARTBEAT_V2: u8 = 41;
    pub const GTID_TAGGED: u8 = 42;
    // Of MariaDB.
    pub const BINLOG_CHECKPOINT: u8 = 161;
    pub const GTID_LIST: u8 = 163;
    pub const START_ENCRYPTION: u8 = 164;
    #[cfg(test)]
    pub const XID: u8 = 16;
}

/// Whether the event may be the last of a commit group. The answer is no only for types that
/// never are. It is yes for QUERY, XID, XA_PREPARE and TRANSACTION_PAYLOAD, and for every type
/// that is rare or not known here. Asked for every event that is sent.
pub fn may_end_transaction(event: &[u8]) -> bool {
    let Some(kind) = event.get(TYPE_AT) else {
        return false;
    };
    !matches!(
        *kind,
        kind::ROTATE
            | kind::INTVAR
            | kind::RAND
            | kind::USER_VAR
            | kind::FORMAT_DESCRIPTION
            | kind::TABLE_MAP
            | kind::WRITE_ROWS_V1..=kind::DELETE_ROWS_V1
            | kind::HEARTBEAT
            | kind::ROWS_QUERY
            | kind::WRITE_ROWS..=kind::DELETE_ROWS
            | kind::GTID
            | kind::PREVIOUS_GTIDS
            | kind::PARTIAL_UPDATE_ROWS
            | kind::HEARTBEAT_V2
            | kind::GTID_TAGGED
    )
}

/// Whether the event belongs to a transaction, and not to the log's own affairs.
pub fn is_of_transaction(event: &[u8]) -> bool {
    event.get(TYPE_AT).is_some_and(|kind| {
        !matches!(
            *kind,
            kind::STOP
                | kind::ROTATE
                | kind::FORMAT_DESCRIPTION
                | kind::HEARTBEAT
                | kind::PREVIOUS_GTIDS
                | kind::HEARTBEAT_V2
                | kind::START_ENCRYPTION
                | kind::BINLOG_CHECKPOINT
                | kind::GTID_LIST
        )
    })
}

/// The server that has committed the transaction of the event.
pub fn server_id(event: &[u8]) -> Option<u32> {
    let id = event.get(SERVER_ID_AT..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*id))
}

/// Whether the event is a heartbeat, of either version.
pub fn is_heartbeat(event: &[u8]) -> bool {
    matches!(
        event.get(TYPE_AT),
        Some(&(kind::HEARTBEAT | kind::HEARTBEAT_V2))
    )
}

/// A position that an event tells the replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Announced<'a> {
    /// The file's name.
    pub name: &'a [u8],
    pub offset: u64,
}

/// The position that a ROTATE event or a heartbeat announces: everything before that
/// position was sent, or skipped. None for other events, and for malformed ones.
pub fn announced_position(event: &[u8]) -> Option<Announced<'_>> {
    let kind = *event.get(TYPE_AT)?;
    if !matches!(kind, kind::ROTATE | kind::HEARTBEAT | kind::HEARTBEAT_V2) {
        return None;
    }
    // In a piece of an event, bytes of its checksum might be taken for digits of the name.
    let length = event.get(LENGTH_AT..)?.first_chunk::<4>()?;
    if usize::try_from(u32::from_le_bytes(*length)) != Ok(event.len()) {
        return None;
    }
    let body = without_checksum(event).get(HEADER_SIZE..)?;
    let (name, offset) = match kind {
        kind::ROTATE => {
            let (offset, name) = body.split_first_chunk::<8>()?;
            (name, u64::from_le_bytes(*offset))
        }
        kind::HEARTBEAT => {
            let offset = event.get(LOG_POS_AT..)?.first_chunk::<4>()?;
            (body, u32::from_le_bytes(*offset).into())
        }
        _ => heartbeat_v2(body)?,
    };
    split_name(name)?;
    Some(Announced { name, offset })
}

/// The event without its checksum, if it has one: if its last bytes are the CRC32 of the
/// rest. An event of the three types never ends in its own CRC32 for another reason.
fn without_checksum(event: &[u8]) -> &[u8] {
    let Some((rest, checksum)) = event.split_last_chunk::<CHECKSUM_SIZE>() else {
        return event;
    };
    if crc32fast::hash(rest) == u32::from_le_bytes(*checksum) {
        rest
    } else {
        event
    }
}

/// Fields of HEARTBEAT_V2: type, length, value; all integers length-encoded.
fn heartbeat_v2(body: &[u8]) -> Option<(&[u8], u64)> {
    const END: u64 = 0;
    const FILE_NAME: u64 = 1;
    const POSITION: u64 = 2;
    let (mut name, mut offset) = (None, None);
    let mut rest = body;
    while !rest.is_empty() {
        let field = length_encoded(&mut rest)?;
        if field == END {
            break;
        }
        let length = usize::try_from(length_encoded(&mut rest)?).ok()?;
        let (mut value, behind) = rest.split_at_checked(length)?;
        match field {
            FILE_NAME => name = Some(value),
            POSITION => offset = Some(length_encoded(&mut value)?),
            _ => {}
        }
        rest = behind;
    }
    Some((name?, offset?))
}

/// Takes a length-encoded integer off the front.
fn length_encoded(bytes: &mut &[u8]) -> Option<u64> {
    let (first, mut rest) = bytes.split_first()?;
    let size = match first {
        0..=250 => 0,
        252 => 2,
        253 => 3,
        254 => 8,
        _ => return None,
    };
    let mut value = [0; 8];
    if size == 0 {
        value = u64::from(*first).to_le_bytes();
    } else {
        let (taken, behind) = rest.split_at_checked(size)?;
        value.get_mut(..size)?.copy_from_slice(taken);
        rest = behind;
    }
    *bytes = rest;
    Some(u64::from_le_bytes(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_own_affairs_are_no_transactions() {
        let of = |kind| is_of_transaction(&event(kind, 0, b"", false));
        assert!(of(kind::QUERY) && of(kind::XID) && of(kind::GTID) && of(kind::GTID_TAGGED));
        assert!(!of(kind::ROTATE) && !of(kind::FORMAT_DESCRIPTION) && !of(kind::HEARTBEAT));
        assert!(!of(kind::PREVIOUS_GTIDS) && !of(kind::GTID_LIST));
        assert!(!is_of_transaction(b""));
    }

    fn event(kind: u8, log_pos: u32, body: &[u8], checksum: bool) -> Vec<u8> {
        let mut event = vec![0; HEADER_SIZE];
        event[TYPE_AT] = kind;
        event[LOG_POS_AT..LOG_POS_AT + 4].copy_from_slice(&log_pos.to_le_bytes());
        event.extend_from_slice(body);
        let length = event.len() + if checksum { CHECKSUM_SIZE } else { 0 };
        let length = u32::try_from(length).unwrap().to_le_bytes();
        event[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length);
        if checksum {
            let crc = crc32fast::hash(&event);
            event.extend_from_slice(&crc.to_le_bytes());
        }
        event
    }

    fn told(event: &[u8]) -> Option<(String, u64, u64)> {
        announced_position(event).map(|told| {
            let (base, file) = split_name(told.name).unwrap();
            let base = String::from_utf8(base.to_vec()).unwrap();
            (base, file, told.offset)
        })
    }

    #[test]
    fn rotate_and_heartbeats_announce_with_and_without_checksum() {
        for checksum in [false, true] {
            let mut rotate = 0x1_0000_0004_u64.to_le_bytes().to_vec();
            rotate.extend_from_slice(b"binlog.000012");
            let rotate = event(kind::ROTATE, 0, &rotate, checksum);
            assert_eq!(told(&rotate), Some(("binlog".into(), 12, 0x1_0000_0004)));

            let old = event(kind::HEARTBEAT, 777, b"binlog.000003", checksum);
            assert_eq!(told(&old), Some(("binlog".into(), 3, 777)));

            let mut body = vec![1, 14];
            body.extend_from_slice(b"binlog.1000000");
            body.extend_from_slice(&[2, 9, 254]);
            body.extend_from_slice(&0x2_0000_0000_u64.to_le_bytes());
            body.push(0);
            let new = event(kind::HEARTBEAT_V2, 0, &body, checksum);
            assert_eq!(
                told(&new),
                Some(("binlog".into(), 1_000_000, 0x2_0000_0000))
            );
        }
    }

    #[test]
    fn a_cut_announcement_is_none() {
        let mut body = vec![1, 13];
        body.extend_from_slice(b"binlog.000001");
        body.extend_from_slice(&[2, 3, 252, 0x39, 0x05, 0]);
        let whole = event(kind::HEARTBEAT_V2, 0, &body, true);
        assert_eq!(told(&whole), Some(("binlog".into(), 1, 0x0539)));
        for end in 0..whole.len() {
            assert_eq!(told(&whole[..end]), None);
        }
    }

    #[test]
    fn an_event_names_its_server() {
        let mut xid = event(kind::XID, 9, b"", false);
        xid[SERVER_ID_AT..SERVER_ID_AT + 4].copy_from_slice(&[1, 2, 0, 0x80]);
        assert_eq!(server_id(&xid), Some(0x8000_0201));
        assert_eq!(server_id(&xid[..SERVER_ID_AT + 3]), None);
    }

    #[test]
    fn other_events_announce_nothing() {
        let mut rotate = 4_u64.to_le_bytes().to_vec();
        rotate.extend_from_slice(b"binlog.000012");
        assert_eq!(told(&event(kind::XID, 9, &rotate, false)), None);
        assert_eq!(told(&[]), None);
    }

    #[test]
    fn lengths_are_read_as_the_protocol_writes_them() {
        let read = |mut bytes: &[u8]| (length_encoded(&mut bytes), bytes.len());
        assert_eq!(read(&[250, 9]), (Some(250), 1));
        assert_eq!(read(&[252, 1, 2, 9]), (Some(0x0201), 1));
        assert_eq!(read(&[253, 1, 2, 3, 9]), (Some(0x03_0201), 1));
        assert_eq!(
            read(&[254, 1, 0, 0, 0, 0, 0, 0, 2, 9]),
            (Some(2 << 56 | 1), 1)
        );
        // NULL, an error, and integers that are cut.
        for bytes in [&[251, 1, 2][..], &[255, 1, 2], &[252, 1], &[254, 1], &[]] {
            assert_eq!(read(bytes).0, None);
        }
    }

    #[test]
    fn only_events_that_never_end_a_transaction_are_passed_over() {
        let ends = |kind| may_end_transaction(&event(kind, 0, b"", false));
        for kind in [kind::QUERY, kind::XID, 38, 40, 26, 99] {
            assert!(ends(kind), "{kind}");
        }
        for kind in [
            kind::GTID,
            5,
            13,
            14,
            42,
            19,
            23,
            24,
            25,
            29,
            30,
            31,
            32,
            39,
            27,
            41,
            4,
            15,
            35,
        ] {
            assert!(!ends(kind), "{kind}");
        }
        assert!(!may_end_transaction(b"abc"));
    }
}
