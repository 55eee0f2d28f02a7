//! What happens in the demo, and what must be true of it.

use std::time::Duration;

use mysql::prelude::Queryable;
use semisync_live_tests::console::{OrStop, Stop, say, step};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::{PATIENCE, eventually};

use crate::stage::{Stage, check, check_that};

/// For the one commit that waits in vain. A loaded machine may need as long for a commit that is
/// confirmed.
const SHORT_TIMEOUT: Duration = Duration::from_secs(2);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

const PLUGINS: &str = "SELECT PLUGIN_NAME, PLUGIN_STATUS, PLUGIN_LIBRARY \
                       FROM information_schema.PLUGINS WHERE PLUGIN_NAME LIKE 'rpl_semi%'";

/// The first five steps, on servers that have just been started.
pub fn tell(stage: &Stage) -> Result<(), Stop> {
    the_plugins_are_loaded(stage)?;
    the_replica_connects(stage)?;
    writes_wait(stage)?;
    the_replica_stops(stage)?;
    the_replica_returns(stage)
}

fn the_plugins_are_loaded(stage: &Stage) -> Result<(), Stop> {
    for actor in stage.actors() {
        actor.show_option_file()?;
    }
    for actor in stage.actors() {
        actor.run(&[PLUGINS])?;
        let active: Vec<String> = actor
            .server
            .rows(PLUGINS)
            .into_iter()
            .map(|row| row[1].clone())
            .collect();
        let what = format!("the state of the plugins on the {}", actor.name);
        check(&what, "ACTIVE", &active.join(", "))?;
    }
    Ok(())
}

fn the_replica_connects(stage: &Stage) -> Result<(), Stop> {
    step("2. The replica connects: who is attached?");
    let (source, replica) = (&stage.source, &stage.replica);
    say("the user for replication, without the binary log: what is logged waits for a replica,");
    say("and there is none yet");
    source.run(&[
        "SET sql_log_bin = 0",
        "CREATE USER repl IDENTIFIED BY 'secret'",
        "GRANT REPLICATION SLAVE ON *.* TO repl",
    ])?;
    replica.run(&[&stage.link(), "START REPLICA"])?;
    source.server.wait_status("clients", "1");
    source.server.wait_status("status", "ON");
    replica.server.wait_replica_status("ON");
    source.run(&["SHOW REPLICAS"])?;
    stage.show_status(&["status", "clients"]);
    source.show_log();
    replica.show_log();
    Ok(())
}

fn writes_wait(stage: &Stage) -> Result<(), Stop> {
    step(
        "3. Writes wait for the replica's acknowledgement: \
         what was confirmed, and how long did it take?",
    );
    let (source, replica) = (&stage.source, &stage.replica);
    source.run(&[
        "CREATE DATABASE demo",
        "CREATE TABLE demo.notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))",
    ])?;
    let before = stage.counter("yes_tx");
    insert(stage, "a commit that is confirmed")?;
    say("and fifty more, one transaction each");
    let mut conn = source.server.conn();
    for number in 1..=50 {
        let sql = insertion(&format!("note {number}"));
        conn.query_drop(&sql)
            .or_stop(format!("the source refused: {sql}"))?;
    }
    let confirmed = stage.counter("yes_tx") - before;
    check("transactions that were confirmed (yes_tx)", 51, confirmed)?;
    check(
        "transactions that were not (no_tx)",
        0,
        stage.counter("no_tx"),
    )?;
    let average = stage.counter("tx_avg_wait_time");
    check_that(average > 0, || {
        "no commit waited (tx_avg_wait_time is 0)".to_owned()
    })?;
    replica.wait_rows("51");
    let rows = [
        "status",
        "clients",
        "yes_tx",
        "no_tx",
        "tx_waits",
        "tx_avg_wait_time",
    ];
    stage.show_status(&rows);
    replica.run(&["SELECT COUNT(*) AS rows_on_the_replica FROM demo.notes"])?;
    say(format!(
        "=> {confirmed} of 51 commits were confirmed by the replica; \
         a commit waited {average} microseconds on average."
    ));
    Ok(())
}

