//! Servers of different makers and generations as source and replica: which pairs are semi-sync,
//! and where replication stops. MariaDB's semi-sync is the one built into the server. `ready` has
//! what a pair needs beside our libraries: these servers are ten years apart.

use std::fs;

use semisync_live_tests::dialect::Dialect;
use semisync_live_tests::{
    Libraries, Names, PATIENCE, Server, ServerConfig, eventually, needs, server_dir_of, wait_for,
};

const USER: &str = "'interop'@'127.0.0.1'";
/// Dumps that a slave may ask for while nine transactions reach it.
const A_HANDFUL: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    SemiSync,
    /// The pair replicates, and no commit waits.
    Asynchronous,
}

/// One end of a pair.
struct End {
    dialect: Dialect,
    names: Names,
}

impl End {
    /// `other`: the server at the other end, which may know the older names alone.
    fn source(series: &str, other: &Dialect) -> End {
        let dialect = Dialect::of(series);
        let of_server = dialect.stock_names();
        let names = match (Libraries::under_test(), knows_old_alone(other)) {
            (Libraries::Ours, true) => Names::Old,
            (_, true) => of_server[0],
            (_, false) => of_server[of_server.len() - 1],
        };
        End { dialect, names }
    }

    fn replica(series: &str) -> End {
        let dialect = Dialect::of(series);
        let of_server = dialect.stock_names();
        let names = of_server[of_server.len() - 1];
        End { dialect, names }
    }

    fn config(&self, server_id: u32) -> ServerConfig {
        let series = self.dialect.series();
        ServerConfig::new(server_id, self.names)
            .series(series)
            // A character set that every one of them knows. The newer servers' own would stop the
            // older ones.
            .option("character-set-server=utf8mb4")
            .option("collation-server=utf8mb4_general_ci")
    }
}

fn knows_old_alone(dialect: &Dialect) -> bool {
    dialect.stock_names() == [Names::Old]
}

fn knows_new_alone(dialect: &Dialect) -> bool {
    dialect.stock_names() == [Names::New]
}

/// Our plugins find each other, and MariaDB, whatever the generations. Stock's of 9.x ask for the
/// newer names alone.
fn expected(source: &Dialect, replica: &Dialect) -> Outcome {
    let apart = knows_new_alone(source) && knows_old_alone(replica)
        || knows_old_alone(source) && knows_new_alone(replica);
    match Libraries::under_test() {
        Libraries::Stock if apart => Outcome::Asynchronous,
        _ => Outcome::SemiSync,
    }
}

/// Both servers with semi-sync enabled, and with what the pair needs beside it.
#[track_caller]
fn ready(source: &End, replica: &End) -> (Server, Server) {
    let (of_source, of_replica) = (&source.dialect, &replica.dialect);
    let mut configs = [
        source.config(1).label("source"),
        replica.config(2).label("replica"),
    ];
    for (config, end) in configs.iter_mut().zip([source, replica]) {
        let is_source = std::ptr::eq(end, source);
        let with = config.clone();
        *config = match (end.dialect.is_mariadb(), is_source) {
            (true, true) => with
                .libraries(Libraries::None)
                .option("rpl_semi_sync_master_enabled=1"),
            (true, false) => with
                .libraries(Libraries::None)
                .option("rpl_semi_sync_slave_enabled=1"),
            (false, true) => with.as_source(),
            (false, false) => with.as_replica(),
        };
        if !end.dialect.is_mariadb() && (of_source.is_mariadb() || of_replica.is_mariadb()) {
            // Their GTIDs have nothing in common.
            *config = config
                .clone()
                .option("gtid-mode=OFF")
                .option("enforce-gtid-consistency=OFF");
        }
    }
    if of_source.is_mariadb() {
        // From 11.x on MariaDB's sessions have a collation that MySQL does not know. MySQL then
        // passes over the statements in silence.
        configs[0] = configs[0]
            .clone()
            .option("loose-character-set-collations=utf8mb4=utf8mb4_general_ci");
    }
    if of_source.is_mariadb() && !of_replica.reads_first_row_events() {
        // MariaDB writes row events in their first version.
        configs[0] = configs[0].clone().option("binlog-format=STATEMENT");
    } else if of_source.is_mariadb() && !knows_old_alone(of_replica) {
        // What MySQL sends to ask for newer heartbeats asks MariaDB for these events, which MySQL
        // does not know.
        configs[0] = configs[0].clone().option("binlog-annotate-row-events=OFF");
    }
    let mut servers = Server::start_all(configs.to_vec());
    servers.iter().for_each(Server::prepare);
    let replica = servers.pop().expect("two servers");
    let source = servers.pop().expect("two servers");
    give_account(&source, &replica);
    (source, replica)
}

