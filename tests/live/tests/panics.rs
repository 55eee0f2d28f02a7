//! A panic in any callback: the server lives, semi-sync goes OFF, the error log names the callback
//! once, and replication goes on. Each scenario also tests what SAFETY.md's table says of its
//! callback.
//!
//! The libraries are those with failpoints (`ci/build --failpoints`). A file in the server's data
//! directory names the callback that panics when the server calls it next. So one pair of servers
//! serves for one callback after the other. Before each, semi-sync is switched off and on again,
//! and has to work.

use std::time::Instant;

use semisync_live_tests::dialect::not_applicable;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::tables::{HISTOGRAM, NO_TABLES};
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, ServerConfig, Topology, eventually,
};

#[path = "../../../src/server/src/callback.rs"]
mod callback;
#[path = "panics/stage.rs"]
mod stage;
use callback::Callback;
use stage::{FAILPOINT, Stage};

/// The timeout of a source that panics: longer than a commit that waits for nobody may take.
const TIMEOUT_MS: &str = "3000";
/// `ER_CANT_INITIALIZE_UDF`: a plugin's `init` has failed.
const INIT_FAILED: u16 = 1123;
/// `ER_WRONG_VALUE_FOR_VAR`
const WRONG_VALUE: u16 = 1231;
/// `ER_PLUGIN_CANNOT_BE_UNINSTALLED`
const STILL_IN_USE: u16 = 1883;
/// `ER_WRONG_PERFSCHEMA_USAGE`
const WRONG_USE: u16 = 1683;

/// Makes the server call a callback, and tests what the caller gets.
type Act = fn(&Stage);

/// At which server a callback panics, and how the test makes the server call it.
enum Scenario {
    Source(Act),
    Replica(Act),
    /// The plugins of both sides have the callback.
    Either(Act),
    /// As `Either`. The plugin is gone, or not there yet, so the act tests what follows by itself.
    Installation(Act),
    /// A replica that is a source itself, so that its applier's commits wait.
    Applier(Act),
}

/// Without a scenario for each callback this does not compile.
fn scenario(callback: Callback) -> Scenario {
    use Scenario::{Applier, Either, Installation, Replica, Source};
    match callback {
        Callback::Init => Installation(fails_to_install),
        Callback::CheckUninstall => Either(does_not_uninstall),
        Callback::Deinit => Installation(uninstalls_all_the_same),
        Callback::CheckVariable => Either(refuses_the_value),
        Callback::UpdateVariable => Either(keeps_the_variables),
        Callback::ShowStatus => Either(leaves_a_row_empty),
        Callback::BeforeCommit => Source(commits_all_the_same),
        Callback::OpenTable => Source(reads_no_rows),
        Callback::RndInit => Source(reads_no_rows),
        Callback::RndNext => Source(reads_no_rows),
        Callback::RndPos => Source(reads_all_rows),
        Callback::ReadColumnValue => Source(cannot_read_a_row),
        Callback::CloseTable => Source(reads_all_rows),
        Callback::AfterFlush => Source(commits),
        Callback::AfterSync => Source(commits),
        Callback::AfterCommit => Source(commits),
        Callback::AfterRollback => Source(rolls_back),
        Callback::VisitSession => Applier(waits_and_looks_around),
        Callback::TransmitStart => Source(connects_again),
        Callback::TransmitStop => Source(connects_again),
        Callback::ReserveHeader => Source(sends_on_the_same_connection),
        Callback::BeforeSendEvent => Source(sends_on_the_same_connection),
        Callback::AfterSendEvent => Source(commits),
        Callback::Write => Source(fails_to_write),
        Callback::Shutdown => Source(kills_the_dump),
        Callback::AfterResetMaster => Source(resets_its_log),
        Callback::ThreadStart => Replica(connects_again),
        Callback::BeforeRequestTransmit => Replica(connects_asynchronously),
        Callback::AfterReadEvent => Replica(receives),
        Callback::AfterQueueEvent => Replica(receives),
        Callback::ThreadStop => Replica(connects_again),
        Callback::AckReceiver => Source(starts_its_receiver),
    }
}

