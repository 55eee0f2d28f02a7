//! Commits that wait for two replicas, and a failover under load.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use semisync_live_tests::console::{OrStop, Stop, say, step};
use semisync_live_tests::repository;

use crate::run::Run;
use crate::servers::{ALL, REPLICA_1, REPLICA_2, SOURCE, Servers};

pub fn both_replicas(servers: &Servers) -> Result<(), Stop> {
    step("AFTER_SYNC with two replicas: a commit waits for both");
    let file = repository().join("docker/conf.d/semisync.cnf");
    let text = fs::read_to_string(&file).or_stop(file.display())?;
    let (_, options) = text.split_once("[mysqld]\n").unwrap_or(("", &text));
    servers.restart_with(options.trim_end(), &ALL)?;
    servers.typed(REPLICA_2, &[&servers.change_to(SOURCE)])?;
    for replica in [REPLICA_1, REPLICA_2] {
        servers.typed(replica, &["START SLAVE"])?;
    }
    let what = "semi-sync replicas at the source";
    servers.wait_status(30, what, "2", SOURCE, "source_clients")?;
    servers.wait_status(30, "status", "ON", SOURCE, "source_status")?;
    servers.typed(
        SOURCE,
        &["SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = 2"],
    )?;
    let before = servers.counter(SOURCE, "source_yes_tx")?;
    servers.typed(
        SOURCE,
        &["INSERT INTO guide.notes (text) VALUES ('both have it')"],
    )?;
    let confirmed = servers.counter(SOURCE, "source_yes_tx")? - before;
    servers.check("yes_tx has grown by", 1, confirmed)?;
    for replica in [REPLICA_1, REPLICA_2] {
        let what = format!("rows on {replica}");
        servers.wait(20, &what, "1", || {
            servers.rows_with(replica, "both have it")
        })?;
    }

    servers.typed(SOURCE, &["SET GLOBAL rpl_semi_sync_source_timeout = 60000"])?;
    servers.typed(REPLICA_2, &["STOP SLAVE IO_THREAD"])?;
    let text = "one has it";
    let insert = servers.start_insert(SOURCE, text)?;
    servers.wait(20, "rows on replica-1", "1", || {
        servers.rows_with(REPLICA_1, text)
    })?;
    let waiting = servers.waiting(SOURCE)?;
    servers.check("sessions that go on waiting on the source", "1", &waiting)?;
    let seen = servers.rows_with(SOURCE, text)?;
    servers.check("rows that other sessions see on the source", "0", &seen)?;
    servers.typed(REPLICA_2, &["START SLAVE IO_THREAD"])?;
    insert.done()?;
    let seen = servers.rows_with(SOURCE, text)?;
    servers.check("once replica-2 has it too, rows on the source", "1", &seen)?;
    let unconfirmed = servers.counter(SOURCE, "source_no_tx")?;
    servers.check("transactions that were not confirmed", 0, unconfirmed)
}

pub fn failover(servers: &Servers) -> Result<(), Stop> {
    step("A failover: the source is killed while four sessions write to it");
    servers.typed(
        SOURCE,
        &[
            "SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = 1",
            "CREATE DATABASE ha",
            "CREATE TABLE ha.numbers (n INT PRIMARY KEY)",
        ],
    )?;
    let before = servers.counter(SOURCE, "source_no_tx")?;
    let writers = (1..=4).map(|number| Writer::start(servers.run, SOURCE, number));
    let writers: Vec<Writer> = writers.collect::<Result<_, _>>()?;
    thread::sleep(Duration::from_secs(4));
    let status = servers.status(SOURCE, "source_status")?;
    servers.check("while they write: status", "ON", &status)?;
    let unconfirmed = servers.counter(SOURCE, "source_no_tx")?;
    servers.check(
        "while they write: transactions that were not confirmed",
        before,
        unconfirmed,
    )?;
    servers.kill(SOURCE)?;
    let confirmed: BTreeSet<u32> = writers.into_iter().flat_map(Writer::confirmed).collect();
    let count = confirmed.len();
    servers.check_that(
        "rows were confirmed to the writers before it died",
        count,
        count >= 20,
    )?;

    let (promoted, other) = promote(servers)?;
    let missing = |server: &str| missing(servers, server, &confirmed);
    servers.check(
        "confirmed rows that are missing on it",
        0,
        missing(promoted)?,
    )?;
    let change = servers.change_to(promoted);
    servers.typed(other, &["STOP SLAVE", &change, "START SLAVE"])?;
    let what = "semi-sync replicas at the new source";
    servers.wait_status(30, what, "1", promoted, "source_clients")?;
    servers.wait_status(30, "its status", "ON", promoted, "source_status")?;
    let before = servers.counter(promoted, "source_yes_tx")?;
    servers.typed(promoted, &["INSERT INTO ha.numbers VALUES (1000001)"])?;
    let more = servers.counter(promoted, "source_yes_tx")? - before;
    servers.check("semi-sync goes on: yes_tx has grown by", 1, more)?;

    step("The old source comes back, as a replica");
    servers.start(SOURCE)?;
    servers.check("confirmed rows that are missing on it", 0, missing(SOURCE)?)?;
    give_up_what_nobody_confirmed(servers, promoted)?;
    servers.typed(SOURCE, &[&change, "START SLAVE"])?;
    servers.wait_status(60, what, "2", promoted, "source_clients")?;
    let count = "SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = 2";
    servers.typed(promoted, &[count])?;
    let before = servers.counter(promoted, "source_yes_tx")?;
    let what = "status, with two replicas wanted";
    servers.wait_status(60, what, "ON", promoted, "source_status")?;
    servers.typed(promoted, &["INSERT INTO ha.numbers VALUES (1000002)"])?;
    let more = servers.counter(promoted, "source_yes_tx")? - before;
    servers.check("both confirm: yes_tx has grown by", 1, more)?;
    let table = |server: &str| {
        let rows = servers.sql(server, "SELECT COUNT(*), IFNULL(SUM(n), 0) FROM ha.numbers")?;
        Ok(rows.replace('\t', " "))
    };
    let expected = table(promoted)?;
    for server in [SOURCE, other] {
        let what = format!("rows and their sum on {server}, as on {promoted}");
        servers.wait(60, &what, &expected, || table(server))?;
    }
    for server in ALL {
        let what = format!("confirmed rows that are missing on {server}");
        servers.check(&what, 0, missing(server)?)?;
    }
    let count = confirmed.len();
    say(format!(
        "=> {count} rows were confirmed, and every server has every one of them."
    ));
    Ok(())
}