/// An account that the source can make and the replica can use, and the client's part of its
/// authentication: a server looks for that in its plugin directory, where the packages put it
/// (MariaDB's is in another package).
fn give_account(source: &Server, replica: &Server) {
    let (of_source, of_replica) = (source.dialect(), replica.dialect());
    let (how, file) = if of_source.has_native_passwords() {
        ("mysql_native_password", "stock/mysql_native_password.so")
    } else if of_replica.is_mariadb() {
        let file = "root/usr/lib/x86_64-linux-gnu/libmariadb3/plugin/caching_sha2_password.so";
        ("caching_sha2_password", file)
    } else {
        // The oldest method that 8.4 and later have is the newest of 5.6. Without a TLS version in
        // common it works only without a password.
        ("sha256_password", "")
    };
    let file = server_dir_of(of_replica.series()).join(file);
    if file.is_file() {
        let name = file.file_name().expect("a file has a name");
        fs::copy(&file, replica.plugin_dir().join(name))
            .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }
    source.execute("SET sql_log_bin = 0");
    source.execute(&match of_source.is_mariadb() {
        true => format!("CREATE USER {USER}"),
        false => format!("CREATE USER {USER} IDENTIFIED WITH {how}"),
    });
    source.execute(&format!(
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {USER}"
    ));
    source.execute("SET sql_log_bin = 1");
}

/// Links them, by GTID where both have MySQL's GTIDs, and waits until the replica receives.
#[track_caller]
fn link(source: &Server, replica: &Server) {
    let from = match source.has_gtids() && replica.has_gtids() {
        true => "SOURCE_AUTO_POSITION=1".to_owned(),
        false => format!(
            "SOURCE_LOG_FILE='{}', SOURCE_LOG_POS=4",
            source.value("SHOW BINARY LOGS")
        ),
    };
    replica.execute(&format!(
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={}, \
         SOURCE_USER='interop', SOURCE_CONNECT_RETRY=1, SOURCE_SSL=0, {from}",
        source.port()
    ));
    replica.execute("START REPLICA");
    wait_for(PATIENCE, "a receiver that runs", || {
        let columns = replica.replica_columns().expect("a replica");
        match columns["Replica_IO_Running"].as_str() {
            "Yes" if source.dumps().len() == 1 => Ok(()),
            _ => Err(format!(
                "{}: {}",
                columns["Last_IO_Errno"], columns["Last_IO_Error"]
            )),
        }
    });
}

/// Inserts, makes a table, updates. Each statement is one transaction. Returns how many there were.
fn write(source: &Server, n: i64) -> u64 {
    source.insert(n);
    source.execute(&format!(
        "CREATE TABLE app.other{n} (a INT PRIMARY KEY, b VARCHAR(20)) ENGINE=InnoDB"
    ));
    source.execute(&format!(
        "INSERT INTO app.other{n} VALUES (1, 'one'), (2, 'two')"
    ));
    source.execute(&format!(
        "UPDATE app.other{n} SET b = 'changed' WHERE a = 2"
    ));
    4
}

/// The replica has what `write` wrote.
#[track_caller]
fn assert_written(replica: &Server, n: i64) {
    let sql = format!("SELECT b FROM app.other{n} WHERE a = 2");
    wait_for(PATIENCE, "the rows on the replica", || {
        match (replica.count_rows(Some(n)), replica.try_rows(&sql)) {
            (1, Ok(rows)) if rows == [["changed"]] => Ok(()),
            seen => {
                let columns = replica.replica_columns().expect("a replica");
                Err(format!(
                    "{seen:?}, {}: {}",
                    columns["Last_SQL_Errno"], columns["Last_SQL_Error"]
                ))
            }
        }
    });
}

/// Both ends say ON and each commit is acknowledged. Without the replica the source falls back;
/// with the replica semi-sync comes back.
#[track_caller]
fn assert_semi_sync(source: &Server, replica: &Server) {
    source.wait_status("clients", "1");
    source.wait_status("status", "ON");
    replica.wait_replica_status("ON");
    let written = write(source, 1);
    assert_eq!(
        (source.counter("yes_tx"), source.counter("no_tx")),
        (written, 0)
    );
    assert_written(replica, 1);

    replica.execute("STOP REPLICA");
    source.set_source("timeout", "300");
    source.insert(2);
    assert_eq!(
        (source.status("status"), source.counter("no_tx")),
        ("OFF".to_owned(), 1)
    );
    source.set_source("timeout", "60000");
    replica.execute("START REPLICA");
    source.wait_status("status", "ON");
    let before = source.counter("yes_tx");
    let written = write(source, 3);
    assert_eq!(
        (source.counter("yes_tx"), source.counter("no_tx")),
        (before + written, 1)
    );
    assert_written(replica, 3);
}

/// The pair replicates. Neither end is semi-sync, and a commit waits out the timeout once.
#[track_caller]
fn assert_asynchronous(source: &Server, replica: &Server) {
    source.set_source("timeout", "300");
    write(source, 1);
    assert_written(replica, 1);
    assert_eq!(
        (source.status("clients"), source.counter("yes_tx")),
        ("0".to_owned(), 0)
    );
    assert_eq!(replica.replica_status(), "OFF");
}

