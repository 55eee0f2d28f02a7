//! The server's end.

use super::{binary_log, exports, plugin, session};
use semisync_interleaved::{thread, trace};
use std::time::Duration;

/// How long the server leaves sessions time, and then dumps (sql/mysqld.cc, `close_connections`).
const FOR_SESSIONS: Duration = Duration::from_secs(2);
const FOR_DUMPS: Duration = Duration::from_secs(8);

/// The server's shutdown, up to the plugins' end.
pub fn shut_down() {
    trace(format_args!("the server shuts down"));
    exports::begin_shutdown();
    let sessions = session::all();
    let (dumps, clients): (Vec<_>, Vec<_>) = sessions
        .into_iter()
        .partition(|session| session.is_semi_sync_dump);
    // Set_kill_conn: dumps go on for a while.
    for client in &clients {
        client.kill(false);
    }
    thread::sleep(FOR_SESSIONS);
    for client in &clients {
        client.close();
    }
    thread::sleep(FOR_DUMPS - FOR_SESSIONS);
    for dump in &dumps {
        dump.kill(true);
        binary_log::look_around();
    }
    session::join_all();
    plugin::shut_down();
}
