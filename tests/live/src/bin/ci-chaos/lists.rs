//! Lists by key, to which transactions append: the workload of Jepsen's question.

use mysql::prelude::Queryable;
use semisync_live_tests::Server;

pub const TABLE: &str = "app.lists";

/// Makes the table, outside the binary log.
pub fn prepare(server: &Server) {
    let mut conn = server.conn();
    for sql in [
        "SET sql_log_bin = 0".to_owned(),
        format!("CREATE TABLE {TABLE} (k INT PRIMARY KEY, v LONGTEXT NOT NULL)"),
    ] {
        conn.query_drop(&sql)
            .unwrap_or_else(|e| panic!("{server}: {sql}: {e}"));
    }
}
