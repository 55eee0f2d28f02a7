//! What operators see in `performance_schema`: who has what, who waits for whom, and how long.
//!
//! Times are never compared with a clock of the test's: a loaded machine takes its time.

use std::collections::BTreeMap;
use std::time::Duration;

use semisync_live_tests::fake_replica::{Announce, FakeReplica, Place, Start};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::tables::{CHANNELS, HISTOGRAM, NO_TABLES, OF_SOURCE, REPLICAS, WAITS};
use semisync_live_tests::{
    A_DAY_MS, Dialect, Names, PATIENCE, Server, ServerConfig, Topology, eventually, needs,
};

/// `ER_NO_SUCH_TABLE`
const NO_SUCH_TABLE: u16 = 1146;

/// The columns: name, type, and whether NULL may be in it.
type Columns = &'static [(&'static str, &'static str, bool)];

const NUMBER: &str = "bigint unsigned";
const FILE: &str = "varchar(512)";
const MOMENT: &str = "timestamp(6)";

const COLUMNS_OF_REPLICAS: Columns = &[
    ("SERVER_ID", NUMBER, false),
    ("SERVER_UUID", "varchar(36)", true),
    ("NAME", "varchar(64)", true),
    ("ZONE", "varchar(64)", true),
    ("HOST", "varchar(255)", true),
    ("PROCESSLIST_ID", NUMBER, true),
    ("STATE", "enum('CATCHUP','STREAMING','GONE')", false),
    (
        "SYNC_STATE",
        "enum('ASYNC','POTENTIAL','SYNC','QUORUM')",
        false,
    ),
    ("COUNTED", "enum('YES','NO')", false),
    ("NOT_COUNTED_REASON", "varchar(256)", true),
    ("ACK_LEVEL", "enum('RECEIVED','SYNCED')", false),
    ("SENT_LOG_FILE", FILE, true),
    ("SENT_LOG_POS", NUMBER, true),
    ("ACKED_LOG_FILE", FILE, true),
    ("ACKED_LOG_POS", NUMBER, true),
    ("LAG_BYTES", NUMBER, true),
    ("LAG_MICROSECONDS", NUMBER, true),
    ("LAST_ACK", MOMENT, true),
    ("ACK_MICROSECONDS_P50", NUMBER, true),
    ("ACK_MICROSECONDS_P99", NUMBER, true),
    ("ACK_MICROSECONDS_MAX", NUMBER, true),
    ("ACKS", NUMBER, false),
    ("ACKS_REFUSED", NUMBER, false),
    ("CONNECTED_SINCE", MOMENT, true),
];

const COLUMNS_OF_WAITS: Columns = &[
    ("PROCESSLIST_ID", NUMBER, false),
    ("LOG_FILE", FILE, true),
    ("LOG_POS", NUMBER, true),
    ("WAITING_MICROSECONDS", NUMBER, false),
    ("ACKNOWLEDGED_BY", NUMBER, false),
    ("NEEDED", NUMBER, false),
    ("MISSING", "varchar(256)", false),
];

const COLUMNS_OF_HISTOGRAM: Columns = &[
    ("OUTCOME", "enum('ACKNOWLEDGED','UNCONFIRMED')", false),
    ("BUCKET_NUMBER", NUMBER, false),
    ("BUCKET_TIMER_LOW", NUMBER, false),
    ("BUCKET_TIMER_HIGH", NUMBER, false),
    ("COUNT_BUCKET", NUMBER, false),
    ("COUNT_BUCKET_AND_LOWER", NUMBER, false),
    ("BUCKET_QUANTILE", "double(7,6)", false),
];

const COLUMNS_OF_CHANNELS: Columns = &[
    ("CHANNEL_NAME", "varchar(64)", false),
    ("SEMI_SYNC", "enum('ON','OFF','REFUSED BY SOURCE')", false),
    ("SOURCE_UUID", "varchar(36)", true),
    ("LAST_ACK", MOMENT, true),
    ("LAST_ACK_LOG_FILE", FILE, true),
    ("LAST_ACK_LOG_POS", NUMBER, true),
    ("ACKS", NUMBER, false),
    ("ACK_LEVEL", "enum('RECEIVED','SYNCED')", false),
    ("WAS_ACKER", "enum('YES','NO')", false),
];