/// The reason why a series does not have a callback.
fn lacks(callback: Callback, dialect: &Dialect) -> Option<&'static str> {
    match callback {
        Callback::CheckUninstall if !dialect.asks_before_uninstall() => {
            Some("it unloads a plugin without asking it")
        }
        Callback::BeforeCommit if !dialect.has_before_commit() => {
            Some("it has no hook before_commit")
        }
        Callback::OpenTable
        | Callback::RndInit
        | Callback::RndNext
        | Callback::RndPos
        | Callback::ReadColumnValue
        | Callback::CloseTable
            if !dialect.has_tables() =>
        {
            Some(NO_TABLES)
        }
        // Sorts take whole rows along, unless a column is a long text.
        Callback::RndPos => Some("no statement that reads comes back to a row of such a table"),
        Callback::AfterSync if !dialect.has_wait_point() => Some("it has no hook after_sync"),
        Callback::VisitSession if !dialect.shows_stop_to_workers() => {
            Some("its sessions cannot be visited")
        }
        _ => None,
    }
}

// --- what makes the server call a callback, and what follows ---

fn commits(stage: &Stage) {
    stage.pair.source.insert(1);
}

/// The transaction is not refused.
fn commits_all_the_same(stage: &Stage) {
    let (source, replica) = (&stage.pair.source, stage.pair.replica());
    let rows = || source.value(&format!("SELECT COUNT(*) FROM {TABLE}"));
    let before = rows();
    source.insert(1);
    assert_ne!(rows(), before, "the row is there");
    replica.assert_same_rows(source);
}

fn rolls_back(stage: &Stage) {
    stage.pair.source.script(&format!(
        "BEGIN;\nINSERT INTO {TABLE} (n) VALUES (1);\nROLLBACK;"
    ));
}

/// The replica loses no byte.
fn sends_on_the_same_connection(stage: &Stage) {
    let (source, replica) = (&stage.pair.source, stage.pair.replica());
    let before = source.dumps();
    source.insert(1);
    replica.assert_same_rows(source);
    assert_eq!(source.dumps(), before, "the replica has connected again");
}

/// The write fails, and the replica connects again. MySQL 5.6 learns of a failed write with the
/// next.
fn fails_to_write(stage: &Stage) {
    let source = &stage.pair.source;
    let before = source.dumps();
    eventually(PATIENCE, "the replica has connected again", || {
        source.insert(1);
        let now = source.dumps();
        now.len() == 1 && now != before
    });
}

/// The server's own function runs all the same: the connection ends.
fn kills_the_dump(stage: &Stage) {
    let source = &stage.pair.source;
    let before = source.dumps();
    source.execute(&format!("KILL {}", before[0]));
    eventually(PATIENCE, "the replica has connected again", || {
        let now = source.dumps();
        now.len() == 1 && now != before
    });
}

fn resets_its_log(stage: &Stage) {
    let (source, replica) = (&stage.pair.source, stage.pair.replica());
    replica.assert_same_rows(source);
    replica.script("STOP REPLICA;\nRESET REPLICA;\nRESET BINARY LOGS AND GTIDS;");
    source.execute("RESET BINARY LOGS AND GTIDS");
    replica.execute("START REPLICA");
}

/// The thread ends. (`assert_works_again` shows that switching semi-sync on starts another.)
fn starts_its_receiver(stage: &Stage) {
    stage.set("OFF");
    stage.set("ON");
    stage.wait_for_panic(Callback::AckReceiver);
    if stage.server.dialect().has_performance_schema() {
        let threads =
            "SELECT NAME FROM performance_schema.threads WHERE NAME LIKE 'thread/semisync/%'";
        eventually(PATIENCE, "the thread has ended", || {
            stage.server.rows(threads).is_empty()
        });
    }
}

/// The receiver thread ends and starts; so does the dump.
fn connects_again(stage: &Stage) {
    stage.pair.replica().restart_receiver();
}

fn connects_asynchronously(stage: &Stage) {
    let source = &stage.pair.source;
    let mark = source.log_mark();
    stage.pair.replica().restart_receiver();
    let line = "Start asynchronous binlog_dump to replica (server_id: 2)";
    source.wait_log_since(mark, &source.dialect().log_line(line));
    source.wait_status("clients", "0");
}

/// The header was taken off before: the event is whole.
fn receives(stage: &Stage) {
    let (source, replica) = (&stage.pair.source, stage.pair.replica());
    source.insert(1);
    replica.assert_same_rows(source);
    let log = replica.log();
    assert!(!log.contains("Relay log write failure"), "{log}");
}

