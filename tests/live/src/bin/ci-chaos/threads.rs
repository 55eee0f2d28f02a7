//! Threads of a server that take a minute to end when they are asked, and end at once when they are
//! killed.

use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::{PATIENCE, Server, eventually};

/// So long an applier may take from its last transaction to the state that says so.
const SETTLING: Duration = Duration::from_secs(1);

/// The numbers of the threads for which a condition on the process list holds.
fn matching(server: &Server, condition: &str) -> mysql::Result<Vec<String>> {
    let list = server.dialect().processlist();
    let rows = server.try_rows(&format!("SELECT ID FROM {list} WHERE {condition}"))?;
    Ok(rows.into_iter().map(|mut row| row.swap_remove(0)).collect())
}

/// Kills the first of such threads, if the server can be asked and there is one. Returns its number.
pub fn kill_one(server: &Server, condition: &str) -> Option<String> {
    let id = matching(server, condition).ok()?.into_iter().next()?;
    // It may have ended by itself.
    let _ = server.try_rows(&format!("KILL {id}"));
    Some(id)
}

/// A receiver that found its disk full looks again after a minute (`wait_for_free_space()` in
/// mysys/errors.cc), and STOP REPLICA waits for that. After a KILL the server may abort itself. So
/// its process is killed.
pub fn wake_receiver(server: &Server) {
    let waiting = matching(server, "STATE LIKE 'Waiting for disk space%'");
    if !waiting.is_ok_and(|waiting| waiting.is_empty()) {
        server.kill9();
        server.start_again();
    }
}

/// Stops an applier that has applied all. It would wait a minute for the rest of a transaction of
/// which a part has come (`sql_slave_killed()` in sql/rpl_replica.cc). One that was killed does not
/// wait, if it has seen the KILL before the STOP.
pub fn stop_applier(server: &Server) {
    let begun = Instant::now();
    let is_there = |condition: &str| matching(server, condition).is_ok_and(|ids| !ids.is_empty());
    let idle = "STATE LIKE '% has read all relay log%'";
    while is_there("USER = 'system user'") && !is_there(idle) && begun.elapsed() < SETTLING {
        sleep(Duration::from_millis(10));
    }
    if let Some(killed) = kill_one(server, idle) {
        eventually(PATIENCE, "an applier that was killed ends", || {
            !is_there(&format!("ID = {killed}"))
        });
    }
    server.execute("STOP REPLICA");
}
