//! How much memory a hostile replica can make the source hold. This test is alone in its
//! file, because it counts all that the process allocates meanwhile.

#[path = "support/frames.rs"]
mod frames;

use frames::{MAX_FRAME, frame, read_whole, zlib_bomb, zstd_bomb_of_blocks, zstd_bomb_of_matches};
use peak_alloc::PeakAlloc;
use semisync_core::{AckReader, Framing, MAX_ACK};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How much more memory than before was in use at once.
fn most_used(during: impl FnOnce()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    during();
    MEMORY.peak_usage() - before
}

#[test]
fn neither_bombs_nor_patience_cost_much_memory() {
    const KIB: usize = 1024;
    let bytes = frame(&zlib_bomb(), MAX_FRAME);
    let used = most_used(|| assert!(read_whole(Framing::Zlib, &bytes).1.is_err()));
    assert!(used < 256 * KIB, "zlib: {used}");

    // Window_Descriptors of 1 KiB, 16 KiB, 8 MiB (the most that is accepted),
    // 16 MiB and 3.75 TiB: how much each may use, in KiB.
    for (window, most) in [
        (0, 2048),
        (4 << 3, 2048),
        (13 << 3, 20 * KIB),
        (14 << 3, 256),
        (0xff, 256),
    ] {
        for bomb in [zstd_bomb_of_blocks(window), zstd_bomb_of_matches(window)] {
            let bytes = frame(&bomb, MAX_FRAME);
            let used = most_used(|| assert!(read_whole(Framing::Zstd, &bytes).1.is_err()));
            assert!(used < most * KIB, "window {window}: {used}");
        }
    }

    // A broken stream is not looked at again.
    let bytes = frame(&zstd_bomb_of_blocks(0), MAX_FRAME);
    let mut reader = AckReader::new(Framing::Zstd);
    assert!(reader.feed(&bytes, &mut |_| ()).is_err());
    let used = most_used(|| assert!(reader.feed(&bytes, &mut |_| ()).is_err()));
    assert_eq!(used, 0);

    // A thousand connections on which the last byte never comes.
    let readers = |framing, bytes: &[u8]| {
        most_used(|| {
            let mut readers: Vec<_> = (0..1000).map(|_| AckReader::new(framing)).collect();
            for reader in &mut readers {
                assert_eq!(reader.feed(bytes, &mut |_| ()), Ok(()));
            }
        }) / 1000
    };
    let mut packet = vec![0; 4 + MAX_ACK - 1];
    packet[..3].copy_from_slice(&[8, 2, 0]);
    let used = readers(Framing::Plain, &packet);
    assert!(used < 2 * KIB, "half a packet: {used}");
    let mut half = frame(&[0; MAX_FRAME], 0);
    half.pop();
    let used = readers(Framing::Zstd, &half);
    assert!(used < 40 * KIB, "half a frame: {used}");
}