/// The replica that has most becomes a source. Returns it and the other one.
fn promote(servers: &Servers) -> Result<(&'static str, &'static str), Stop> {
    for replica in [REPLICA_1, REPLICA_2] {
        servers.typed(replica, &["STOP SLAVE IO_THREAD"])?;
    }
    let (one, two) = (
        transactions(servers, REPLICA_1)?,
        transactions(servers, REPLICA_2)?,
    );
    say(format!("replica-1 has {one}"));
    say(format!("replica-2 has {two}"));
    let first_has_all = servers.sql(REPLICA_1, &format!("SELECT GTID_SUBSET('{two}', '{one}')"))?;
    let (promoted, other, goal) = match first_has_all.as_str() {
        "0" => (REPLICA_2, REPLICA_1, two),
        _ => (REPLICA_1, REPLICA_2, one),
    };
    say(format!("=> {promoted} has most and becomes the source"));
    let sql = format!("SELECT WAIT_FOR_EXECUTED_GTID_SET('{goal}', 60)");
    servers.check("it applies what it has", "0", &servers.sql(promoted, &sql)?)?;
    servers.typed(promoted, &["STOP SLAVE", "RESET SLAVE ALL"])?;
    Ok((promoted, other))
}

/// A source that was killed may hold commits whose clients never got an OK. They are on no other
/// server.
fn give_up_what_nobody_confirmed(servers: &Servers, promoted: &str) -> Result<(), Stop> {
    let goal = transactions(servers, promoted)?;
    let sql = format!("SELECT GTID_SUBTRACT(@@GLOBAL.gtid_executed, '{goal}')");
    let extra = servers.sql(SOURCE, &sql)?;
    if extra.is_empty() {
        say(format!("it holds nothing that {promoted} does not have"));
        return Ok(());
    }
    say("it holds transactions that nobody had confirmed when it died, and no other server has:");
    say(format!("  {extra}"));
    say(format!(
        "so it cannot go on from there: it is made anew, and gets everything from {promoted};"
    ));
    say("under another server_id, for a server passes over what was written under its own");
    servers.remove(SOURCE)?;
    servers.create(SOURCE, 4)?;
    servers.start(SOURCE)?;
    servers.add_users(SOURCE)
}

/// The transactions that a server has: applied, or in its relay log.
fn transactions(servers: &Servers, server: &str) -> Result<String, Stop> {
    let received = "SELECT IFNULL(MAX(RECEIVED_TRANSACTION_SET), '') \
                    FROM performance_schema.replication_connection_status";
    let all = format!("CONCAT(@@GLOBAL.gtid_executed, ',', ({received}))");
    servers.sql(
        server,
        &format!("SELECT REPLACE(GTID_SUBTRACT({all}, ''), '\\n', '')"),
    )
}

/// How many of the confirmed rows a server lacks.
fn missing(servers: &Servers, server: &str, confirmed: &BTreeSet<u32>) -> Result<usize, Stop> {
    let rows = servers.sql(server, "SELECT n FROM ha.numbers")?;
    let there: BTreeSet<u32> = rows.lines().filter_map(|row| row.parse().ok()).collect();
    Ok(confirmed.difference(&there).count())
}

/// A client in another container that writes one row after the other, until its server is gone.
struct Writer {
    client: Child,
    confirmed: Option<JoinHandle<Vec<u32>>>,
}

impl Writer {
    /// One transaction for each number. The server prints the number only after it has confirmed
    /// the row.
    fn start(run: &Run, server: &str, number: u32) -> Result<Writer, Stop> {
        let (container, host) = (run.named(REPLICA_2), format!("--host={server}"));
        let client = [
            "exec",
            "-i",
            &container,
            "mysql",
            &host,
            "--user=app",
            "--password=secret",
        ];
        let options = ["--batch", "--skip-column-names", "--unbuffered", "ha"];
        let mut command = run.docker(&[&client[..], &options[..]].concat())?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = command.spawn().or_stop("docker exec")?;
        let mut input = client.stdin.take().expect("a pipe");
        let output = BufReader::new(client.stdout.take().expect("a pipe"));
        // It ends when the client does, whose server is gone.
        thread::spawn(move || {
            (number..400_000).step_by(4).try_for_each(|n| {
                writeln!(input, "INSERT INTO ha.numbers VALUES ({n}); SELECT {n};")
            })
        });
        let confirmed = thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines.filter_map(|line| line.parse().ok()).collect()
        });
        Ok(Writer {
            client,
            confirmed: Some(confirmed),
        })
    }

    /// What was confirmed to it, when its server is gone.
    fn confirmed(mut self) -> Vec<u32> {
        let confirmed = self.confirmed.take().expect("it is asked once");
        confirmed.join().expect("no panic in a reader")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}
