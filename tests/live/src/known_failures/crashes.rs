//! Servers that ended. A crash is seen by the harness.

use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::{A_DAY_MS, Link, Load, PATIENCE, Server, eventually};

use super::seen::Seen;
use super::side::Side;

/// `select` knows no descriptor from 1024 on.
const MANY: usize = 1100;

pub fn many_descriptors(side: &Side) -> Seen {
    let pair = side
        .topology("60000")
        .source_option("max-connections=3000")
        .source_option("open-files-limit=10000")
        .source_option("connect-timeout=120")
        .start_unlinked();
    let address = (Ipv4Addr::LOCALHOST, pair.source.port());
    let connect = |_| TcpStream::connect(address).expect("a connection");
    // They never log in, so each costs the server a descriptor and a thread.
    let held: Vec<TcpStream> = (0..MANY).map(connect).collect();
    eventually(PATIENCE, "descriptors", || {
        crate::process::descriptors(pair.source.pid()) > MANY
    });
    pair.link(&Link::default());
    (0..5).for_each(|n| pair.source.insert(n));
    let confirmed = pair.source.counter("yes_tx");
    pair.source.assert_no_crash();
    drop(held);
    Seen::holds_if(confirmed == 5, format!("{confirmed} of 5"))
}

/// Nobody crashed, and writers saw no error.
fn after_load(servers: &[&Server], load: Load) -> Seen {
    let summary = load.finish();
    servers.iter().for_each(|server| server.assert_no_crash());
    match summary.errors.first() {
        Some(error) => Seen::Fails(format!("a writer failed: {error}")),
        None => Seen::Holds(format!("alive after {} commits", summary.committed)),
    }
}

pub fn on_and_off(side: &Side) -> Seen {
    let pair = side.pair("1000");
    let load = Load::start(&pair.source, 8);
    for _ in 0..40 {
        load.wait_progress(5);
        pair.source.set_source("enabled", "OFF");
        load.wait_progress(5);
        pair.source.set_source("enabled", "ON");
    }
    after_load(&[&pair.source, pair.replica()], load)
}

pub fn replica_stops(side: &Side) -> Seen {
    let pair = side.topology("1000").start_unlinked();
    // By GTID a replica that was stopped within a transaction comes back by itself.
    side.connect_by_gtid(&pair, Link::default());
    let load = Load::start(&pair.source, 4);
    for _ in 0..3 {
        load.wait_progress(20);
        pair.replica().stop();
        load.wait_progress(20);
        pair.replica().start_again();
        let _ = pair.replica().try_rows("START REPLICA");
        pair.source.wait_status("clients", "1");
    }
    after_load(&[&pair.source, pair.replica()], load)
}

pub fn disabled_from_the_start(side: &Side) -> Seen {
    let names = side.names();
    let pair = side
        .topology(A_DAY_MS)
        .source_option(&format!("{}=OFF", names.source_var("enabled")))
        .source_option(&format!("{}=OFF", names.wait_no_replica_var()))
        .start_unlinked();
    pair.replica()
        .replicate_from(&pair.source, &Link::default());
    come_and_go(side, &pair.source, pair.replica())
}

pub fn disabled_in_use(side: &Side) -> Seen {
    let off = format!("{}=OFF", side.names().wait_no_replica_var());
    let pair = side.topology(A_DAY_MS).source_option(&off).start();
    pair.source.insert(0);
    pair.source.set_source("enabled", "OFF");
    come_and_go(side, &pair.source, pair.replica())
}

fn come_and_go(side: &Side, source: &Server, replica: &Server) -> Seen {
    for n in 1..=3 {
        source.insert(n);
        side.wait_rows(source, replica);
        replica.execute("STOP REPLICA");
        source.insert(n);
        thread::sleep(Duration::from_millis(100));
        replica.execute("START REPLICA");
    }
    side.wait_rows(source, replica);
    source.assert_no_crash();
    replica.assert_no_crash();
    Seen::Holds("alive".to_owned())
}
