//! New transactions are refused before they are written: by a fence, by `timeout_action=REFUSE`
//! after a timeout, and while fewer replicas than `min_replicas` are connected. Nothing of a
//! refused transaction is left, and the client gets the error that `read_only` gives.

use std::fs;
use std::time::Instant;

use mysql::prelude::Queryable;
use mysql::{Conn, Error};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Link, Load, Names, PATIENCE, Server, ServerConfig, Topology,
    eventually, needs,
};

const OURS: &str = "stock has no second plugin";
const CANNOT_REFUSE: &str = "it asks nobody before it writes a transaction";
/// `ER_OPTION_PREVENTS_STATEMENT`
const REFUSED: u16 = 1290;
/// The timeout of sources whose waits are to time out.
const TIMEOUT_MS: &str = "500";
const PASSWORD: &str = "App-1-secret";

fn can_refuse() -> bool {
    Libraries::are_ours() && Dialect::of_run().has_before_commit()
}

/// `plugin-load` without a name brings all plugins of a library.
fn install_operator(source: &Server) {
    if source.has_plugin("semisync_source") {
        return;
    }
    let library = source.names().source_library();
    source.execute(&format!(
        "INSTALL PLUGIN semisync_source SONAME '{library}'"
    ));
}

fn pair() -> Topology {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    install_operator(&pair.source);
    pair
}

fn insert(n: i64) -> String {
    format!("INSERT INTO {TABLE} (n) VALUES ({n})")
}

/// The error's text, as the server writes it for `--read-only`.
fn refused_by(option: &str) -> String {
    format!(
        "The MySQL server is running with the --semisync_source_{option} option so it cannot \
         execute this statement"
    )
}

