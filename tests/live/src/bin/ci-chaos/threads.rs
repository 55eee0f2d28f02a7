//! Threads of a server that take a minute to end when they are asked, and end at once when they are
//! killed.

use semisync_live_tests::{PATIENCE, Server, wait_for};

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

fn kill_all(server: &Server, condition: &str) -> usize {
    let ids = matching(server, condition).unwrap_or_else(|e| panic!("{server}: {condition}: {e}"));
    for id in &ids {
        let killed = server.try_rows(&format!("KILL {id}"));
        let list = server.dialect().processlist();
        wait_for(PATIENCE, &format!("the end of thread {id}, {killed:?}"), || {
            match server.rows(&format!("SELECT * FROM {list} WHERE ID = {id}")) {
                left if left.is_empty() => Ok(()),
                left => Err(format!("{left:?}")),
            }
        });
    }
    ids.len()
}

/// A receiver that found its disk full looks again after a minute (`wait_for_free_space()` in
/// mysys/errors.cc), and STOP REPLICA waits for that.
pub fn wake_receiver(server: &Server) {
    if kill_all(server, "STATE LIKE 'Waiting for disk space%'") > 0 {
        server.execute("START REPLICA IO_THREAD");
    }
}

/// Stops an applier that has applied all. It would wait a minute for the rest of a transaction of
/// which a part has come (`sql_slave_killed()` in sql/rpl_replica.cc).
pub fn stop_applier(server: &Server) {
    kill_all(server, "STATE LIKE '% has read all relay log%'");
    server.execute("STOP REPLICA");
}