fn pair(source: &str, replica: &str) {
    let stock = Libraries::under_test() == Libraries::Stock;
    for series in [source, replica] {
        let dialect = Dialect::of(series);
        let has_own = dialect.is_mariadb() || !stock || dialect.has_stock();
        needs!(
            has_own,
            &format!("there are no plugins of stock's for {series}")
        );
    }
    let (source, replica) = (
        End::source(source, &Dialect::of(replica)),
        End::replica(replica),
    );
    let outcome = expected(&source.dialect, &replica.dialect);
    let (source, replica) = ready(&source, &replica);
    link(&source, &replica);
    match outcome {
        Outcome::SemiSync => assert_semi_sync(&source, &replica),
        Outcome::Asynchronous => assert_asynchronous(&source, &replica),
    }
}

macro_rules! pairs {
    ($($from:ident($source:literal): $($to:ident($replica:literal)),*;)*) => {
        $(mod $from {
            $(#[test]
            fn $to() {
                super::pair($source, $replica);
            })*
        })*
    };
}

pairs! {
    from_mysql_5_6("5.6"):
        to_mysql_9_7("9.7"),
        to_mariadb_10_11("mariadb-10.11"),
        to_mariadb_11_8("mariadb-11.8");
    from_mysql_9_7("9.7"):
        to_mysql_5_6("5.6"),
        to_mariadb_10_11("mariadb-10.11"),
        to_mariadb_11_8("mariadb-11.8");
    from_mariadb_10_11("mariadb-10.11"):
        to_mysql_5_6("5.6"),
        to_mysql_9_7("9.7");
    from_mariadb_11_8("mariadb-11.8"):
        to_mysql_5_6("5.6"),
        to_mysql_9_7("9.7");
}

/// A replica that announces itself by the older name may be one that loses a compressed connection
/// by acknowledging.
fn compressed_pair(source: &str, replica: &str) {
    needs!(Libraries::are_ours(), "this is about ours");
    let source = End::source(source, &Dialect::of(replica));
    let (source, replica) = ready(&source, &End::replica(replica));
    replica.execute("SET GLOBAL slave_compressed_protocol = ON");
    link(&source, &replica);
    let mark = source.log_mark();
    assert_semi_sync(&source, &replica);
    let log = source.log_since(mark);
    let starts = |line: &&str| line.contains("Start semi-sync binlog_dump");
    let dumps = log.lines().filter(starts).count();
    println!("{source} to {replica}: {dumps} dumps");
    assert!(dumps <= A_HANDFUL, "{dumps} dumps");
}

#[test]
fn mariadb_slaves_of_mysql_5_6_get_on_over_compression() {
    compressed_pair("5.6", "mariadb-10.11");
    compressed_pair("5.6", "mariadb-11.8");
}

#[test]
fn mariadb_slaves_of_mysql_9_7_get_on_over_compression() {
    compressed_pair("9.7", "mariadb-10.11");
    compressed_pair("9.7", "mariadb-11.8");
}

/// For series that are tried by hand: `MYSQL_SERIES=8.0`, with all these servers in one directory.
#[test]
fn another_series_with_each_of_them() {
    let here = Dialect::of_run();
    let here = here.series();
    let others = ["5.6", "9.7", "mariadb-10.11", "mariadb-11.8"];
    needs!(!others.contains(&here), "its pairs are tests of their own");
    let mut failed = Vec::new();
    for (source, replica) in others
        .iter()
        .flat_map(|other| [(here, *other), (*other, here)])
    {
        if std::panic::catch_unwind(|| pair(source, replica)).is_err() {
            failed.push(format!("{source} to {replica}"));
        }
    }
    assert_eq!(failed, Vec::<String>::new(), "not as expected");
}

/// A MariaDB replica asks for the older name of the variable. A source with the newer plugin alone
/// does not have that variable, and replicates asynchronously. With the older name, which ours have
/// in every series, the pair is semi-sync (see `from_mysql_9_7`).
#[test]
fn mariadb_replicas_want_the_older_names_at_the_source() {
    let source = End {
        dialect: Dialect::of("9.7"),
        names: Names::New,
    };
    let (source, replica) = ready(&source, &End::replica("mariadb-10.11"));
    link(&source, &replica);
    assert_asynchronous(&source, &replica);
}

/// The event is received and acknowledged, yet never applied: semi-sync promises the relay log
/// alone.
#[test]
fn mysql_9_does_not_apply_row_events_of_mariadb() {
    let here = Dialect::of("9.7");
    needs!(Libraries::are_ours(), "they do not find each other");
    let source = End::source("mariadb-10.11", &here);
    let (source, replica) = ready(&source, &End::replica(here.series()));
    link(&source, &replica);
    source.wait_status("clients", "1");
    // On a connection of its own: the format is a setting of the session.
    let mut conn = source.conn();
    for sql in [
        "SET SESSION binlog_format = ROW",
        "INSERT INTO app.t (n) VALUES (1)",
    ] {
        semisync_live_tests::sql::rows_of(&mut conn, sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    assert_eq!((source.counter("yes_tx"), source.counter("no_tx")), (1, 0));
    eventually(PATIENCE, "the applier stops with error 13121", || {
        replica.replica_columns().expect("a replica")["Last_SQL_Errno"] == "13121"
    });
    assert_eq!(replica.receiver().0, "Yes");
    assert_eq!(replica.count_rows(None), 0);
}
