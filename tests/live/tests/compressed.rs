//! Fakes over a compressed connection: acknowledgements in all the ways that frames allow, and
//! frames that the protocol forbids.
//!
//! On a compressed connection packets lie in frames. A packet need not begin where a frame does.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use semisync_live_tests::fake_replica::{Announce, FakeReplica, Place, acknowledgement};
use semisync_live_tests::wire::frame_of;
use semisync_live_tests::{A_DAY_MS, Link, Names, PATIENCE, Server, Topology, eventually};

/// A commit that nothing delays takes a millisecond. A loaded machine gets this much, and a reader
/// that waits for the rest of a frame takes 30 s.
const DELAYED: Duration = Duration::from_secs(20);

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn attach(source: &Server, server_id: u32) -> FakeReplica {
    let mark = source.log_mark();
    let fake =
        FakeReplica::attach_compressed_to(source, server_id, Announce::Both, &source.newest());
    source.wait_log_since(mark, &format!("(server_id: {server_id})"));
    fake.expect("a fake attaches")
}

#[test]
fn an_acknowledgement_may_lie_in_frames_as_it_likes() {
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    let mut fake = attach(&source, 7_850_001);
    type Frames = fn(&[u8]) -> Vec<Vec<u8>>;
    let ways: [(&str, Frames); 4] = [
        ("stored", |ack| vec![frame_of(ack, 0)]),
        ("deflated", |ack| vec![frame_of(&deflate(ack), ack.len())]),
        ("in two frames", |ack| {
            let (head, tail) = ack.split_at(5);
            vec![frame_of(&deflate(head), head.len()), frame_of(tail, 0)]
        }),
        ("a frame for each byte", |ack| {
            ack.chunks(1).map(|byte| frame_of(byte, 0)).collect()
        }),
    ];
    for (what, frames) in ways {
        let took = source.insert_while(|| {
            let end = fake.request().end;
            for (number, mut frame) in (0..).zip(frames(&acknowledgement(&end))) {
                frame[3] = number;
                fake.send_raw(&frame).expect("a frame goes out");
            }
        });
        println!("{what}: confirmed in {took:?}");
    }
    assert_eq!(source.counter("yes_tx"), 4);
    assert_eq!(source.status("clients"), "1");
}

/// A wrong frame about an honest acknowledgement, and whether the replica must stop counting
/// because of it. Where it need not, the rest of the frame could still come.
type Wrong = (&'static str, bool, fn(&Place) -> Vec<u8>);

const WRONG: [Wrong; 7] = [
    ("half a frame header", false, |_| vec![20, 0, 0]),
    ("half a frame", false, |place| {
        let frame = frame_of(&acknowledgement(place), 0);
        frame[..12].to_vec()
    }),
    ("half an acknowledgement in a whole frame", false, |place| {
        frame_of(&acknowledgement(place)[..9], 0)
    }),
    ("a frame of 16 MB", true, |_| {
        vec![0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff]
    }),
    ("a frame that expands to 16 MB", true, |_| {
        let zeros = vec![0; 0xff_ffff];
        frame_of(&deflate(&zeros), zeros.len())
    }),
    ("a frame that is not deflated", true, |place| {
        let ack = acknowledgement(place);
        frame_of(&ack, ack.len() + 30)
    }),
    ("a frame that expands to more than it says", true, |place| {
        let many = acknowledgement(place).repeat(20);
        frame_of(&deflate(&many), 30)
    }),
];

/// The end of the next commit. The source need not have asked for an acknowledgement: the honest
/// replica may have been quicker.
fn end_of_commit(fake: &mut FakeReplica) -> Place {
    const XID_EVENT: u8 = 16;
    loop {
        match fake.next_event(PATIENCE) {
            Ok(Some(event)) if event.kind == XID_EVENT => return event.end,
            Ok(Some(_)) => {}
            other => panic!("no commit was served: {other:?}"),
        }
    }
}

#[test]
fn a_wrong_frame_delays_no_commit() {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .over(Link::default().compression("zlib"))
        .start();
    let source = &pair.source;
    source.allow_fakes();
    for (server_id, (what, ends, bytes)) in (7_860_001..).zip(WRONG) {
        eventually(PATIENCE, "the honest replica alone", || {
            source.status("clients") == "1"
        });
        let mark = source.log_mark();
        let mut fake = attach(source, server_id);
        source.insert(1);
        let end = end_of_commit(&mut fake);
        fake.send_raw(&bytes(&end)).expect("the frame goes out");
        let mut slowest = Duration::ZERO;
        for _ in 0..10 {
            let begin = Instant::now();
            source.insert(1);
            slowest = slowest.max(begin.elapsed());
        }
        println!("{what}: the slowest commit took {slowest:?}");
        assert!(slowest < DELAYED, "{what}: a commit took {slowest:?}");
        if ends {
            source.wait_status_within(DELAYED, "clients", "1");
            let log = source.log_since(mark);
            let named = |line: &&str| {
                line.contains("[ERROR]")
                    && line.contains(&server_id.to_string())
                    && line.contains("127.0.0.1")
            };
            assert_eq!(log.lines().filter(named).count(), 1, "{what}:\n{log}");
        } else {
            assert_eq!(source.status("clients"), "2", "{what}");
        }
        fake.close();
    }
    assert_eq!(source.counter("no_tx"), 0);
}