fn the_replica_stops(stage: &Stage) -> Result<(), Stop> {
    step(
        "4. The replica stops: one commit waits out the timeout, \
         then the source goes on asynchronously",
    );
    let (source, replica) = (&stage.source, &stage.replica);
    source.run(&[&stage.set_timeout(SHORT_TIMEOUT)])?;
    replica.run(&["STOP REPLICA"])?;
    let sql = insertion("a commit that nobody confirms");
    source.show_statement(&sql);
    let commit = Waiting::start(&source.server, &sql);
    let state = || source.server.processlist_state(commit.connection);
    // On a slow machine the wait may be over before anybody looks.
    eventually(PATIENCE, "a commit that waits", || {
        commit.is_over() || state() == stage.names.waiting_state()
    });
    say("meanwhile, in another session:");
    let processlist = stage.dialect.processlist();
    let waits = "STATE LIKE 'Waiting for semi-sync ACK%'";
    source.run(&[&format!(
        "SELECT ID, COMMAND, STATE FROM {processlist} WHERE {waits}"
    )])?;
    let (result, took) = commit.join_within(PATIENCE);
    result.or_stop("the commit that nobody confirms should be kept, unconfirmed, and failed")?;
    tell_time(took);
    // The server's clock and this one's need not agree to the millisecond.
    let shortest = SHORT_TIMEOUT.saturating_sub(Duration::from_millis(50));
    check_that(took >= shortest, || {
        format!("the commit took {took:?}, and the timeout is {SHORT_TIMEOUT:?}")
    })?;
    check(
        "semi-sync at the source, after the timeout",
        "OFF",
        &stage.status("status"),
    )?;
    check(
        "transactions that were not confirmed (no_tx)",
        1,
        stage.counter("no_tx"),
    )?;
    check("timeouts (no_times)", 1, stage.counter("no_times"))?;
    source.server.wait_status("clients", "0");
    say("the default timeout again:");
    source.run(&[&stage.set_timeout(DEFAULT_TIMEOUT)])?;
    let took = insert(stage, "a commit that does not wait any more")?;
    check_that(took < DEFAULT_TIMEOUT, || {
        format!("with semi-sync OFF a commit took {took:?}; it should not wait")
    })?;
    stage.show_status(&["status", "clients", "yes_tx", "no_tx", "no_times"]);
    source.show_log();
    say(
        "=> no commit failed, and none waited longer than the timeout; \
         but two rows are on the source alone:",
    );
    replica.run(&["SELECT COUNT(*) AS rows_on_the_replica FROM demo.notes"])?;
    check(
        "rows on the replica while it is stopped",
        "51",
        &replica.rows(),
    )
}

fn the_replica_returns(stage: &Stage) -> Result<(), Stop> {
    step("5. The replica returns: semi-sync is ON again by itself");
    let (source, replica) = (&stage.source, &stage.replica);
    replica.run(&["START REPLICA"])?;
    source.server.wait_status("status", "ON");
    replica.wait_rows("53");
    let before = stage.counter("yes_tx");
    insert(stage, "a commit that is confirmed again")?;
    let confirmed = stage.counter("yes_tx") - before;
    check(
        "transactions that were confirmed since (yes_tx)",
        1,
        confirmed,
    )?;
    replica.wait_rows("54");
    let rows = [
        "status",
        "clients",
        "yes_tx",
        "no_tx",
        "no_times",
        "tx_avg_wait_time",
    ];
    stage.show_status(&rows);
    source.show_log();
    replica.run(&["SELECT * FROM demo.notes WHERE text LIKE 'a commit%'"])?;
    check("rows on the source", "54", &source.rows())
}

pub fn insertion(text: &str) -> String {
    format!("INSERT INTO demo.notes (text) VALUES ('{text}')")
}

/// One commit, shown with its time. Returns how long the client waited for its OK.
pub fn insert(stage: &Stage, text: &str) -> Result<Duration, Stop> {
    let sql = insertion(text);
    stage.source.show_statement(&sql);
    let (result, took) = Waiting::start(&stage.source.server, &sql).join_within(PATIENCE);
    result.or_stop(format!("the source refused: {sql}"))?;
    tell_time(took);
    Ok(took)
}

pub fn tell_time(took: Duration) {
    println!("      OK after {:.3} ms", took.as_secs_f64() * 1000.0);
}