fn assert_columns(server: &Server, table: &str, promised: Columns) {
    let name = table.rsplit('.').next().expect("a name");
    let rows = server.rows(&format!(
        "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME = '{name}' \
         ORDER BY ORDINAL_POSITION"
    ));
    let promised: Vec<Vec<String>> = promised
        .iter()
        .map(|(name, kind, nullable)| {
            let nullable = if *nullable { "YES" } else { "NO" };
            [*name, *kind, nullable].map(str::to_owned).to_vec()
        })
        .collect();
    assert_eq!(rows, promised, "{table}");
}

/// The row of one replica by the names of its columns; None: there is none.
fn try_replica(source: &Server, server_id: u32) -> Option<BTreeMap<&'static str, String>> {
    let sql = format!("SELECT * FROM {REPLICAS} WHERE SERVER_ID = {server_id}");
    let mut rows = source.rows(&sql);
    assert!(rows.len() < 2, "{rows:?}");
    let names = COLUMNS_OF_REPLICAS.iter().map(|(name, ..)| *name);
    Some(names.zip(rows.pop()?).collect())
}

fn replica(source: &Server, server_id: u32) -> BTreeMap<&'static str, String> {
    try_replica(source, server_id).unwrap_or_else(|| panic!("no row of {server_id}"))
}

/// Waits until a column of the replica's row has the value; the row.
#[track_caller]
fn wait_replica(
    source: &Server,
    server_id: u32,
    column: &str,
    value: &str,
) -> BTreeMap<&'static str, String> {
    let mut seen = None;
    let what = format!("{column} of {server_id} is {value}");
    eventually(PATIENCE, &what, || {
        seen = try_replica(source, server_id);
        seen.as_ref().is_some_and(|row| row[column] == value)
    });
    seen.expect("a row")
}

fn number(row: &BTreeMap<&str, String>, column: &str) -> u64 {
    let value = &row[column];
    value
        .parse()
        .unwrap_or_else(|_| panic!("{column} is {value}"))
}

fn acked(row: &BTreeMap<&str, String>) -> Place {
    Place {
        file: row["ACKED_LOG_FILE"].clone(),
        position: number(row, "ACKED_LOG_POS"),
    }
}

fn source_of_fakes(timeout_ms: &str) -> Server {
    let source = Server::lone_source(Names::newest(), timeout_ms);
    source.insert_unconfirmed();
    source
}

#[test]
fn the_tables_have_the_columns_that_are_promised() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    for names in Names::available() {
        let config = ServerConfig::new(1, *names).as_source().as_replica();
        let source = Server::start(config);
        assert_columns(&source, CHANNELS, COLUMNS_OF_CHANNELS);
        assert_columns(&source, REPLICAS, COLUMNS_OF_REPLICAS);
        assert_columns(&source, WAITS, COLUMNS_OF_WAITS);
        assert_columns(&source, HISTOGRAM, COLUMNS_OF_HISTOGRAM);
        source.stop();
    }
}

#[test]
fn the_tables_come_and_go_with_the_plugin() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    for names in Names::available() {
        let server = Server::start(ServerConfig::new(1, *names));
        let count = || {
            server.value(
                "SELECT COUNT(*) FROM information_schema.TABLES \
                 WHERE TABLE_NAME LIKE 'replication\\_semisync\\_%'",
            )
        };
        let log = server.binlog_position();
        for _ in 0..3 {
            assert_eq!(count(), "0");
            server.execute(&names.install_source());
            assert_eq!(count(), "3");
            for table in OF_SOURCE {
                assert_eq!(server.value(&format!("SELECT COUNT(*) FROM {table}")), "0");
            }
            server.uninstall(&names.source_plugin());
        }
        assert_eq!(server.binlog_position(), log, "nothing of it is replicated");
        for table in OF_SOURCE {
            let (code, _) = server.error(&format!("SELECT * FROM {table}"));
            assert_eq!(code, NO_SUCH_TABLE, "{table}");
        }
        // After a crash the data dictionary still has them. They are made again.
        server.execute(&names.install_source());
        server.kill9();
        server.start_again();
        assert_eq!(count(), "3");
        for table in OF_SOURCE {
            assert_eq!(server.value(&format!("SELECT COUNT(*) FROM {table}")), "0");
        }
        server.stop();
    }
}

