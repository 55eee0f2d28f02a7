//! Measures whether a commit whose acknowledgement got lost goes on once its replica is back, for
//! stock's plugins and ours at either end. (The suite `healing` claims it where our source is one
//! end.)
//!
//! `cargo run -p semisync-live-tests --bin lost-acknowledgement`, after `ci/setup` and `ci/build`.

use std::time::{Duration, Instant};

use semisync_live_tests::healing::Healing;
use semisync_live_tests::proxy::Cut;
use semisync_live_tests::{A_DAY_MS, Dialect, Libraries, Link, Names, PATIENCE, Topology};

/// A commit that has not gone on by then waits for its timeout.
const WATCHED: Duration = Duration::from_secs(5);
const ENDS: [(&str, Libraries); 2] = [("stock's", Libraries::Stock), ("ours", Libraries::Ours)];

fn measure(source: &Libraries, replica: &Libraries, link: Link) -> String {
    let builder = Topology::new(Names::of_stock())
        .source_libraries(source.clone())
        .replica_libraries(replica.clone())
        .set("timeout", A_DAY_MS);
    let healing = Healing::of(builder);
    healing.link(link);
    let commit = healing.lose(1);
    healing.reconnect(Cut::Fin);
    let begin = Instant::now();
    let verdict = match commit.is_over_within(WATCHED) {
        true => format!(
            "goes on after {:.1} ms",
            begin.elapsed().as_secs_f64() * 1e3
        ),
        false => format!("still waits after {WATCHED:?}"),
    };
    healing.pair.source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
    verdict
}

fn main() {
    let series = Dialect::of_run();
    if !series.has_stock() {
        eprintln!(
            "lost-acknowledgement: there are no plugins of stock's for {}",
            series.series()
        );
        std::process::exit(1);
    }
    println!("source   replica  connects by        the commit");
    for (source, of_source) in &ENDS {
        for (replica, of_replica) in &ENDS {
            for (how, link) in [
                ("file and position", Link::default().by_file_position()),
                ("auto-position", Link::default()),
            ] {
                let seen = measure(of_source, of_replica, link);
                println!("{source:<8} {replica:<8} {how:<18} {seen}");
            }
        }
    }
}
