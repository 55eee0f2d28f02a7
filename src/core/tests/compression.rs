//! Compressed streams: frames as other libraries make them, packets across frames, frames
//! that lie about their size, and bombs.

#[path = "support/frames.rs"]
mod frames;

use frames::{
    COMPRESSING, MAX_FRAME, ack, compress, compressed, config, frame, read_whole, said, stored,
    stream, zlib_bomb, zstd_bomb_of_blocks, zstd_bomb_of_matches,
};
use proptest::{collection::vec, prelude::*};
use semisync_core::{Framing, Violation};

#[test]
fn what_the_zlib_and_zstd_libraries_compress_is_understood() {
    // Four acknowledgements, compressed by zlib 1.2; by libzstd 1.5 in one call, as the
    // server does; and by libzstd as a stream that asks for a window of 2 MiB.
    const ZLIB: &str = "\
        789c53666060783f9701028af34b8b925375f3d3744b325275f3f28b4a32f40c40c05c19\
        a4ec120b51ca528004230e659660a042c85243b0710600aa9b29d0";
    const ZSTD: &str = "\
        28b52ffd209d350200340323000000ef9d00736f757263652d6f662d7468652d6e6f7274\
        682e303723000000efd204006400000001392431303030303030070078c082132ea855a9\
        0ee04e60d9008c";
    const STREAM: &str = "\
        28b52ffd0058350200340323000000ef9d00736f757263652d6f662d7468652d6e6f7274\
        682e303723000000efd204006400000001392431303030303030070078c082132ea855a9\
        0ee04e60d9008c";
    let base = "source-of-the-north";
    let expected = [
        said(base, 7, 157),
        said(base, 7, 1234),
        said(base, 999_999, 4_294_967_396),
        said(base, 1_000_000, 157),
    ];
    for (framing, hex) in [
        (Framing::Zlib, ZLIB),
        (Framing::Zstd, ZSTD),
        (Framing::Zstd, STREAM),
    ] {
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).expect("hex"))
            .collect();
        let (heard, end) = read_whole(framing, &frame(&bytes, 157));
        assert_eq!((heard, end), (expected.to_vec(), Ok(())));
    }
}

#[test]
fn packets_may_straddle_frames_and_frames_may_carry_nothing() {
    let packets: Vec<u8> = (1..=40).flat_map(|n| ack("binlog.000001", n)).collect();
    for framing in COMPRESSING {
        for size in [1, 3, 7, 29, 400] {
            let mut bytes = Vec::new();
            for (n, content) in packets.chunks(size).enumerate() {
                match n % 3 {
                    0 => bytes.extend(stored(content)),
                    1 => bytes.extend(compressed(framing, content)),
                    _ => bytes.extend([stored(&[]), stored(content)].concat()),
                }
            }
            let (heard, end) = read_whole(framing, &bytes);
            assert_eq!((heard.len(), end), (40, Ok(())), "{framing:?} by {size}");
        }
    }
}

#[test]
fn a_full_frame_is_understood() {
    let packets = ack("binlog.000001", 4).repeat(MAX_FRAME / 26);
    assert_eq!(packets.len(), 16_380);
    for framing in COMPRESSING {
        let small = compressed(framing, &packets);
        assert!(small.len() < 1000, "really compressed: {}", small.len());
        for bytes in [small, stored(&packets)] {
            assert_eq!(read_whole(framing, &bytes).0.len(), 630);
        }
    }
}

#[test]
fn a_frame_that_lies_about_its_size_is_refused() {
    let content = ack("binlog.000001", 4);
    let size = content.len();
    for framing in COMPRESSING {
        let small = compress(framing, &content);
        assert_eq!(read_whole(framing, &frame(&small, size)).1, Ok(()));
        for lie in [size - 1, size + 1, 1, MAX_FRAME] {
            let end = read_whole(framing, &frame(&small, lie)).1;
            assert_eq!(end, Err(Violation::Compression), "{framing:?} {lie}");
        }
        let end = read_whole(framing, &frame(&small[..small.len() - 5], size)).1;
        assert_eq!(end, Err(Violation::Compression));
        let end = read_whole(framing, &frame(b"nothing compressed", size)).1;
        assert_eq!(end, Err(Violation::Compression));
        assert_eq!(read_whole(framing, &frame(b"", size)).1, end);
    }
}

#[test]
fn one_compression_is_not_taken_for_the_other() {
    let content = ack("binlog.000001", 4);
    for (framing, other) in [
        (Framing::Zlib, Framing::Zstd),
        (Framing::Zstd, Framing::Zlib),
    ] {
        let end = read_whole(framing, &compressed(other, &content)).1;
        assert_eq!(end, Err(Violation::Compression));
    }
}

#[test]
fn bombs_are_refused() {
    let refused = (vec![], Err(Violation::Compression));
    for size in [1, 1000, MAX_FRAME] {
        let bytes = frame(&zlib_bomb(), size);
        assert_eq!(read_whole(Framing::Zlib, &bytes), refused);
        // Windows of 1 KiB, 8 MiB, 16 MiB and 3.75 TiB.
        for window in [0, 13 << 3, 14 << 3, 0xff] {
            for bomb in [zstd_bomb_of_blocks(window), zstd_bomb_of_matches(window)] {
                let bytes = frame(&bomb, size);
                assert_eq!(read_whole(Framing::Zstd, &bytes), refused, "{window}");
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_compressed_stream_says_what_the_plain_one_says(
        packets in stream(Framing::Plain),
        size in 1..300_usize,
    ) {
        let plain = read_whole(Framing::Plain, &packets);
        for framing in COMPRESSING {
            let frames: Vec<u8> = packets
                .chunks(size)
                .flat_map(|content| compressed(framing, content))
                .collect();
            prop_assert_eq!(&read_whole(framing, &frames), &plain);
        }
    }

    #[test]
    fn no_damage_inside_a_frame_makes_it_panic(
        framing in prop_oneof![Just(Framing::Zlib), Just(Framing::Zstd)],
        content in stream(Framing::Plain),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut small = compress(framing, &content);
        for (place, byte) in damage {
            let place = place.index(small.len());
            small[place] = byte;
        }
        let _ = read_whole(framing, &frame(&small, content.len()));
    }
}