/// As every table of performance_schema then.
#[test]
fn without_performance_schema_the_tables_are_empty() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let config = ServerConfig::new(1, Names::newest()).as_source();
    let server = Server::start(config.option("performance-schema=OFF"));
    for table in OF_SOURCE {
        assert_eq!(server.value(&format!("SELECT COUNT(*) FROM {table}")), "0");
    }
    let log = server.log();
    assert!(!log.contains("replication_semisync_"), "{log}");
    server.stop();
}

/// The data dictionary cannot be changed then.
#[test]
fn tables_that_cannot_be_made_are_one_warning() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let names = Names::newest();
    let server = Server::start(ServerConfig::new(1, names));
    server.stop();
    server.reconfigure(|config| config.as_source().option("innodb-read-only=ON"));
    server.start_again();
    assert!(server.has_plugin(&names.source_plugin()));
    let log = server.log();
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("replication_semisync_"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains("[Warning]"),
        "{lines:#?}"
    );
    server.stop();
}

#[test]
fn a_replica_is_streaming_and_then_gone_and_then_back() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let pair = Topology::new(Names::newest()).start();
    let (source, server) = (&pair.source, pair.replica());
    for n in 0..5 {
        source.insert(n);
    }
    // A commit goes on before everything is noted.
    eventually(PATIENCE, "five acknowledgements", || {
        number(&replica(source, 2), "ACKS") >= 5
    });
    let row = wait_replica(source, 2, "STATE", "STREAMING");
    let newest = source.newest_place();
    assert_eq!(acked(&row), newest);
    assert_eq!(row["SENT_LOG_FILE"], newest.file);
    assert_eq!(number(&row, "SENT_LOG_POS"), newest.position);
    assert_eq!(row["HOST"], "127.0.0.1");
    assert_eq!(row["SYNC_STATE"], "QUORUM");
    assert_eq!(row["COUNTED"], "YES");
    assert_eq!(row["NOT_COUNTED_REASON"], "NULL");
    assert_eq!(row["ACK_LEVEL"], "RECEIVED");
    assert_eq!(row["LAG_BYTES"], "0");
    assert_eq!(row["PROCESSLIST_ID"], source.dumps()[0].to_string());
    assert_eq!(row["ACKS_REFUSED"], "0");
    let percentiles = ["P50", "P99", "MAX"].map(|of| format!("ACK_MICROSECONDS_{of}"));
    let percentiles = percentiles.map(|column| number(&row, &column));
    assert!(percentiles.is_sorted() && percentiles[0] > 0, "{row:?}");
    let in_order = source.value(&format!(
        "SELECT CONNECTED_SINCE <= LAST_ACK AND LAST_ACK <= NOW(6) \
         AND LAST_ACK > NOW(6) - INTERVAL 1 HOUR FROM {REPLICAS}"
    ));
    assert_eq!(in_order, "1", "{row:?}");

    server.execute("STOP REPLICA IO_THREAD");
    source.set_source("timeout", "1");
    source.insert(6);
    let gone = wait_replica(source, 2, "STATE", "GONE");
    assert_eq!(acked(&gone), newest, "what it had when it left");
    for column in ["ACKS", "LAST_ACK", "HOST", "CONNECTED_SINCE"] {
        assert_eq!(gone[column], row[column], "{column}");
    }
    assert_eq!(gone["PROCESSLIST_ID"], "NULL");

    server.execute("START REPLICA IO_THREAD");
    let back = wait_replica(source, 2, "STATE", "STREAMING");
    assert_ne!(back["CONNECTED_SINCE"], row["CONNECTED_SINCE"]);
    source.stop();
    server.stop();
}

