//! Stopping what waits: at a shutdown no client is told OK for what no replica has, and an applier
//! that waits can be stopped, killed and shut down.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mysql::Error;
use semisync_live_tests::dialect::not_applicable;
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::{REPLICATION_PASSWORD, REPLICATION_USER, TABLE, TLS_USER};
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Link, Load, Names, PATIENCE, Server, ServerConfig, Topology,
    eventually, in_both_vocabularies, needs, process, server_dir_of, wait_for,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    Sigterm,
    Statement,
}

impl Ending {
    fn all(server: &Server) -> Vec<Ending> {
        if server.dialect().has_shutdown_statement() {
            vec![Ending::Sigterm, Ending::Statement]
        } else {
            vec![Ending::Sigterm]
        }
    }

    /// Begins the shutdown and does not wait for its end.
    fn begin(self, server: &Server) {
        match self {
            Ending::Sigterm => process::signal(server.pid(), libc::SIGTERM),
            Ending::Statement => server.execute("SHUTDOWN"),
        }
    }
}

/// Four commits of one row each: two clients over the socket, one over TCP, one over TLS where the
/// server's own client can. All four are in the binary log, and none is confirmed.
struct FourCommits {
    waiting: Vec<Waiting>,
    over_tls: Option<Child>,
}

impl FourCommits {
    fn start(source: &Server, first: i64) -> FourCommits {
        let insert = |n| format!("INSERT INTO {TABLE} (n) VALUES ({n})");
        let before = committed(source);
        let mut waiting: Vec<Waiting> = (0..2)
            .map(|n| Waiting::start(source, &insert(first + n)))
            .collect();
        let tcp = source.tcp_conn(REPLICATION_USER, REPLICATION_PASSWORD);
        waiting.push(Waiting::on(tcp, insert(first + 2)));
        let over_tls = over_tls(source, &insert(first + 3));
        if over_tls.is_none() {
            waiting.push(Waiting::start(source, &insert(first + 3)));
        }
        wait_for(PATIENCE, "four commits in the binary log", || {
            match committed(source) - before {
                4 => Ok(()),
                seen => Err(format!(
                    "{seen}; {:?}",
                    source.rows("SHOW FULL PROCESSLIST")
                )),
            }
        });
        eventually(PATIENCE, "a session waits", || {
            source.counter("wait_sessions") > 0
        });
        FourCommits { waiting, over_tls }
    }

    /// How many clients were told OK. All others must have lost their connection.
    fn told_ok(self) -> usize {
        let mut told = 0;
        for commit in self.waiting {
            match commit.join_within(PATIENCE).0 {
                Ok(()) => told += 1,
                Err(Error::MySqlError(e)) => panic!("an error of the server instead: {e}"),
                // The end of the connection: error 2013 in the words of the server's client
                // library.
                Err(_) => {}
            }
        }
        if let Some(client) = self.over_tls {
            let output = client.wait_with_output().expect("a client ends");
            let said = String::from_utf8_lossy(&output.stderr);
            let lost = said.contains("ERROR 2013");
            assert_ne!(output.status.success(), lost, "{said}");
            told += usize::from(output.status.success());
        }
        told
    }
}