/// Runs the statements; the last one is refused.
#[track_caller]
fn assert_refused(conn: &mut Conn, statements: &[&str], option: &str) {
    let (last, before) = statements.split_last().expect("a statement");
    for sql in before {
        conn.query_drop(sql)
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    match conn.query_drop(last) {
        Err(Error::MySqlError(e)) => {
            assert_eq!((e.code, e.message), (REFUSED, refused_by(option)), "{last}");
        }
        other => panic!("{last}: {other:?}"),
    }
}

/// Two accounts: `read_only` refuses `app`, and lets `admin` write.
fn make_accounts(server: &Server) {
    let privilege = match server.dialect().has_dynamic_privileges() {
        true => "CONNECTION_ADMIN",
        false => "SUPER",
    };
    let mut conn = server.conn();
    for sql in [
        "SET sql_log_bin = 0".to_owned(),
        format!("CREATE USER app IDENTIFIED BY '{PASSWORD}'"),
        format!("CREATE USER admin IDENTIFIED BY '{PASSWORD}'"),
        "GRANT SELECT, INSERT ON app.* TO app".to_owned(),
        "GRANT SELECT, INSERT ON app.* TO admin".to_owned(),
        format!("GRANT {privilege} ON *.* TO admin"),
    ] {
        conn.query_drop(&sql)
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

// --- the fence ---

#[test]
fn nothing_is_left_of_a_transaction_that_a_fence_refuses() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let (source, replica) = (&pair.source, pair.replica());
    source.insert(1);
    source.set_operator("fenced", "ON");
    let before = source.binlog_position();
    let columns = || source.rows(&format!("SHOW COLUMNS FROM {TABLE}"));
    let table = columns();
    let mark = source.log_mark();
    let mut conn = source.conn();
    let row = insert(2);
    let mut refused: Vec<Vec<&str>> = vec![
        vec![&row],
        vec!["BEGIN", &row, &row, "COMMIT"],
        vec!["SET autocommit = 0", &row, "COMMIT"],
        vec![
            "SET autocommit = 1",
            "BEGIN",
            &row,
            "SAVEPOINT a",
            &row,
            "COMMIT",
        ],
        vec!["XA START 'a'", &row, "XA END 'a'", "XA PREPARE 'a'"],
        vec![
            "XA START 'b'",
            &row,
            "XA END 'b'",
            "XA COMMIT 'b' ONE PHASE",
        ],
    ];
    if source.dialect().has_atomic_ddl() {
        refused.extend([
            vec!["CREATE TABLE app.new (n INT)"],
            vec!["CREATE TABLE app.new AS SELECT 1 AS n"],
            vec!["ALTER TABLE app.t ADD COLUMN new INT"],
            vec!["ALTER TABLE app.t ADD COLUMN new INT, ALGORITHM=INPLACE"],
            vec!["ALTER TABLE app.t ADD COLUMN new INT, ALGORITHM=COPY"],
            vec!["CREATE INDEX new ON app.t (n)"],
            vec!["RENAME TABLE app.t TO app.new"],
            vec!["CREATE VIEW app.new AS SELECT 1"],
            vec!["CREATE PROCEDURE app.new() SELECT 1"],
            vec!["CREATE TRIGGER app.new BEFORE INSERT ON app.t FOR EACH ROW SET @a = 1"],
            vec!["DROP DATABASE app"],
            vec!["TRUNCATE TABLE app.t"],
            vec!["DROP TABLE app.t"],
            vec!["CREATE DATABASE new"],
            vec!["CREATE USER new"],
        ]);
    }
    for statements in &refused {
        assert_refused(&mut conn, statements, "fenced");
    }
    assert_eq!(source.binlog_position(), before, "no event");
    assert_eq!(source.count_rows(None), 1, "no row");
    assert_eq!(source.rows("SHOW TABLES FROM app"), [["t"]]);
    assert_eq!(columns(), table);
    assert_eq!(source.rows(&format!("SHOW INDEX FROM {TABLE}")).len(), 1);
    let routines = "SELECT ROUTINE_NAME FROM information_schema.ROUTINES \
                    WHERE ROUTINE_SCHEMA = 'app'";
    assert_eq!(source.rows(routines).len(), 0);
    assert_eq!(source.rows("SHOW TRIGGERS FROM app").len(), 0);
    assert_eq!(source.rows("SHOW DATABASES LIKE 'new'").len(), 0);
    assert_eq!(source.rows("XA RECOVER").len(), 0);
    let strays = source.stray_errors_since(mark);
    assert!(strays.is_empty(), "no line for each refusal: {strays:#?}");

    // The same session goes on.
    source.set_operator("fenced", "OFF");
    conn.query_drop(&row).expect("nobody refuses it");
    assert_eq!(source.count_rows(None), 2);
    replica.assert_same_rows(source);
}

#[test]
fn a_fence_lets_pass_what_writes_nothing_to_the_binary_log() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let source = &pair.source;
    source.insert(1);
    source.set_operator("fenced", "ON");
    let mut conn = source.conn();
    let (select, row) = (format!("SELECT COUNT(*) FROM {TABLE}"), insert(2));
    for sql in [
        &*select,
        "BEGIN",
        &select,
        "COMMIT",
        "BEGIN",
        &row,
        "ROLLBACK",
        "SET GLOBAL max_connections = 200",
        "CREATE TEMPORARY TABLE app.mine (n INT)",
        "INSERT INTO app.mine VALUES (1)",
        "DROP TEMPORARY TABLE app.mine",
        "SET sql_log_bin = 0",
        &row,
    ] {
        conn.query_drop(sql)
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

/// A refusal would leave rows, or a table, that no replica hears of.
#[test]
fn what_cannot_be_undone_is_not_refused() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let (source, replica) = (&pair.source, pair.replica());
    source.execute("CREATE TABLE app.plain (n INT) ENGINE=MyISAM");
    let mut prepared = source.conn();
    for sql in ["XA START 'a'", &insert(3), "XA END 'a'", "XA PREPARE 'a'"] {
        prepared
            .query_drop(sql)
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    source.set_operator("fenced", "ON");
    source.execute("INSERT INTO app.plain VALUES (1)");
    prepared
        .query_drop("XA COMMIT 'a'")
        .expect("it was logged before");
    assert_eq!(source.count_rows(Some(3)), 1);
    source.execute("CREATE TABLE app.other (n INT) ENGINE=MyISAM");
    source.execute("DROP TABLE app.other");
    if !source.dialect().has_atomic_ddl() {
        // The table is there before anybody is asked.
        source.execute("CREATE TABLE app.new (n INT)");
    }
    assert_eq!(source.error(&insert(4)).0, REFUSED);
    replica.assert_same_rows(source);
    assert_eq!(replica.value("SELECT COUNT(*) FROM app.plain"), "1");
    let tables = source.rows("SHOW TABLES FROM app");
    assert_eq!(replica.rows("SHOW TABLES FROM app"), tables);
}

/// InnoDB deletes the file before anybody is asked, and a rollback does not bring it back: the table
/// would be gone on the source alone, and the server would crash when it is opened next.
#[test]
fn a_tablespace_is_discarded_and_imported_behind_a_fence_too() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let (source, replica) = (&pair.source, pair.replica());
    source.execute("CREATE TABLE app.moved (n INT PRIMARY KEY)");
    source.execute("INSERT INTO app.moved VALUES (7)");
    replica.wait_applied(source);
    let files = ["moved.ibd", "moved.cfg"];
    let mut conn = source.conn();
    conn.query_drop("FLUSH TABLES app.moved FOR EXPORT")
        .expect("a table to copy");
    let copies = files.map(|file| fs::read(source.data_dir().join("app").join(file)));
    conn.query_drop("UNLOCK TABLES").expect("the copy is made");

    source.set_operator("fenced", "ON");
    let row = "INSERT INTO app.moved VALUES (8)";
    assert_eq!(source.error(row).0, REFUSED);
    source.execute("ALTER TABLE app.moved DISCARD TABLESPACE");
    replica.wait_applied(source);
    for (file, copy) in files.iter().zip(copies) {
        let copy = copy.unwrap_or_else(|e| panic!("{file}: {e}"));
        for server in [source, replica] {
            let place = server.data_dir().join("app").join(file);
            fs::write(&place, &copy).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
        }
    }
    source.execute("ALTER TABLE app.moved IMPORT TABLESPACE");
    assert_eq!(source.error(row).0, REFUSED);
    source.set_operator("fenced", "OFF");
    source.execute(row);
    replica.wait_applied(source);
    for server in [source, replica] {
        assert_eq!(server.rows("SELECT n FROM app.moved"), [["7"], ["8"]]);
    }
}

#[test]
fn sessions_that_wait_when_the_fence_comes_go_on_waiting() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let source = &pair.source;
    for wait_point in source.dialect().wait_points() {
        source.set_wait_point(wait_point);
        pair.replica().freeze();
        let waiting = Waiting::insert(source, 1);
        source.set_operator("fenced", "ON");
        assert_eq!(source.error(&insert(2)).0, REFUSED);
        assert!(!waiting.is_over(), "nobody has acknowledged");
        pair.replica().thaw();
        waiting.done_within(PATIENCE);
        source.set_operator("fenced", "OFF");
    }
    assert_eq!(source.counter("no_tx"), 0);
}

#[test]
fn a_fence_lets_appliers_pass() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = Topology::new(Names::newest())
        .configure_replica(|config| config.as_source())
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    install_operator(replica);
    replica.set_operator("fenced", "ON");
    replica.set_operator("min_replicas", "1");
    source.insert(1);
    replica.assert_same_rows(source);
    assert_eq!(replica.error(&insert(2)).0, REFUSED);
}