fn fails_to_install(stage: &Stage) {
    stage.end_its_use();
    stage.server.uninstall(&stage.plugin);
    stage.plant(Callback::Init);
    let mark = stage.server.log_mark();
    let (code, message) = stage.server.error(&stage.install);
    assert_eq!(code, INIT_FAILED, "{message}");
    stage.wait_for_panic(Callback::Init);
    // The plugin has no log yet. The server has.
    stage
        .server
        .wait_log_since(mark, "init function returned error");
    assert!(!stage.server.has_plugin(&stage.plugin));
    stage.pair.replica().execute("START REPLICA IO_THREAD");
    stage.assert_replication_goes_on();
    stage.server.execute(&stage.install);
}

/// The plugin goes, takes its observers with it, and can come again.
fn uninstalls_all_the_same(stage: &Stage) {
    stage.end_its_use();
    stage.plant(Callback::Deinit);
    let mark = stage.server.log_mark();
    stage.server.uninstall(&stage.plugin);
    stage.wait_for_panic(Callback::Deinit);
    stage.assert_named_once(Callback::Deinit, mark);
    stage.pair.replica().execute("START REPLICA IO_THREAD");
    stage.assert_replication_goes_on();
    stage.server.execute(&stage.install);
}

fn does_not_uninstall(stage: &Stage) {
    stage.end_its_use();
    let uninstall = format!("UNINSTALL PLUGIN {}", stage.plugin);
    let (code, message) = stage.server.error(&uninstall);
    assert_eq!(code, STILL_IN_USE, "{message}");
    assert!(stage.server.has_plugin(&stage.plugin));
    stage.pair.replica().execute("START REPLICA IO_THREAD");
}

fn keeps_the_variables(stage: &Stage) {
    let names = stage.server.names();
    let dialect = stage.server.dialect();
    let variables = if stage.is_source {
        vec![
            (dialect.has_wait_count(), names.wait_count_var(), "2"),
            (true, names.wait_no_replica_var(), "0"),
            (true, names.source_var("enabled"), "0"),
        ]
    } else {
        vec![(true, names.replica_var("enabled"), "0")]
    };
    for (_, variable, value) in variables.into_iter().filter(|(has, ..)| *has) {
        stage.plant(Callback::UpdateVariable);
        assert_eq!(stage.server.variable(&variable), "1");
        let set = format!("SET GLOBAL {variable} = {value}");
        stage.server.execute(&set);
        stage.wait_for_panic(Callback::UpdateVariable);
        assert_eq!(stage.server.variable(&variable), "1", "{set}");
    }
}

/// A text of the operator's plugin, which lies in the same library and is loaded with the other.
fn refuses_the_value(stage: &Stage) {
    let variable = match stage.is_source {
        true => "semisync_source_zone",
        false => "semisync_replica_zone",
    };
    let (code, message) = stage
        .server
        .error(&format!("SET GLOBAL {variable} = 'east'"));
    assert_eq!(code, WRONG_VALUE, "{message}");
    assert_eq!(stage.server.variable(variable), "");
}

/// The row that panicked; the others tell the truth.
fn leaves_a_row_empty(stage: &Stage) {
    let names = stage.server.names();
    let pattern = match stage.is_source {
        true => names.source_status("%"),
        false => names.replica_status(),
    };
    let empty_rows = || {
        let sql = format!("SHOW GLOBAL STATUS LIKE '{pattern}'");
        let rows = stage.server.rows(&sql);
        rows.iter().filter(|row| row[1].is_empty()).count()
    };
    assert_eq!(empty_rows(), 1, "while one panics");
    assert_eq!(empty_rows(), 0, "afterwards");
}

fn rows_of_histogram(stage: &Stage) -> String {
    let sql = format!("SELECT COUNT(*) FROM {HISTOGRAM}");
    stage.server.value(&sql)
}

fn reads_no_rows(stage: &Stage) {
    assert_eq!(rows_of_histogram(stage), "0", "while one panics");
    assert_ne!(rows_of_histogram(stage), "0", "afterwards");
}

fn cannot_read_a_row(stage: &Stage) {
    let sql = format!("SELECT OUTCOME FROM {HISTOGRAM}");
    let (code, message) = stage.server.error(&sql);
    assert_eq!(code, WRONG_USE, "{message}");
    assert_ne!(stage.server.rows(&sql).len(), 0, "afterwards");
}

fn reads_all_rows(stage: &Stage) {
    assert_ne!(rows_of_histogram(stage), "0");
}