fn commit_more_than_sockets_hold(source: &Server) {
    source.execute("CREATE TABLE app.texts (t LONGTEXT)");
    for _ in 0..8 {
        source.execute("INSERT INTO app.texts VALUES (REPEAT('x', 8 << 20))");
    }
}

/// It reads nothing, so the source cannot send it the whole log.
#[test]
fn a_replica_that_has_not_come_to_the_end_is_catching_up() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let source = source_of_fakes("1");
    let (file, position) = source.binlog_position();
    let start = Start::At {
        file,
        position: u32::try_from(position).expect("a short log"),
    };
    commit_more_than_sockets_hold(&source);
    let mut fake = FakeReplica::attach_to(&source, 7, Announce::Both, &start).expect("a dump");
    let row = wait_replica(&source, 7, "STATE", "CATCHUP");
    assert_eq!(row["COUNTED"], "YES");
    while let Ok(Some(event)) = fake.next_event(Duration::from_secs(2)) {
        if event.asks {
            fake.say(&event.end);
        }
    }
    wait_replica(&source, 7, "STATE", "STREAMING");
    source.stop();
}

#[test]
fn before_the_first_commit_nobody_is_taken_to_be_streaming() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let source = source_of_fakes("1");
    let start = source.newest();
    commit_more_than_sockets_hold(&source);
    source.insert_unconfirmed(); // enables semi-sync anew
    let mut behind = FakeReplica::attach_to(&source, 7, Announce::Both, &start).expect("a dump");
    wait_replica(&source, 7, "COUNTED", "YES");
    let newest = source.newest();
    let _at_end = FakeReplica::attach_to(&source, 8, Announce::Both, &newest).expect("a dump");
    for id in [7, 8] {
        wait_replica(&source, id, "STATE", "CATCHUP");
    }
    source.insert(1);
    wait_replica(&source, 8, "STATE", "STREAMING");
    assert_eq!(replica(&source, 7)["STATE"], "CATCHUP");
    while let Ok(Some(_)) = behind.next_event(Duration::from_secs(2)) {}
    wait_replica(&source, 7, "STATE", "STREAMING");
    source.stop();
}

#[test]
fn a_lost_acknowledgement_is_a_lag_and_a_wait_for_that_replica() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let source = source_of_fakes(A_DAY_MS);
    let mut fake = FakeReplica::at_the_end(&source, 7);
    source.insert_while(|| {
        fake.answer();
    });
    let before = wait_replica(&source, 7, "LAG_BYTES", "0");
    assert!(source.rows(&format!("SELECT * FROM {WAITS}")).is_empty());

    let commit = Waiting::insert(&source, 1);
    let event = fake.request();
    let row = replica(&source, 7);
    assert_eq!(acked(&row), acked(&before));
    assert_eq!(row["SENT_LOG_FILE"], event.end.file);
    assert_eq!(number(&row, "SENT_LOG_POS"), event.end.position);
    let bytes = event.end.position - acked(&before).position;
    assert_eq!(number(&row, "LAG_BYTES"), bytes);
    // While it is shorter than what the last acknowledgement took, that is shown.
    let lag = number(&row, "LAG_MICROSECONDS");
    eventually(PATIENCE, "the lag grows", || {
        number(&replica(&source, 7), "LAG_MICROSECONDS") > lag
    });

    let waits = |columns: &str| source.rows(&format!("SELECT {columns} FROM {WAITS}"));
    let rows = waits("PROCESSLIST_ID, LOG_FILE, LOG_POS, ACKNOWLEDGED_BY, NEEDED, MISSING");
    let expected = [
        commit.connection.to_string(),
        event.end.file.clone(),
        event.end.position.to_string(),
        "0".to_owned(),
        "1".to_owned(),
        "7".to_owned(),
    ];
    assert_eq!(rows, [expected.to_vec()]);
    let waited = |rows: Vec<Vec<String>>| -> u64 { rows[0][0].parse().expect("a number") };
    let first = waited(waits("WAITING_MICROSECONDS"));
    assert!(waited(waits("WAITING_MICROSECONDS")) > first);

    fake.say(&event.end);
    commit.done_within(PATIENCE);
    assert!(waits("*").is_empty());
    wait_replica(&source, 7, "LAG_BYTES", "0");
    eventually(PATIENCE, "one acknowledgement more", || {
        number(&replica(&source, 7), "ACKS") > number(&before, "ACKS")
    });
    source.stop();
}

