//! What every commit, every event and every acknowledgement goes through, without a server:
//! `cargo bench -p semisync-core`. A part of a name behind it chooses: `... -- quorum`.

#[path = "../tests/support/frames.rs"]
mod frames;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use semisync_core::{
    AckReader, Coordinator, Framing, Member, Position, ReplicaConnectionId, Rule, Scratch,
    Settings, Voter, announced_position,
};

const EVENT: u64 = 400;
/// The usual number of replicas, and what is many.
const REPLICAS: [u32; 3] = [1, 3, 8];

fn at(offset: u64) -> Position {
    Position { file: 1, offset }
}

/// Enabled, ON, with replicas that are connected and have acknowledged nothing.
fn coordinator(replicas: u32) -> Coordinator<u32> {
    let mut core = Coordinator::new(Settings {
        rule: Rule::of_count(1),
        ..Settings::default()
    });
    for server in 1..=replicas {
        let connection = ReplicaConnectionId(server.into());
        core.on_connect(connection, Member::of(server).into(), None);
    }
    core.on_enable();
    let _ = core.take_effects();
    core
}

/// One commit as the plugin tells of it: flushed, sent, waited for, acknowledged by all.
fn commit(core: &mut Coordinator<u32>, end: Position, replicas: u32) {
    let connections = || (1..=replicas).map(|server| ReplicaConnectionId(server.into()));
    core.on_flush(end);
    for connection in connections() {
        black_box(core.on_send(connection, end));
    }
    black_box(core.on_wait_point(Some(end), 7, false));
    for connection in connections() {
        black_box(core.on_ack(connection, end, Some(end)));
    }
    black_box(core.take_effects());
    black_box(core.on_engine_commit(Some(end), false, false));
}

fn whole_commits(c: &mut Criterion) {
    let mut group = c.benchmark_group("commit");
    for replicas in REPLICAS {
        group.bench_function(BenchmarkId::from_parameter(replicas), |b| {
            let mut core = coordinator(replicas);
            let mut offset = 0;
            b.iter(|| {
                offset += EVENT;
                commit(&mut core, at(offset), replicas);
            });
        });
    }
    group.finish();
}

fn acknowledgements(c: &mut Criterion) {
    let mut group = c.benchmark_group("acknowledgement");
    for replicas in REPLICAS {
        group.bench_function(BenchmarkId::from_parameter(replicas), |b| {
            let mut core = coordinator(replicas);
            let mut offset = 0;
            let flushed = |core: &mut Coordinator<u32>, offset: &mut u64| {
                *offset += EVENT;
                core.on_flush(at(*offset));
                at(*offset)
            };
            // Only the acknowledgement is measured; a flush before it makes it news.
            b.iter_custom(|times| {
                let mut spent = std::time::Duration::ZERO;
                for _ in 0..times {
                    let end = flushed(&mut core, &mut offset);
                    let begun = std::time::Instant::now();
                    black_box(core.on_ack(ReplicaConnectionId(1), end, Some(end)));
                    spent += begun.elapsed();
                    black_box(core.take_effects());
                }
                spent
            });
        });
    }
    group.finish();
}

fn waits(c: &mut Criterion) {
    let mut group = c.benchmark_group("wait");
    for sessions in [1_u32, 16, 256] {
        // All of them wait, each for its own group, and one acknowledgement releases all.
        group.bench_function(BenchmarkId::from_parameter(sessions), |b| {
            b.iter_batched(
                || coordinator(1),
                |mut core| {
                    for session in 1..=sessions {
                        let end = at(u64::from(session) * EVENT);
                        core.on_flush(end);
                        black_box(core.on_wait_point(Some(end), session, false));
                    }
                    let end = at(u64::from(sessions) * EVENT);
                    black_box(core.on_ack(ReplicaConnectionId(1), end, Some(end)));
                    core.take_effects()
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn voters(replicas: u32) -> Vec<Voter> {
    (1..=replicas)
        .map(|server| {
            let mut member = Member::of(server);
            member.zone = Some(["east", "west", "north"][server as usize % 3].into());
            let mut voter = Voter::new(
                ReplicaConnectionId(server.into()),
                Arc::new(member),
                None,
                true,
            );
            voter.acked = Some(at(u64::from(server) * EVENT));
            voter
        })
        .collect()
}

fn quorum(c: &mut Criterion) {
    let rules = [
        ("count 1", None, 1),
        ("count 2", None, 2),
        ("ANY 2 (*)", Some("ANY 2 (*)"), 1),
        ("FIRST 2 (1, 2, 3)", Some("FIRST 2 (1, 2, 3)"), 1),
        ("ZONES 2", Some("ZONES 2"), 1),
    ];
    let mut group = c.benchmark_group("quorum");
    for (name, text, count) in rules {
        let rule = Rule {
            quorum: text.map(|text| Arc::new(text.parse().expect("a quorum"))),
            ..Rule::of_count(count)
        };
        for replicas in REPLICAS {
            let voters = voters(replicas);
            let mut scratch = Scratch::default();
            group.bench_function(BenchmarkId::new(name, replicas), |b| {
                b.iter(|| rule.position(black_box(&voters), &mut scratch));
            });
        }
    }
    group.finish();
}

fn announced(c: &mut Criterion) {
    const ROTATE: u8 = 4;
    const WRITE_ROWS: u8 = 30;
    let event = |kind: u8, body: &[u8]| {
        let mut event = vec![0; 19];
        event[4] = kind;
        event.extend_from_slice(body);
        let length = u32::try_from(event.len() + 4).expect("short");
        event[9..13].copy_from_slice(&length.to_le_bytes());
        let checksum = crc32fast::hash(&event);
        event.extend_from_slice(&checksum.to_le_bytes());
        event
    };
    let rotate = event(ROTATE, b"\x04\0\0\0\0\0\0\0binlog.000012");
    assert!(announced_position(&rotate).is_some());
    let rows = event(WRITE_ROWS, &[7; 256]);
    let mut group = c.benchmark_group("announced_position");
    for (name, event) in [("rows", rows), ("rotate", rotate)] {
        group.bench_function(name, |b| b.iter(|| announced_position(black_box(&event))));
    }
    group.finish();
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("AckReader");
    for framing in [Framing::Plain, Framing::Zlib, Framing::Zstd] {
        let packet = frames::ack("binlog.000012", 123_456_789);
        let bytes = match framing {
            Framing::Plain => packet,
            Framing::Zlib | Framing::Zstd => frames::compressed(framing, &packet),
        };
        group.bench_function(format!("{framing:?}"), |b| {
            let mut reader = AckReader::new(framing);
            b.iter(|| {
                let mut replies = 0;
                let fed = reader.feed(black_box(&bytes), &mut |_| replies += 1);
                assert!(fed.is_ok() && replies == 1);
            });
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    whole_commits,
    acknowledgements,
    waits,
    quorum,
    announced,
    reading
);
criterion_main!(benches);
