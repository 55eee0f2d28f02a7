//! What a thousand connections and a thousand installations leave behind: descriptors, threads and
//! memory are what they were. `SEMISYNC_ROUNDS` says how many rounds; a few of them warm up.

use std::collections::BTreeMap;
use std::time::Duration;

use semisync_live_tests::dice::number_from_env;
use semisync_live_tests::fake_replica::{Announce, FakeReplica};
use semisync_live_tests::process::{self, resident_kib};
use semisync_live_tests::{Names, Server, ServerConfig, eventually};

const SOON: Duration = Duration::from_secs(15);
/// In `ci/test`. A thousand take minutes.
const ROUNDS: u64 = 120;
/// With a small buffer pool, memory that grows is not the server's cache.
const SMALL: &str = "innodb_buffer_pool_size=8M";
/// The server's own memory moves by this much, whatever the rounds do.
const NOISE_KIB: u64 = 4096;
/// What one round may leave, in bytes. The server itself leaves a little, with stock's plugin too.
const A_ROUND: u64 = 16 * 1024;

#[derive(Clone, Copy, Debug)]
struct Use {
    descriptors: usize,
    threads: usize,
    kib: u64,
}

fn of(server: &Server) -> Use {
    let (descriptors, threads) = server.resources();
    let kib = resident_kib(server.pid());
    Use {
        descriptors,
        threads,
        kib,
    }
}

fn rounds() -> u64 {
    number_from_env("SEMISYNC_ROUNDS").unwrap_or(ROUNDS)
}

/// The first quarter warms up. Threads and descriptors end within moments.
fn nothing_is_left_behind(server: &Server, mut round: impl FnMut(u64)) {
    let (warm_up, all) = (rounds() / 4, rounds());
    (0..warm_up).for_each(&mut round);
    let before = settled(server, None);
    let cached = process::descriptors(server.pid());
    let counted_before = counted_memory(server);
    (warm_up..all).for_each(&mut round);
    let after = settled(server, Some(before));
    tell_growth(&counted_before, &counted_memory(server), all - warm_up);
    let grown = after.kib.saturating_sub(before.kib);
    let counted = all - warm_up;
    println!(
        "{counted} rounds after {warm_up}: {before:?}, then {after:?}: {} bytes each; {cached} \
         descriptors with files, then {}",
        grown * 1024 / counted,
        process::descriptors(server.pid())
    );
    assert!(
        grown <= NOISE_KIB + counted * A_ROUND / 1024,
        "memory: {before:?}, then {after:?}, in {counted} rounds"
    );
    server.stop();
}

/// What the server itself counts of its memory, in bytes, by its names. Nothing before MySQL 5.7.
fn counted_memory(server: &Server) -> BTreeMap<String, i64> {
    let rows = server.try_rows(
        "SELECT EVENT_NAME, CURRENT_NUMBER_OF_BYTES_USED \
         FROM performance_schema.memory_summary_global_by_event_name",
    );
    let row = |row: Vec<String>| (row[0].clone(), row[1].parse().expect("a number of bytes"));
    rows.unwrap_or_default().into_iter().map(row).collect()
}

/// Whose memory has grown.
fn tell_growth(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>, counted: u64) {
    let counted = i64::try_from(counted).expect("few rounds");
    for (name, bytes) in after {
        let grown = bytes - before.get(name).copied().unwrap_or_default();
        if grown > counted {
            println!("   {name}: {} bytes each", grown / counted);
        }
    }
}

/// How much is in use once what was used has ended: no more than before.
fn settled(server: &Server, before: Option<Use>) -> Use {
    if let Some(before) = before {
        eventually(SOON, "no more descriptors and threads than before", || {
            let now = of(server);
            now.descriptors <= before.descriptors && now.threads <= before.threads
        });
    }
    of(server)
}

fn source(names: Names) -> Server {
    let config = ServerConfig::new(1, names).label("source").option(SMALL);
    let source = Server::start(config);
    source.prepare();
    source.allow_fakes();
    source
}

#[test]
fn replicas_that_come_and_go_leave_nothing_behind() {
    let names = Names::newest();
    let source = source(names);
    source.execute(&names.install_source());
    source.set_source("enabled", "1");
    nothing_is_left_behind(&source, |round| {
        let server_id = 100 + u32::try_from(round % 7).expect("a small number");
        let mut fake = FakeReplica::at_the_end(&source, server_id);
        source.wait_status("clients", "1");
        if round % 8 == 0 {
            source.insert_while(|| {
                fake.answer();
            });
        }
        match round % 3 {
            0 => fake.close(),
            1 => fake.reset(),
            _ => fake.quit().expect("the goodbye is sent"),
        }
        source.end_dumps();
    });
}

/// Between installing and uninstalling a replica comes, acknowledges and goes.
#[test]
fn installing_and_uninstalling_leaves_nothing_behind() {
    let names = Names::newest();
    let source = source(names);
    nothing_is_left_behind(&source, |round| {
        source.execute(&names.install_source());
        source.set_source("enabled", "1");
        source.execute(&names.install_replica());
        if round % 8 == 0 {
            let mut fake = FakeReplica::attach_to(&source, 100, Announce::Both, &source.newest())
                .expect("a fake attaches");
            source.wait_status("clients", "1");
            source.insert_while(|| {
                fake.answer();
            });
            fake.close();
            source.end_dumps();
        }
        source.uninstall(&names.source_plugin());
        source.uninstall(&names.replica_plugin());
    });
}