#[test]
fn a_fence_holds_while_semi_sync_is_disabled_and_falls_with_its_plugin() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let source = &pair.source;
    source.set_operator("fenced", "ON");
    source.set_source("enabled", "OFF");
    assert_eq!(source.error(&insert(1)).0, REFUSED);
    source.uninstall("semisync_source");
    source.insert(2);
    install_operator(source);
    source.insert(3);
    assert_eq!(source.variable("semisync_source_fenced"), "0");
}

/// The runbook: fence, wait until nobody waits, `super_read_only`, promote.
#[test]
fn a_switch_over_under_load_behind_a_fence_loses_nothing_and_hangs_nowhere() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .configure_source(|config| config.as_replica())
        .configure_replica(|config| config.as_source())
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    for server in [source, replica] {
        install_operator(server);
        // What a replica applies was confirmed before.
        server.set_operator("wait_when_read_only", "OFF");
    }
    replica.execute("SET GLOBAL super_read_only = ON");
    let load = Load::start(source, 8);
    load.wait_progress(200);

    source.set_operator("fenced", "ON");
    source.wait_status("wait_sessions", "0");
    let begin = Instant::now();
    source.execute("SET GLOBAL super_read_only = ON");
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    let seen = load.finish();
    assert!(!seen.errors.is_empty(), "writers were refused");
    for error in &seen.errors {
        // Whoever comes late finds the server read-only.
        let is_late = error.contains("--super-read-only");
        assert!(is_late || error.contains(&refused_by("fenced")), "{error}");
    }
    replica.assert_same_rows(source);
    assert_eq!(replica.count_rows(Some(1)), seen.committed);
    assert_eq!(source.counter("no_tx"), 0);

    replica.script("STOP REPLICA;\nRESET REPLICA ALL;\nSET GLOBAL super_read_only = OFF;");
    replica.execute("SET GLOBAL read_only = OFF");
    source.set_operator("fenced", "OFF");
    source.replicate_from(replica, &Link::default());
    replica.wait_status("clients", "1");
    let confirmed = replica.counter("yes_tx");
    replica.insert(2);
    assert_eq!(replica.counter("yes_tx"), confirmed + 1);
    source.assert_same_rows(replica);
    assert_eq!(source.count_rows(None), seen.committed + 1);
}

#[test]
fn super_read_only_passes_a_stuck_source_that_is_fenced_and_released() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let source = &pair.source;
    pair.replica().freeze();
    let waiting = Waiting::insert(source, 1);
    source.set_operator("fenced", "ON");
    let read_only = Waiting::start(source, "SET GLOBAL super_read_only = ON");
    source.set_operator("release_waits", "ON");
    waiting.done_within(PATIENCE);
    read_only.done_within(PATIENCE);
    pair.replica().thaw();
    pair.replica().assert_same_rows(source);
}