/// The panic switches semi-sync off, which ends the wait.
fn waits_and_looks_around(stage: &Stage) {
    stage.pair.source.insert(1);
}

// --- the tests ---

fn with_failpoints(config: ServerConfig) -> ServerConfig {
    config
        .libraries(Libraries::Failpoints)
        .env("SEMISYNC_FAILPOINT", &format!("@{FAILPOINT}"))
}

/// Tries each callback of this series that is called at one side.
fn try_each(stage: &Stage, is_called: fn(&Scenario) -> bool) {
    let dialect = Dialect::of_run();
    for callback in Callback::ALL {
        let scenario = scenario(*callback);
        if !is_called(&scenario) {
            continue;
        }
        if let Some(why) = lacks(*callback, &dialect) {
            not_applicable(&format!("{}: {why}", callback.name()));
            continue;
        }
        let begin = Instant::now();
        match scenario {
            Scenario::Source(act) | Scenario::Replica(act) | Scenario::Either(act) => {
                stage.assert_works_again();
                stage.try_one(*callback, act);
            }
            Scenario::Installation(act) => {
                stage.assert_works_again();
                act(stage);
            }
            Scenario::Applier(act) => stage.try_one(*callback, act),
        }
        println!("{}: {:?}", callback.name(), begin.elapsed());
    }
}

fn pair(names: Names, timeout: &str) -> Topology {
    Topology::new(names)
        .set("timeout", timeout)
        .configure_source(with_failpoints)
        .configure_replica(with_failpoints)
        .start()
}

#[test]
fn a_panic_in_any_callback_of_the_source_is_survived() {
    let pair = pair(Names::New, TIMEOUT_MS);
    let stage = Stage::of_source(&pair);
    try_each(&stage, |scenario| {
        matches!(
            scenario,
            Scenario::Source(_) | Scenario::Either(_) | Scenario::Installation(_)
        )
    });
    stage.assert_works_again();
    pair.source.stop();
    pair.replica().stop();
}

/// The lock is not poisoned, and the coordinator may be half changed: what it held is given up.
#[test]
fn after_a_panic_in_the_state_replicas_count_once_they_have_connected_again() {
    let pair = pair(Names::New, TIMEOUT_MS);
    let stage = Stage::of_source(&pair);
    let (source, replica) = (&pair.source, pair.replica());
    stage.assert_works_again();
    let before = source.dumps();
    let mark = source.log_mark();
    stage.plant_in("state");
    source.insert(1);
    source.wait_log_since(mark, "Internal error in hook");
    stage.wait_off();
    source.wait_status("clients", "0");
    stage.assert_replication_goes_on();
    assert_eq!(source.dumps(), before, "asynchronous replication goes on");

    source.set_source("enabled", "OFF");
    source.set_source("enabled", "ON");
    pair.wait_clients();
    source.wait_status("status", "ON");
    assert_ne!(source.dumps(), before, "the replica has connected again");
    let before = source.counter("yes_tx");
    eventually(PATIENCE, "a commit is confirmed", || {
        source.insert(4);
        source.counter("yes_tx") > before
    });
    replica.assert_same_rows(source);
    source.stop();
    replica.stop();
}

#[test]
fn a_panic_in_any_callback_of_the_replica_is_survived() {
    // The source waits for a replica that has panicked.
    let pair = pair(Names::Old, "1000");
    let stage = Stage::of_replica(&pair);
    try_each(&stage, |scenario| {
        matches!(
            scenario,
            Scenario::Replica(_) | Scenario::Either(_) | Scenario::Installation(_)
        )
    });
    stage.assert_works_again();
    pair.source.stop();
    pair.replica().stop();
}

#[test]
fn a_panic_in_any_callback_of_an_applier_that_waits_is_survived() {
    let names = Names::New;
    let pair = Topology::new(names)
        .configure_replica(|config| {
            let timeout = format!("{}={A_DAY_MS}", names.source_var("timeout"));
            with_failpoints(config).as_source().option(&timeout)
        })
        .start();
    let stage = Stage::of_applier(&pair);
    try_each(&stage, |scenario| matches!(scenario, Scenario::Applier(_)));
    stage.set("OFF");
    stage.set("ON");
    pair.source.insert(2);
    eventually(PATIENCE, "an applier waits again", || {
        stage.server.counter("wait_sessions") > 0
    });
    stage.set("OFF");
    pair.replica().assert_same_rows(&pair.source);
}
