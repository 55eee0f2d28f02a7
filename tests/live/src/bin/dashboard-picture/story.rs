//! What happens to the servers while Prometheus looks on: a source with three replicas, two of
//! which must have a commit.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use semisync_live_tests::load::Load;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::prometheus::{Exporter, Prometheus};
use semisync_live_tests::{Names, Topology, repository};

/// How long each scene lasts.
const SCENE: Duration = Duration::from_secs(20);

/// Plays it. Returns a Prometheus that has seen it, and when it began and ended, in seconds since
/// the epoch.
pub fn play() -> (Prometheus, [f64; 2]) {
    let pair = Topology::new(Names::New)
        .replicas(3)
        .wait_count(2)
        .set("timeout", "12000")
        .source_option("semisync_source_replica_rows=ON")
        .start();
    let guide = repository().join("monitoring/README.md");
    let servers = || std::iter::once(&pair.source).chain(&pair.replicas);
    let exporters: Vec<Exporter> = servers()
        .map(|server| Exporter::start(server, &guide))
        .collect();
    let names = ["db1", "db2", "db3", "db4"];
    let instances: Vec<_> = names.into_iter().zip(&exporters).collect();
    let example = repository().join("monitoring/prometheus.yml");
    let prometheus = Prometheus::start(&example, &instances);
    let insert = |_| format!("INSERT INTO {TABLE} (n, body) VALUES (1, REPEAT('x', 2000))");
    let load = Load::paced(&pair.source, 6, Duration::from_millis(15), insert);
    let [db2, db3, _] = &pair.replicas[..] else {
        panic!("three replicas")
    };
    // The first averages are there when the picture begins.
    thread::sleep(SCENE);
    let start = now();
    println!("   all is well");
    thread::sleep(SCENE);
    println!("   db2 stands still: two others are enough");
    db2.freeze();
    thread::sleep(SCENE);
    println!("   db3 stands still too: commits wait, then semi-sync is OFF");
    db3.freeze();
    thread::sleep(SCENE);
    println!("   both are back");
    db2.thaw();
    db3.thaw();
    thread::sleep(SCENE);
    println!("   db2 leaves");
    db2.execute("STOP REPLICA IO_THREAD");
    thread::sleep(SCENE);
    let end = now();
    load.finish_clean();
    (prometheus, [start, end])
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is right").as_secs_f64().floor()
}
