//! Positions that a source tells its replicas outside the hooks. MySQL 9.7.4 sent the bytes
//! of the first part to a client that asked for a dump. The rest is put together as the
//! server does it.

use proptest::{collection::vec, prelude::*, test_runner::Config};
use semisync_core::{announced_position, is_heartbeat, may_end_transaction, split_name};

const ROTATE: u8 = 4;
const HEARTBEAT: u8 = 27;
const HEARTBEAT_V2: u8 = 41;
const HEADER_SIZE: usize = 19;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Base name, number and offset.
fn told(event: &[u8]) -> Option<(String, u64, u64)> {
    announced_position(event).map(|told| {
        let (base, number) = split_name(told.name).unwrap();
        let base = String::from_utf8(base.to_vec()).unwrap();
        (base, number, told.offset)
    })
}

// ---- from a server ----

#[test]
fn the_rotate_event_that_begins_a_dump_is_understood() {
    let plain = bytes(
        "00000000 04 01000000 28000000 00000000 2000
         0400000000000000 62696e6c6f672e303030303031",
    );
    let with_checksum = bytes(
        "00000000 04 01000000 2c000000 00000000 2000
         0400000000000000 62696e6c6f672e303030303031 e9d2ca6e",
    );
    for event in [plain, with_checksum] {
        assert_eq!(told(&event), Some(("binlog".into(), 1, 4)));
        assert!(!is_heartbeat(&event) && !may_end_transaction(&event));
    }
}

/// The event at the end of file 1 names the beginning of file 2: all of file 1 was sent.
#[test]
fn the_rotate_event_at_the_end_of_a_file_names_the_next() {
    let event = bytes(
        "98a7006b 04 01000000 28000000 79020000 0000
         0400000000000000 62696e6c6f672e303030303032",
    );
    assert_eq!(told(&event), Some(("binlog".into(), 2, 4)));
}

#[test]
fn heartbeats_of_both_versions_are_understood() {
    let old = bytes(
        "00000000 1b 01000000 24000000 65020000 0000
         62696e6c6f672e303030303031 74f01b1a",
    );
    let new = bytes(
        "00000000 29 01000000 2c000000 65020000 0000
         01 0d 62696e6c6f672e303030303031 02 03 fc6502 00 e0b5fded",
    );
    for event in [old, new] {
        assert_eq!(told(&event), Some(("binlog".into(), 1, 0x265)));
        assert!(is_heartbeat(&event) && !may_end_transaction(&event));
    }
}

// ---- as a server puts them together ----

fn event(kind: u8, log_pos: u32, body: &[u8], checksum: bool) -> Vec<u8> {
    let size = HEADER_SIZE + body.len() + if checksum { 4 } else { 0 };
    let mut event = vec![0, 0, 0, 0, kind, 1, 0, 0, 0];
    event.extend(u32::try_from(size).unwrap().to_le_bytes());
    event.extend(log_pos.to_le_bytes());
    event.extend([0, 0]);
    event.extend(body);
    if checksum {
        let checksum = crc32fast::hash(&event).to_le_bytes();
        event.extend(checksum);
    }
    event
}

fn length_encoded(value: u64) -> Vec<u8> {
    let low = value.to_le_bytes();
    match value {
        0..=250 => low[..1].to_vec(),
        251..=0xffff => [&[252], &low[..2]].concat(),
        0x1_0000..=0xff_ffff => [&[253], &low[..3]].concat(),
        _ => [&[254], &low[..]].concat(),
    }
}

fn field(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind], &*length_encoded(value.len() as u64), value].concat()
}

fn rotate(name: &str, offset: u64, checksum: bool) -> Vec<u8> {
    let body = [&offset.to_le_bytes(), name.as_bytes()].concat();
    event(ROTATE, 0, &body, checksum)
}

