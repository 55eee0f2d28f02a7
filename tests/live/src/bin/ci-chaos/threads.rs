//! Threads of a server that take a minute to end when they are asked, and end at once when they are
//! killed.

use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::Server;

/// The numbers of the threads for which a condition on the process list holds.
fn matching(server: &Server, condition: &str) -> mysql::Result<Vec<String>> {
    let list = server.dialect().processlist();
    let rows = server.try_rows(&format!("SELECT ID FROM {list} WHERE {condition}"))?;
    Ok(rows.into_iter().map(|mut row| row.swap_remove(0)).collect())
}

/// Kills the first of such threads, if the server can be asked and there is one.
pub fn kill_one(server: &Server, condition: &str) {
    for id in matching(server, condition).iter().flatten().take(1) {
        // It may have ended by itself.
        let _ = server.try_rows(&format!("KILL {id}"));
    }
}

/// How long a thread that was killed may take to end.
const DYING: Duration = Duration::from_secs(4);

/// Kills all such threads. Whether there were any, and whether they ended soon.
fn kill_all(server: &Server, condition: &str) -> (bool, bool) {
    let ids = matching(server, condition).unwrap_or_else(|e| panic!("{server}: {condition}: {e}"));
    let begun = Instant::now();
    let mut ended = true;
    for id in &ids {
        let _ = server.try_rows(&format!("KILL {id}"));
        let is_there =
            || matching(server, &format!("ID = {id}")).is_ok_and(|left| !left.is_empty());
        while ended && is_there() {
            ended = begun.elapsed() < DYING;
            sleep(Duration::from_millis(10));
        }
    }
    (!ids.is_empty(), ended)
}

/// A receiver that found its disk full looks again after a minute (`wait_for_free_space()` in
/// mysys/errors.cc), and STOP REPLICA waits for that. If a KILL does not help, the server starts
/// anew.
pub fn wake_receiver(server: &Server) {
    match kill_all(server, "STATE LIKE 'Waiting for disk space%'") {
        (false, _) => {}
        (true, true) => server.execute("START REPLICA IO_THREAD"),
        (true, false) => {
            server.kill9();
            server.start_again();
        }
    }
}

/// Stops an applier that has applied all. It would wait a minute for the rest of a transaction of
/// which a part has come (`sql_slave_killed()` in sql/rpl_replica.cc).
pub fn stop_applier(server: &Server) {
    kill_all(server, "STATE LIKE '% has read all relay log%'");
    server.execute("STOP REPLICA");
}
