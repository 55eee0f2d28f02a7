//! Positions follow the order of the log, whatever its files are called: the base name changes,
//! numbers begin anew, a RESET comes between the server's check of a position and its use.
//!
//! The source keeps one index over its restarts, as `log-bin-index` allows. Fakes ask for parts of
//! the log.

use std::fs;
use std::time::Duration;

use semisync_live_tests::fake_replica::{Announce, FakeReplica, Start};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Server, ServerConfig, eventually, needs,
};

/// A wrong confirmation comes with the commit itself.
const AT_ONCE: Duration = Duration::from_millis(500);

/// A source whose index has a name of its own from the beginning.
fn source_with_own_index() -> Server {
    let names = Names::newest();
    let source = Server::start(config(names));
    source.prepare();
    source.allow_fakes();
    source
}

fn config(names: Names) -> ServerConfig {
    ServerConfig::new(1, names)
        .as_source()
        .option(&format!("{}={A_DAY_MS}", names.source_var("timeout")))
        .option("log-bin-index=fixed.index")
        .label("source")
}

/// Restarts with another base name of the binary log.
fn restart_with_log_bin(source: &Server, base: &str) {
    source.reconfigure(|config| {
        let config = config.without_option("log-bin=");
        config.option(&format!("log-bin={base}"))
    });
    source.restart();
}

fn rotate(source: &Server, times: usize) {
    for _ in 0..times {
        source.execute("FLUSH BINARY LOGS");
    }
}

fn at(file: &str) -> Start {
    Start::At {
        file: file.to_owned(),
        position: 4,
    }
}

/// Attaches a fake that never acknowledges, and waits until it counts.
fn silent(source: &Server, server_id: u32, start: &Start) -> FakeReplica {
    let before: u64 = source.counter("clients");
    let fake = FakeReplica::attach_to(source, server_id, Announce::Both, start)
        .unwrap_or_else(|e| panic!("a fake cannot attach at {start:?}: {e}"));
    source.wait_status("clients", &(before + 1).to_string());
    fake
}

/// Commits, sees that nobody confirms the commit, and releases it.
fn assert_waits(source: &Server, why: &str) {
    let confirmed = source.counter("yes_tx");
    let commit = Waiting::insert(source, 1);
    let over = commit.is_over_within(AT_ONCE);
    assert!(!over, "confirmed with no copy anywhere: {why}");
    source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), confirmed, "{why}");
    source.set_source("enabled", "ON");
}

/// Commits while the fake answers, which confirms the commit.
fn assert_confirms(source: &Server, fake: &mut FakeReplica, why: &str) {
    let confirmed = source.counter("yes_tx");
    let commit = Waiting::start(source, &format!("INSERT INTO {TABLE} (n) VALUES (1)"));
    let begin = std::time::Instant::now();
    while !commit.is_over() {
        assert!(begin.elapsed() < PATIENCE, "not confirmed: {why}");
        if let Ok(Some(event)) = fake.next_request(Duration::from_millis(50)) {
            fake.say(&event.end);
        }
    }
    commit.done_within(PATIENCE);
    assert!(source.counter("yes_tx") > confirmed, "{why}");
}

#[test]
fn a_dump_that_reads_files_of_an_older_base_name_confirms_nothing() {
    let source = source_with_own_index();
    rotate(&source, 5);
    let (old, _) = source.binlog_position();
    assert!(old.ends_with("000006"), "{old}");
    restart_with_log_bin(&source, "newlog");
    let _fake = silent(&source, 77, &at(&old));
    assert_waits(&source, "its position is in a file of the older name");
    // Another name, and then back to one that sorts before and was used before.
    restart_with_log_bin(&source, "alog");
    let _fake = silent(&source, 77, &at("newlog.000001"));
    assert_waits(&source, "newlog.000001 is older than alog.000001");
    restart_with_log_bin(&source, "binlog");
    let _fake = silent(&source, 77, &at("newlog.000001"));
    assert_waits(&source, "newlog.000001 is older than the newest binlog");
}

#[test]
fn acknowledgements_count_whichever_file_was_asked_for_first() {
    let source = source_with_own_index();
    source.insert_unconfirmed();
    let (old, _) = source.binlog_position();
    restart_with_log_bin(&source, "newlog");
    // The number of the older file says nothing either.
    rotate(&source, 5);
    let _first = silent(&source, 77, &at(&old));
    let mut second = silent(&source, 78, &source.newest());
    assert_confirms(
        &source,
        &mut second,
        "another asked for an older file first",
    );
    assert_eq!(source.counter("clients"), 2, "{}", source.log());
}