// --- too few replicas ---

#[test]
fn with_too_few_replicas_all_are_refused_whom_read_only_would_refuse() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let (source, replica) = (&pair.source, pair.replica());
    make_accounts(source);
    let mut app = source.tcp_conn("app", PASSWORD);
    source.set_operator("min_replicas", "1");
    app.query_drop(insert(1)).expect("one replica is there");
    source.set_operator("min_replicas", "2");
    let before = source.binlog_position();
    let row = insert(2);
    assert_refused(&mut app, &[&row], "min_replicas");
    assert_refused(&mut app, &["BEGIN", &row, "COMMIT"], "min_replicas");
    assert_eq!(source.binlog_position(), before, "no event");
    assert_eq!(source.count_rows(Some(2)), 0, "no row");

    source.insert(3); // root has SUPER
    let mut admin = source.tcp_conn("admin", PASSWORD);
    admin
        .query_drop(insert(4))
        .expect("read_only would let it write");

    // The replica goes, and comes back.
    source.set_operator("min_replicas", "1");
    app.query_drop(insert(5)).expect("one replica is there");
    replica.execute("STOP REPLICA IO_THREAD");
    source.wait_status("clients", "0");
    assert_refused(&mut app, &[&row], "min_replicas");
    replica.execute("START REPLICA IO_THREAD");
    source.wait_status("clients", "1");
    app.query_drop(row).expect("the replica is back");
    replica.assert_same_rows(source);
}

#[test]
fn too_few_replicas_refuse_nobody_while_semi_sync_is_disabled() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = pair();
    let source = &pair.source;
    make_accounts(source);
    let mut app = source.tcp_conn("app", PASSWORD);
    source.set_operator("min_replicas", "2");
    assert_refused(&mut app, &[&insert(1)], "min_replicas");
    source.set_source("enabled", "OFF");
    app.query_drop(insert(2)).expect("nobody counts");
}

// --- a timeout ---

/// Nobody is let through: what is written could not be confirmed.
#[test]
fn after_a_timeout_refuse_refuses_accounts_with_every_privilege_too() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let pair = Topology::new(Names::newest())
        .set("timeout", TIMEOUT_MS)
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    install_operator(source);
    source.set_operator("timeout_action", "REFUSE");
    replica.freeze();
    let waiting = Waiting::insert(source, 1);
    let mut conn = source.conn();
    let row = insert(2);
    source.wait_log("semisync_source_timeout_action is REFUSE");
    let before = source.binlog_position();
    assert_refused(&mut conn, &[&row], "timeout_action");
    assert_eq!(source.binlog_position(), before, "no event");
    assert!(!waiting.is_over(), "who waits goes on waiting");
    assert_eq!(source.status("status"), "ON");
    replica.thaw();
    waiting.done_within(PATIENCE);
    eventually(PATIENCE, "nobody is refused", || {
        conn.query_drop(&row).is_ok()
    });
    replica.assert_same_rows(source);
    assert_eq!(source.counter("no_tx"), 0);
}

#[test]
fn without_a_binary_log_nothing_is_refused_and_nothing_else_is_said() {
    needs!(can_refuse(), CANNOT_REFUSE);
    let config = ServerConfig::new(1, Names::newest()).as_source();
    let config = config.without_option("log-bin=").option("skip-log-bin");
    let source = Server::start(config);
    source.prepare();
    install_operator(&source);
    let mark = source.log_mark();
    source.set_operator("min_replicas", "1");
    make_accounts(&source);
    let mut app = source.tcp_conn("app", PASSWORD);
    app.query_drop(insert(1)).expect("it is not refused");
    source.set_operator("min_replicas", "0");
    let log = source.log_since(mark);
    assert!(!log.contains("refused"), "{log}");
}

// --- series ---

#[test]
fn a_series_that_cannot_refuse_lacks_the_variables() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let shown = pair.source.rows("SHOW VARIABLES LIKE 'semisync_source%'");
    for suffix in ["fenced", "min_replicas"] {
        let name = format!("semisync_source_{suffix}");
        let is_there = shown.iter().any(|row| row[0] == name);
        assert_eq!(is_there, Dialect::of_run().has_before_commit(), "{name}");
    }
    if !Dialect::of_run().has_before_commit() {
        let refuse = "SET GLOBAL semisync_source_timeout_action = REFUSE";
        assert!(pair.source.try_rows(refuse).is_err(), "{refuse}");
    }
}
