//! After the source's end: the replicas apply what they have, and the most advanced one is chosen.

use semisync_live_tests::{PATIENCE, Server, wait_for, wait_while_it_moves};

/// All transactions that a replica has received or executed, in the server's spelling.
pub fn held(server: &Server) -> String {
    let received = received(server);
    server
        .value(&format!(
            "SELECT GTID_SUBTRACT(CONCAT_WS(',', NULLIF('{received}', ''), \
             NULLIF(@@global.gtid_executed, '')), '')"
        ))
        .replace('\n', "")
}

fn received(server: &Server) -> String {
    let columns = server.replica_columns().unwrap_or_default();
    let received = columns.get("Retrieved_Gtid_Set").cloned();
    received.unwrap_or_default().replace('\n', "")
}

/// Waits until the replica, whose receiver is stopped, has applied all that it has received.
pub fn wait_applied(server: &Server) {
    if !server.dialect().has_received_set() {
        // There the received ones include one of which only a part has come.
        let idle = "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                    WHERE STATE LIKE 'Slave has read all relay log%'";
        wait_for(
            PATIENCE,
            &format!("all applied on {server}"),
            || match server.value(idle).as_str() {
                "1" => Ok(()),
                other => Err(other.to_owned()),
            },
        );
        return;
    }
    let received = received(server);
    wait_while_it_moves(&format!("{received} applied on {server}"), || {
        let sql = format!("SELECT GTID_SUBSET('{received}', @@global.gtid_executed)");
        match server.value(&sql).as_str() {
            "1" => Ok(()),
            _ => {
                let columns = server.replica_columns().unwrap_or_default();
                let error = columns.get("Last_SQL_Error").cloned();
                Err(format!(
                    "{} {}",
                    server.variable("gtid_executed"),
                    error.unwrap_or_default()
                ))
            }
        }
    });
}

/// How many transactions a set of GTIDs has.
pub fn count(set: &str) -> u64 {
    set.split(',').map(of_one_server).sum()
}

/// `UUID[:tag]:1-5:7`
fn of_one_server(text: &str) -> u64 {
    let intervals = text.trim().split(':').skip(1);
    let length = |interval: &str| -> Option<u64> {
        let (first, last) = interval.split_once('-').unwrap_or((interval, interval));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some(last + 1 - first)
    };
    intervals.filter_map(length).sum()
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn a_set_has_as_many_transactions_as_its_intervals_say() {
        let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        assert_eq!(count(""), 0);
        assert_eq!(count(&format!("{uuid}:1-5:7")), 6);
        assert_eq!(count(&format!("{uuid}:3, {uuid}:1-10")), 11);
    }
}