#[test]
fn a_replica_that_still_reads_old_files_is_no_violator() {
    let source = source_with_own_index();
    source.insert_unconfirmed();
    let (old, _) = source.binlog_position();
    restart_with_log_bin(&source, "newlog");
    let mut first = silent(&source, 77, &source.newest());
    assert_confirms(&source, &mut first, "it is at the end of the log");
    first.close();
    source.wait_status("clients", "0");

    let mark = source.log_mark();
    let mut late = silent(&source, 78, &at(&old));
    // The fake acknowledges all that it reads, from the old file on, asked or not.
    let mut here = late.served().clone();
    while here.file == old || here.position < source.newest_place().position {
        let event = late.next_event(PATIENCE).expect("it is served");
        here = event
            .unwrap_or_else(|| panic!("it stopped at {here:?}"))
            .end;
        late.say(&here);
    }
    assert_confirms(&source, &mut late, "it has caught up");
    assert_eq!(source.counter("clients"), 1);
    let log = source.log_since(mark);
    let complaints = log.lines().filter(|line| line.contains("server_id: 78"));
    let complaints: Vec<_> = complaints.filter(|line| line.contains("[ERROR]")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The same name is twice in one index: only the directories differ, and hooks name files without
/// them.
#[test]
fn a_file_of_the_same_name_in_another_directory_confirms_nothing() {
    needs!(
        Dialect::of_run().has_gtid(),
        "only auto-position finds the older file"
    );
    let source = source_with_own_index();
    let in_directory = |name: &str| {
        let directory = source.data_dir().join(name);
        fs::create_dir(&directory).expect("a directory");
        restart_with_log_bin(&source, &directory.join("binlog").display().to_string());
    };
    // The index names these files without a directory, and the server looks for them in the new
    // one.
    source.reconfigure(|config| config.option("log-bin-index=second.index"));
    in_directory("one");
    source.insert_unconfirmed();
    rotate(&source, 3);
    in_directory("two");
    let (new, _) = source.binlog_position();
    assert!(new.ends_with("000001"), "{new}");
    let _fake = silent(&source, 77, &Start::Gtids(String::new()));
    assert_waits(
        &source,
        "it reads the file of that name in the older directory",
    );
}

/// A source in which a hook can be stalled.
fn source_with_stall(hook: &str) -> Server {
    let config = config(Names::newest()).libraries(Libraries::Failpoints);
    // A server runs in its data directory.
    let source = Server::start(config.env("SEMISYNC_STALL", &format!("{hook}:stall")));
    source.prepare();
    source.allow_fakes();
    source
}

/// From now on the hook waits.
fn stall(source: &Server) {
    fs::write(source.data_dir().join("stall"), "").expect("a file");
}

fn wait_stalled(source: &Server) {
    let reached = source.data_dir().join("stall.reached");
    eventually(PATIENCE, "a thread comes to the hook", || reached.exists());
}

fn go_on(source: &Server) {
    fs::remove_file(source.data_dir().join("stall")).expect("it was there");
}

/// The server checks what a dump asks for, then RESET deletes the log, then the plugin learns of
/// the dump.
fn a_request_that_a_reset_overtakes(start: impl FnOnce(&Server) -> Start) {
    let source = source_with_stall("transmit_start");
    source.insert_unconfirmed();
    let start = start(&source);

    stall(&source);
    let mut fake = FakeReplica::attach_to(&source, 77, Announce::Both, &start).expect("a dump");
    wait_stalled(&source);
    source.execute("RESET BINARY LOGS AND GTIDS");
    let commit = Waiting::insert(&source, 1);
    let mark = source.log_mark();
    go_on(&source);
    source.wait_log_since(mark, "server_id: 77");
    // The fake answers all that it is sent, up to the end of the connection.
    while let Ok(Some(event)) = fake.next_event(AT_ONCE) {
        // The source may end the connection meanwhile.
        let _ = fake.acknowledge(&event.end);
    }
    assert!(
        !commit.is_over_within(AT_ONCE),
        "confirmed by what was said of a log that is gone"
    );
    source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
    assert_eq!(source.counter("yes_tx"), 0);
}

#[test]
fn a_position_that_was_checked_before_a_reset_confirms_nothing_after_it() {
    a_request_that_a_reset_overtakes(|source| {
        rotate(source, 3);
        source.newest()
    });
}

/// The first transaction of the new log has the GTID of the first of the old one, and lies in a
/// file of the same name.
#[test]
fn gtids_that_were_compared_before_a_reset_confirm_nothing_after_it() {
    needs!(Dialect::of_run().has_gtid(), "it has no auto-position");
    a_request_that_a_reset_overtakes(|source| {
        let all = source.value("SELECT @@GLOBAL.gtid_executed");
        Start::Gtids(all.replace('\n', ""))
    });
}

/// The server lets commits go on before it tells its plugins of a RESET. What ends further on in the
/// new file than the old log did could be taken for a commit of the old log, which the RESET ends.
#[test]
fn a_long_commit_before_a_reset_is_told_waits_in_the_new_log() {
    let source = source_with_stall("after_reset_master");
    let mut fake = silent(&source, 77, &source.newest());
    assert_confirms(&source, &mut fake, "it is at the end of the log");
    stall(&source);
    let reset = Waiting::start(&source, "RESET BINARY LOGS AND GTIDS");
    wait_stalled(&source);
    let values = vec!["(9)"; 5000].join(", ");
    let commit = Waiting::start(&source, &format!("INSERT INTO {TABLE} (n) VALUES {values}"));
    source.wait_status("wait_sessions", "1");
    go_on(&source);
    reset.done_within(PATIENCE);

    assert!(
        !commit.is_over_within(AT_ONCE),
        "it went on with the commits of the old log"
    );
    source.set_source("enabled", "OFF");
    commit.done_within(PATIENCE);
    // RESET begins to count anew.
    assert_eq!(source.counter("yes_tx"), 0);
}