#[test]
fn a_wait_tells_who_has_it_and_who_is_missing() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    needs!(
        Dialect::of_run().has_wait_count(),
        "it waits for one replica"
    );
    let source = source_of_fakes(A_DAY_MS);
    let wait_count = source.names().wait_count_var();
    source.execute(&format!("SET GLOBAL {wait_count} = 2"));
    let mut fakes = [7, 8].map(|server_id| FakeReplica::at_the_end(&source, server_id));
    let commit = Waiting::insert(&source, 1);
    let look = || {
        source
            .rows(&format!(
                "SELECT ACKNOWLEDGED_BY, NEEDED, MISSING FROM {WAITS}"
            ))
            .swap_remove(0)
    };
    let events = fakes.each_mut().map(FakeReplica::request);
    assert_eq!(look(), ["0", "2", "7, 8"]);
    fakes[0].say(&events[0].end);
    eventually(PATIENCE, "the first has it", || look()[0] == "1");
    assert_eq!(look(), ["1", "2", "8"]);
    fakes[1].say(&events[1].end);
    commit.done_within(PATIENCE);
    source.stop();
}

#[test]
fn a_replica_that_is_not_believed_has_a_row_that_says_why() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let source = source_of_fakes("1");
    let mut broken = FakeReplica::at_the_end(&source, 7);
    let _asynchronous = FakeReplica::at_the_end_as(&source, 8, Announce::Nothing);
    let mut liar = FakeReplica::at_the_end(&source, 9);
    broken.send_raw(b"\x04\0\0\0junk").expect("a packet");
    let row = wait_replica(&source, 7, "COUNTED", "NO");
    assert_eq!(row["SYNC_STATE"], "ASYNC");
    assert_eq!(row["ACKS_REFUSED"], "1");
    let reason = &row["NOT_COUNTED_REASON"];
    assert!(reason.contains("broke the protocol"), "{reason}");
    assert_eq!(try_replica(&source, 8), None, "an asynchronous one");

    source.insert_while(|| {
        let mut nowhere = liar.request().end;
        nowhere.position += 1_000_000;
        liar.say(&nowhere);
    });
    let row = wait_replica(&source, 9, "ACKS_REFUSED", "1");
    assert_eq!(
        row["COUNTED"], "YES",
        "its next acknowledgement may be true"
    );
    source.stop();
}