fn heartbeat_v2(name: &str, offset: u64, checksum: bool) -> Vec<u8> {
    let name = field(1, name.as_bytes());
    let position = field(2, &length_encoded(offset));
    let body = [name, position, vec![0]].concat();
    event(HEARTBEAT_V2, 0, &body, checksum)
}

/// Without a rule that is certain, digits that happen to be in the checksum
/// would be taken for digits of the name, or the other way round.
#[test]
fn a_checksum_of_digits_is_not_taken_for_a_part_of_the_name() {
    let with = event(HEARTBEAT, 137_986, b"binlog.000001", true);
    assert!(with.ends_with(b"binlog.0000011559"), "a checksum of digits");
    assert_eq!(told(&with), Some(("binlog".into(), 1, 137_986)));

    let without = event(HEARTBEAT, 137_987, b"binlog.0000011559", false);
    assert_eq!(told(&without), Some(("binlog".into(), 11_559, 137_987)));
}

#[test]
fn fields_that_a_later_server_may_add_are_passed_over() {
    let added = field(9, b"what is this");
    let name = field(1, b"binlog.000007");
    let position = field(2, &length_encoded(70_000));
    let body = [&*added, &position, &added, &name, &added, &[0]].concat();
    for checksum in [false, true] {
        let event = event(HEARTBEAT_V2, 0, &body, checksum);
        assert_eq!(told(&event), Some(("binlog".into(), 7, 70_000)));
    }
}

#[test]
fn half_an_announcement_is_none() {
    let name = field(1, b"binlog.000007");
    let position = field(2, &length_encoded(70_000));
    for body in [
        &*name,
        &position,
        &[],
        &[1, 13, b'b'],
        &[2, 3, 252, 1],
        &[251],
    ] {
        assert_eq!(told(&event(HEARTBEAT_V2, 0, body, true)), None);
    }
    assert_eq!(told(&event(ROTATE, 0, &[4, 0, 0, 0], true)), None);
    assert_eq!(told(&event(HEARTBEAT, 4, b"", true)), None);
    assert_eq!(told(&rotate("nonsense", 4, true)), None);
}

fn base() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_.-]{0,40}[a-zA-Z0-9_-]"
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 8 } else { 512 },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn what_is_announced_is_understood(
        base in base(), number: u64, offset: u64, checksum: bool
    ) {
        let name = format!("{base}.{number:06}");
        prop_assert_eq!(split_name(name.as_bytes()), Some((base.as_bytes(), number)));
        let expected = Some((base.clone(), number, offset));
        prop_assert_eq!(told(&rotate(&name, offset, checksum)), expected.clone());
        prop_assert_eq!(told(&heartbeat_v2(&name, offset, checksum)), expected);

        // The old heartbeat has room for the low 32 bits only.
        let low = u32::try_from(offset & 0xffff_ffff).unwrap();
        let old = event(HEARTBEAT, low, name.as_bytes(), checksum);
        prop_assert_eq!(told(&old), Some((base, number, low.into())));
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..80), kind in 0..50_u8) {
        let _ = announced_position(&bytes);
        let _ = may_end_transaction(&bytes);
        let _ = is_heartbeat(&bytes);
        let _ = split_name(&bytes);
        for checksum in [false, true] {
            let _ = announced_position(&event(kind, 4, &bytes, checksum));
        }
    }

    /// Not even if the event is cut within its checksum, and digits are left of that.
    #[test]
    fn a_cut_or_lengthened_announcement_is_none(
        number: u64, offset: u64, checksum: bool, cut in 1..60_usize, more in vec(b'0'..=b'9', 1..5)
    ) {
        let name = format!("binlog.{number:06}");
        for whole in [rotate(&name, offset, checksum), heartbeat_v2(&name, offset, checksum)] {
            let end = whole.len().saturating_sub(cut);
            prop_assert_eq!(told(&whole[..end]), None);
            prop_assert_eq!(told(&[&*whole, &more].concat()), None);
        }
    }
}
