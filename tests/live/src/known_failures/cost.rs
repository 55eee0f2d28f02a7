//! What a commit costs, counted in what does not depend on the machine's mood.

use std::fs;

use crate::{A_DAY_MS, Load, wait_while_it_moves};

use super::seen::Seen;
use super::side::Side;

const CLIENTS: usize = 32;
/// So many that what the server's own threads sleep meanwhile does not count, on a slow machine
/// either.
const COMMITS: u64 = 5000;

/// Where each acknowledgement wakes all who wait, this is far above what one commit needs: to
/// write, to wait, and to be answered.
const PLENTY: f64 = 8.0;

pub fn wake_ups(side: &Side) -> Seen {
    let pair = side.pair(A_DAY_MS);
    if side.dialect().has_wait_point() {
        pair.source.set_source("wait_point", "'AFTER_COMMIT'");
    }
    let load = Load::start(&pair.source, CLIENTS);
    load.wait_progress(500);
    let (sleeps, commits) = (voluntary_switches(pair.source.pid()), load.committed());
    wait_while_it_moves("thousands of commits", || {
        let more = load.committed() - commits;
        if more >= COMMITS {
            Ok(())
        } else {
            Err(format!("{more} of {COMMITS}"))
        }
    });
    let (sleeps, commits) = (
        voluntary_switches(pair.source.pid()) - sleeps,
        load.committed() - commits,
    );
    load.finish_clean();
    #[allow(clippy::cast_precision_loss)] // some thousands
    let each = sleeps as f64 / commits as f64;
    Seen::holds_if(each < PLENTY, format!("{each:.1}"))
}

/// How often a thread of the process has gone to sleep by itself.
fn voluntary_switches(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let files = tasks.flatten().map(|task| task.path().join("status"));
    // A thread may end meanwhile.
    let texts = files.filter_map(|file| fs::read_to_string(file).ok());
    let of_text = |text: String| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|count| count.trim().parse::<u64>().ok())
    };
    texts.filter_map(of_text).sum()
}