#[test]
fn the_histogram_has_the_servers_buckets_and_adds_up() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let source = source_of_fakes(A_DAY_MS);
    let summary = |outcome: &str| {
        source
            .rows(&format!(
                "SELECT SUM(COUNT_BUCKET), MAX(COUNT_BUCKET_AND_LOWER), MAX(BUCKET_QUANTILE), \
                 SUM(COUNT_BUCKET = 0), COUNT(*) > 0 FROM {HISTOGRAM} WHERE OUTCOME = '{outcome}'"
            ))
            .swap_remove(0)
    };
    let none = ["NULL", "NULL", "NULL", "NULL", "0"];
    assert_eq!(summary("ACKNOWLEDGED"), none);
    let mut fake = FakeReplica::at_the_end(&source, 7);
    for n in 0..3 {
        let commit = Waiting::insert(&source, n);
        fake.answer();
        commit.done_within(PATIENCE);
    }
    eventually(PATIENCE, "three waits", || {
        summary("ACKNOWLEDGED") == ["3", "3", "1.000000", "0", "1"]
    });
    assert_eq!(summary("UNCONFIRMED"), none);

    source.set_source("timeout", "1");
    source.insert(1);
    source.wait_status("status", "OFF");
    eventually(PATIENCE, "a wait in vain", || {
        summary("UNCONFIRMED") == ["1", "1", "1.000000", "0", "1"]
    });
    assert_eq!(summary("ACKNOWLEDGED")[0], "3");
    let matches = source.rows(&format!(
        "SELECT COUNT(*), COUNT(theirs.BUCKET_NUMBER) FROM {HISTOGRAM} AS ours \
         LEFT JOIN performance_schema.events_statements_histogram_global AS theirs \
         USING (BUCKET_NUMBER, BUCKET_TIMER_LOW, BUCKET_TIMER_HIGH)"
    ));
    assert_eq!(
        matches[0][0], matches[0][1],
        "each bucket is one of the server's"
    );
    source.stop();
}

/// What a failover tool asks when the source is dead.
#[test]
fn a_channel_tells_what_it_acknowledged_and_whether_it_was_an_acker() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    for names in Names::available() {
        let pair = Topology::new(*names).start();
        let (source, server) = (&pair.source, pair.replica());
        let look = |columns: &str| {
            let rows = server.rows(&format!("SELECT {columns} FROM {CHANNELS}"));
            assert_eq!(rows.len(), 1, "{rows:?}");
            rows[0].clone()
        };
        for n in 0..5 {
            source.insert(n);
        }
        let newest = source.newest_place();
        // The commit goes on before the replica has noted what it has sent.
        eventually(PATIENCE, "the newest acknowledgement", || {
            look("LAST_ACK_LOG_POS")[0] == newest.position.to_string()
        });
        let seen = look(
            "CHANNEL_NAME, SEMI_SYNC, SOURCE_UUID, LAST_ACK_LOG_FILE, LAST_ACK_LOG_POS, \
             ACK_LEVEL, WAS_ACKER",
        );
        let expected = [
            String::new(),
            "ON".to_owned(),
            source.variable("server_uuid"),
            newest.file,
            newest.position.to_string(),
            "RECEIVED".to_owned(),
            "NO".to_owned(),
        ];
        assert_eq!(seen, expected);
        assert_eq!(
            look("ACKS >= 5, LAST_ACK <= NOW(6), CONNECTION_ID() > 0"),
            ["1"; 3]
        );
        let joined = server.value(&format!(
            "SELECT SERVICE_STATE FROM {CHANNELS} \
             JOIN performance_schema.replication_connection_status USING (CHANNEL_NAME)"
        ));
        assert_eq!(joined, "ON");

        let state = |expected: &str| {
            eventually(PATIENCE, expected, || look("SEMI_SYNC")[0] == expected);
        };
        source.set_source("enabled", "OFF");
        source.insert(6);
        // It passes for ON for a while where a source was just switched off and connected anew.
        state("REFUSED BY SOURCE");
        source.set_source("enabled", "ON");
        pair.wait_clients();
        source.insert(7);
        state("ON");

        source.kill9();
        state("OFF");
        assert_eq!(look("WAS_ACKER"), ["YES"]);
        server.stop();
    }
}

#[test]
fn an_asynchronous_channel_was_no_acker() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let pair = Topology::new(Names::newest()).start();
    let (source, server) = (&pair.source, pair.replica());
    source.insert(1);
    server.set_replica("enabled", "OFF");
    server.restart_receiver();
    source.insert_unconfirmed();
    server.assert_same_rows(source);
    source.kill9();
    let look = || server.rows(&format!("SELECT SEMI_SYNC, WAS_ACKER FROM {CHANNELS}"));
    eventually(PATIENCE, "it was no acker", || look() == [["OFF", "NO"]]);
    server.stop();
}