/// One statement by the server's own client over TLS; `None`: there is none.
fn over_tls(source: &Server, sql: &str) -> Option<Child> {
    if !source.dialect().has_client_for_tls() {
        not_applicable("it comes without a client for TLS");
        return None;
    }
    let program = server_dir_of(source.dialect().series()).join("bin/mysql");
    let mut command = Command::new(program);
    command
        .args(["--no-defaults", "--ssl-mode=REQUIRED", "--host=127.0.0.1"])
        .arg(format!("--port={}", source.port()))
        .arg(format!("--user={TLS_USER}"))
        .arg(format!("--password={REPLICATION_PASSWORD}"))
        .arg(format!("--execute={sql}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    Some(process::spawn(command).expect("bin/mysql"))
}

/// Transactions in the current file of the binary log that dumps may send.
fn committed(source: &Server) -> usize {
    let (file, _) = source.binlog_position();
    let events = source.rows(&format!("SHOW BINLOG EVENTS IN '{file}'"));
    events.iter().filter(|event| event[2] == "Xid").count()
}

/// Chooses where commits wait, also after a restart. Where there is one place alone, this does
/// nothing.
fn set_wait_point_for_good(source: &Server, wait_point: &str) {
    source.set_wait_point(wait_point);
    if source.dialect().has_wait_point() {
        let variable = source.names().source_var("wait_point");
        source.reconfigure(|config| config.option(&format!("{variable}={wait_point}")));
    }
}

/// A pair whose commits wait for as long as it takes. The replication users may write.
fn pair_with_writers(names: Names) -> Topology {
    let pair = Topology::new(names).set("timeout", A_DAY_MS).start();
    pair.source.script(&format!(
        "SET sql_log_bin = 0;\nGRANT INSERT ON {TABLE} TO {REPLICATION_USER};\n\
         GRANT INSERT ON {TABLE} TO {TLS_USER};\nSET sql_log_bin = 1;"
    ));
    pair
}

/// A silent replica, four commits that wait for it, and a shutdown that begins. Returns the commits
/// and the place in the error log.
fn shut_down_with_a_silent_replica(
    pair: &Topology,
    wait_point: &str,
    first: i64,
) -> (FourCommits, usize) {
    set_wait_point_for_good(&pair.source, wait_point);
    pair.replica().freeze();
    let commits = FourCommits::start(&pair.source, first);
    let mark = pair.source.log_mark();
    Ending::Sigterm.begin(&pair.source);
    (commits, mark)
}

in_both_vocabularies! {
    fn a_shutdown_tells_no_client_ok_for_what_no_replica_has(names) {
        let pair = pair_with_writers(names);
        let (source, replica) = (&pair.source, pair.replica());
        let mut first = 1;
        for wait_point in source.dialect().wait_points() {
            set_wait_point_for_good(source, wait_point);
            for (ending, ordered) in Ending::all(source).into_iter().cycle().zip(["OFF", "ON"]) {
                source.order_commits(ordered);
                source.insert(0);
                let (file, position) = source.binlog_position();
                replica.execute("STOP REPLICA");
                source.wait_status("clients", "0");
                let commits = FourCommits::start(source, first);
                let mark = source.log_mark();
                let begin = Instant::now();
                ending.begin(source);
                source.wait_exit();
                println!(
                    "{ending:?} at {wait_point}, ordered: {ordered}: {:?}",
                    begin.elapsed()
                );

                assert_eq!(commits.told_ok(), 0, "{ending:?} at {wait_point}");
                let line = source.wait_log_since(mark, "Semi-sync at shutdown: 4 commit(s)");
                assert!(
                    line.contains(&format!(
                        "Acknowledged is everything up to ({file}, {position})"
                    )),
                    "{line}"
                );
                source.start_again();
                for n in first..first + 4 {
                    assert_eq!(source.count_rows(Some(n)), 1, "it stays committed");
                }
                replica.execute("START REPLICA");
                pair.wait_clients();
                replica.assert_same_rows(source);
                first += 4;
            }
        }
        source.stop();
        replica.stop();
    }

    fn a_shutdown_with_a_silent_replica_tells_no_client_ok_either(names) {
        let pair = pair_with_writers(names);
        let (source, replica) = (&pair.source, pair.replica());
        for (wait_point, first) in source.dialect().wait_points().iter().zip([1, 5]) {
            let (commits, mark) = shut_down_with_a_silent_replica(&pair, wait_point, first);
            source.wait_exit();
            assert_eq!(commits.told_ok(), 0, "{wait_point}");
            source.wait_log_since(mark, "Semi-sync at shutdown: 4 commit(s)");
            source.start_again();
            replica.thaw();
            pair.wait_clients();
            replica.assert_same_rows(source);
        }
    }

    fn what_is_acknowledged_during_a_shutdown_is_told_ok(names) {
        needs!(
            Dialect::of_run().ends_dumps_last(),
            "its shutdown ends dumps at once"
        );
        let pair = pair_with_writers(names);
        let (source, replica) = (&pair.source, pair.replica());
        for (wait_point, first) in source.dialect().wait_points().iter().zip([1, 5]) {
            let (commits, mark) = shut_down_with_a_silent_replica(&pair, wait_point, first);
            eventually(PATIENCE, "the shutdown has begun", || !source.listens());
            replica.thaw();
            source.wait_exit();
            assert_eq!(commits.told_ok(), 4, "{wait_point}");
            if Libraries::are_ours() {
                let log = source.log_since(mark);
                assert!(!log.contains("Semi-sync at shutdown"), "{log}");
            }
            source.start_again();
            pair.wait_clients();
            replica.assert_same_rows(source);
        }
    }
}

const FOR_EVER: &str = "1000000000000";
/// From the order to stop to the end of an applier that waits. The order itself is quick.
const SOON: Duration = Duration::from_secs(10);

/// A source, and a replica that is a source itself: enabled, without replicas of its own.
struct Chain {
    pair: Topology,
    names: Names,
}

impl Chain {
    fn start(names: Names, workers: u32) -> Chain {
        let dialect = Dialect::of_run();
        let pair = Topology::new(names).configure_replica(|replica| {
            let mut replica = replica
                .as_source()
                .option(&format!("{}={FOR_EVER}", names.source_var("timeout")));
            if dialect.is_mariadb() {
                replica = replica.option("log-slave-updates=1");
            }
            match dialect.parallel_workers(workers) {
                Some(option) => replica.option(&option),
                None => replica,
            }
        });
        Chain {
            pair: pair.start(),
            names,
        }
    }

    fn middle(&self) -> &Server {
        self.pair.replica()
    }

    /// `count` transactions on the source; returns when an applier waits for the first.
    fn let_an_applier_wait(&self, count: u32) {
        for _ in 0..count {
            self.pair.source.insert(1);
        }
        eventually(PATIENCE, "an applier waits", || {
            self.middle().counter("wait_sessions") > 0
        });
    }

    /// The appliers that wait, by their numbers in SHOW PROCESSLIST.
    fn waiting(&self) -> Vec<u32> {
        let state = self.names.waiting_state();
        let sql = format!("SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = '{state}'");
        let rows = self.middle().rows(&sql);
        rows.iter()
            .map(|row| row[0].parse().expect("a number"))
            .collect()
    }

    /// Starts the appliers. Nothing is lost or applied twice, whatever stopped them.
    fn go_on(&self) {
        self.middle().execute("START REPLICA");
        self.catch_up();
    }

    /// As `go_on`, where replication has begun already.
    fn catch_up(&self) {
        let middle = self.middle();
        middle.set_source("enabled", "0");
        middle.assert_same_rows(&self.pair.source);
        middle.set_source("enabled", "1");
    }
}

/// How appliers work in this series: alone, or also side by side.
fn kinds_of_workers() -> Vec<u32> {
    let dialect = Dialect::of_run();
    let parallel = dialect.parallel_workers(4).is_some();
    [0, 4].into_iter().filter(|n| *n == 0 || parallel).collect()
}

fn applier_has_ended(server: &Server) -> bool {
    let columns = server.replica_columns().expect("a replica");
    columns["Replica_SQL_Running"] == "No"
}

/// The statement runs in a thread of its own. Returns when the applier has ended, and how long that
/// took.
fn stop_appliers(chain: &Chain, statement: &str) -> Duration {
    let stop = Waiting::start(chain.middle(), statement);
    stop.done_within(SOON)
}

in_both_vocabularies! {
    fn an_applier_that_waits_can_be_stopped(names) {
        for workers in kinds_of_workers() {
            let chain = Chain::start(names, workers);
            for wait_point in chain.middle().dialect().wait_points() {
                chain.middle().set_wait_point(wait_point);
                for (count, statement) in [(1, "STOP REPLICA SQL_THREAD"), (12, "STOP REPLICA")] {
                    chain.let_an_applier_wait(count);
                    if workers > 0 && !chain.middle().dialect().shows_stop_to_workers() {
                        not_applicable("nothing shows its parallel appliers that they are to stop");
                        chain.middle().set_source("enabled", "0");
                        chain.middle().set_source("enabled", "1");
                        continue;
                    }
                    let before = chain.middle().counter("no_tx");
                    let took = stop_appliers(&chain, statement);
                    println!("{workers} workers, {wait_point}, {statement}: {took:?}");
                    assert_eq!(
                        chain.middle().status("status"),
                        "ON",
                        "it is not switched off"
                    );
                    assert!(chain.middle().counter("no_tx") > before);
                    assert_eq!(chain.middle().counter("wait_sessions"), 0);
                    chain.go_on();
                }
            }
        }
    }

    fn an_applier_that_waits_can_be_killed(names) {
        for workers in kinds_of_workers() {
            let chain = Chain::start(names, workers);
            for wait_point in chain.middle().dialect().wait_points() {
                chain.middle().set_wait_point(wait_point);
                chain.let_an_applier_wait(1);
                let waiting = chain.waiting();
                assert_eq!(waiting.len(), 1, "{waiting:?}");
                chain.middle().execute(&format!("KILL {}", waiting[0]));
                let took = eventually(SOON, "the applier has ended", || {
                    applier_has_ended(chain.middle())
                });
                println!("{workers} workers, {wait_point}, killed: {took:?}");
                assert_eq!(
                    chain.middle().status("status"),
                    "ON",
                    "it is not switched off"
                );
                chain.go_on();
            }
        }
    }

    fn a_server_whose_appliers_wait_can_be_shut_down(names) {
        for workers in kinds_of_workers() {
            let chain = Chain::start(names, workers);
            let middle = chain.middle();
            for wait_point in middle.dialect().wait_points() {
                set_wait_point_for_good(middle, wait_point);
                chain.let_an_applier_wait(12);
                let mark = middle.log_mark();
                let begin = Instant::now();
                Ending::Sigterm.begin(middle);
                middle.wait_exit();
                println!(
                    "{workers} workers, {wait_point}, SIGTERM: {:?}",
                    begin.elapsed()
                );
                middle.wait_log_since(mark, "Semi-sync at shutdown: ");
                // The server begins to replicate by itself. A START REPLICA at the same moment
                // would make it start a second receiver.
                middle.start_again();
                chain.catch_up();
            }
        }
    }

    fn a_client_waits_on_when_an_applier_is_stopped(names) {
        let chain = Chain::start(names, 0);
        let middle = chain.middle();
        for (wait_point, n) in middle.dialect().wait_points().iter().zip(1..) {
            middle.set_wait_point(wait_point);
            // Otherwise one of the two waits inside the other's commit, and neither can be stopped
            // without the other.
            middle.order_commits("OFF");
            chain.let_an_applier_wait(1);
            let client = Waiting::insert(middle, -n);
            stop_appliers(&chain, "STOP REPLICA SQL_THREAD");
            assert!(!client.is_over());
            assert_eq!(middle.counter("wait_sessions"), 1);
            middle.set_source("enabled", "0");
            client.done_within(SOON);
            middle.script(&format!(
                "SET sql_log_bin = 0;\nDELETE FROM {TABLE} WHERE n < 0;\nSET sql_log_bin = 1;"
            ));
            middle.execute("START REPLICA");
            middle.assert_same_rows(&chain.pair.source);
            middle.set_source("enabled", "1");
        }
    }

    fn an_applier_that_nobody_stops_goes_on_waiting(names) {
        let chain = Chain::start(names, 0);
        let (source, middle) = (&chain.pair.source, chain.middle());
        let tail = Server::start(ServerConfig::new(3, names).as_replica());
        tail.prepare();
        tail.replicate_from(middle, &Link::default());
        middle.wait_status("clients", "1");
        // One commit after the other: a session that waits may read its acknowledgement itself.
        let load = Load::start(source, 1);
        load.wait_progress(300);
        process::signal(tail.pid(), libc::SIGSTOP);
        std::thread::sleep(Duration::from_secs(1));
        let given_up = middle.counter("no_tx");
        let waiting = middle.counter("wait_sessions");
        process::signal(tail.pid(), libc::SIGCONT);
        load.finish_clean();
        assert_eq!((given_up, waiting), (0, 1));
        tail.assert_same_rows(source);
        assert_eq!(middle.counter("no_tx"), 0);
    }
}
