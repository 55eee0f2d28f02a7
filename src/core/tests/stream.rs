//! Acknowledgements out of a byte stream: the same ones however the stream is split or
//! coalesced, and never a panic, whatever the bytes. What only compressed streams have is in
//! `compression`.

#[path = "support/frames.rs"]
mod frames;

use frames::{
    COMPRESSING, MAX_FRAME, Said, ack, config, frame, framing, packet, read, read_whole, said,
    stored, stream,
};
use proptest::{collection::vec, prelude::*};
use semisync_core::{AckReader, Framing, MAX_ACK, Violation};

// ---- packets ----

#[test]
fn many_acknowledgements_in_one_read_are_all_heard() {
    let bytes: Vec<u8> = (1..=500).flat_map(|n| ack("binlog.000001", n)).collect();
    let (heard, end) = read_whole(Framing::Plain, &bytes);
    assert_eq!(end, Ok(()));
    let expected: Vec<_> = (1..=500).map(|n| said("binlog", 1, n)).collect();
    assert_eq!(heard, expected);
}

#[test]
fn a_message_is_heard_with_its_last_byte_and_not_before() {
    let bytes = ack("binlog.000001", 157);
    for end in 0..bytes.len() {
        assert_eq!(
            read_whole(Framing::Plain, &bytes[..end]),
            (vec![], Ok(())),
            "{end}"
        );
    }
    assert_eq!(read_whole(Framing::Plain, &bytes).0.len(), 1);
}

#[test]
fn files_beyond_999999_and_positions_beyond_4_gib_are_understood() {
    let bytes = [
        ack("binlog.999999", 4),
        ack("/var/lib/mysql/bin.log.1000000", 1 << 40),
    ]
    .concat();
    let heard = read_whole(Framing::Plain, &bytes).0;
    assert_eq!(
        heard,
        [
            said("binlog", 999_999, 4),
            said("bin.log", 1_000_000, 1 << 40)
        ]
    );
}

#[test]
fn the_longest_name_is_understood_and_a_longer_one_is_refused_by_its_header() {
    let name = format!("{}.000001", "x".repeat(511 - 7));
    let heard = read_whole(Framing::Plain, &ack(&name, 4)).0;
    assert_eq!(heard, [said(&name[..504], 1, 4)]);
    assert_eq!(MAX_ACK, 520);
    let header = [0x09, 0x02, 0, 0]; // 521
    let refused = (vec![], Err(Violation::PacketTooLarge));
    assert_eq!(read_whole(Framing::Plain, &header), refused);
}

#[test]
fn a_huge_length_is_refused_by_the_header_alone() {
    let refused = (vec![], Err(Violation::PacketTooLarge));
    let huge = [0xff, 0xff, 0xff];
    assert_eq!(read_whole(Framing::Plain, &huge), (vec![], Ok(())));
    assert_eq!(read_whole(Framing::Plain, &[0xff, 0xff, 0xff, 0]), refused);
    for framing in COMPRESSING {
        let most = frame(&[], MAX_FRAME);
        assert_eq!(read_whole(framing, &[&[1], &most[1..]].concat()).1, Ok(()));
        for header in [
            [0xff, 0xff, 0xff, 0, 0, 0, 0],
            [1, 0x40, 0, 0, 0, 0, 0], // 16,385
            [9, 0, 0, 0, 0xff, 0xff, 0xff],
            [9, 0, 0, 0, 1, 0x40, 0],
        ] {
            assert_eq!(read_whole(framing, &header), refused, "{header:?}");
        }
        // Also of a packet inside of frames.
        assert_eq!(read_whole(framing, &stored(&[9, 2, 0, 0])), refused);
    }
}

#[test]
fn packets_that_are_no_acknowledgements_are_told_apart() {
    for (payload, expected) in [
        (&b""[..], Violation::TooShort),
        (b"\xef12345678", Violation::TooShort),
        (b"\x03SELECT 1", Violation::Magic),
        (b"\x01\x01", Violation::Magic),
        (b"\xef12345678nonsense", Violation::BadName),
    ] {
        let end = read_whole(Framing::Plain, &packet(payload)).1;
        assert_eq!(end, Err(expected), "{payload:?}");
    }
}

#[test]
fn a_goodbye_is_heard_among_acknowledgements() {
    let bytes = [ack("b.1", 4), packet(&[1]), ack("b.1", 5)].concat();
    let heard = read_whole(Framing::Plain, &bytes).0;
    assert_eq!(heard, [said("b", 1, 4), Said::Quit, said("b", 1, 5)]);
}

#[test]
fn sequence_numbers_are_not_looked_at() {
    for number in [1, 77, 255] {
        let mut bytes = ack("b.1", 4);
        bytes[3] = number;
        assert_eq!(read_whole(Framing::Plain, &bytes).0, [said("b", 1, 4)]);
    }
}

#[test]
fn after_a_violation_the_reader_stays_broken() {
    let mut reader = AckReader::new(Framing::Plain);
    let mut heard = 0;
    let bytes = [ack("b.1", 4), packet(b"garbage"), ack("b.1", 5)].concat();
    for bytes in [&bytes[..], &ack("b.1", 6), &[]] {
        let fed = reader.feed(bytes, &mut |_| heard += 1);
        assert_eq!(fed, Err(Violation::Magic));
    }
    assert_eq!(heard, 1, "what came before it");
}

// ---- anything ----

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_same_is_heard_however_the_stream_is_split(
        (framing, bytes) in framing().prop_flat_map(|f| (Just(f), stream(f))),
        sizes in vec(1..60_usize, 1..10),
    ) {
        let whole = read_whole(framing, &bytes);
        prop_assert_eq!(&read(framing, &bytes, &[1]), &whole);
        prop_assert_eq!(&read(framing, &bytes, &sizes), &whole);
    }

    #[test]
    fn no_bytes_make_it_panic_or_recover(
        framing in framing(),
        pieces in vec(vec(any::<u8>(), 0..80), 1..10),
    ) {
        let mut reader = AckReader::new(framing);
        let mut broken = None;
        for piece in pieces {
            let fed = reader.feed(&piece, &mut |_| ());
            if broken.is_some() {
                prop_assert_eq!(fed.err(), broken);
            }
            broken = fed.err();
        }
    }

    #[test]
    fn no_damage_to_a_stream_makes_it_panic(
        (framing, mut bytes) in framing().prop_flat_map(|f| (Just(f), stream(f))),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = read_whole(framing, &bytes);
    }
}
