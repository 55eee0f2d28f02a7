//! What else stands still while a commit waits.

use std::thread;
use std::time::{Duration, Instant};

use crate::load::Waiting;
use crate::pair::TABLE;
use crate::{A_DAY_MS, Link, PATIENCE, Server, eventually};

use super::seen::{Seen, time};
use super::side::Side;

const SOON: Duration = Duration::from_secs(3);
/// For what must go on once the replica is back, on a busy machine too.
const ONCE_IT_IS_BACK: Duration = Duration::from_secs(20);

pub fn flush_logs(side: &Side) -> Seen {
    let source = side.lone_source(A_DAY_MS);
    let commit = Waiting::insert(&source, 1);
    let flush = Waiting::start(&source, "FLUSH BINARY LOGS");
    let at_once = flush.is_over_within(SOON);
    let begin = Instant::now();
    let way_out = match side {
        Side::Ours(_) => {
            source.set_operator("release_waits", "ON");
            "release_waits"
        }
        _ => {
            source.set_source("enabled", "OFF");
            "enabled=OFF"
        }
    };
    flush.done_within(PATIENCE);
    let took = time(begin.elapsed());
    commit.done_within(PATIENCE);
    match at_once {
        true => Seen::Holds("not held up".to_owned()),
        false => Seen::Fails(format!("stands still; {way_out} ends that in {took}")),
    }
}

pub fn uninstall(side: &Side) -> Seen {
    if side.is_mariadb() {
        return Seen::Absent("semi-sync is built in");
    }
    // Stock counts a replica until its dump writes again.
    let link = Link::default().heartbeat("0.2");
    let pair = side.topology(A_DAY_MS).over(link).start();
    let (source, replica) = (&pair.source, pair.replica());
    source.insert(0);
    replica.execute("STOP REPLICA");
    source.wait_status("clients", "0");
    let commit = Waiting::insert(source, 1);
    let plugin = side.names().source_plugin();
    let uninstall = Waiting::start(source, &format!("UNINSTALL PLUGIN {plugin}"));
    let how = match uninstall.is_over_within(SOON) {
        true if uninstall.join_within(SOON).0.is_ok() => "UNINSTALL succeeds",
        true => "UNINSTALL is refused",
        false => "UNINSTALL hangs",
    };
    replica.execute("START REPLICA");
    let goes_on = commit.is_over_within(ONCE_IT_IS_BACK);
    let arrives = goes_on && {
        source.insert(2);
        let begin = Instant::now();
        while replica.count_rows(Some(2)) == 0 && begin.elapsed() < ONCE_IT_IS_BACK {
            thread::sleep(Duration::from_millis(10));
        }
        replica.count_rows(Some(2)) == 1
    };
    let then = match (goes_on, arrives) {
        (true, true) => "the commit goes on, the replica gets more",
        (true, false) => "the commit goes on, the replica gets nothing any more",
        _ => "the commit waits on although the replica is back",
    };
    Seen::holds_if(goes_on && arrives, format!("{how}; {then}"))
}

pub fn applier(side: &Side) -> Seen {
    let names = side.names();
    let first = side.server(1).label("first");
    let timeout = format!("{}={A_DAY_MS}", names.source_var("timeout"));
    let middle = side
        .as_source(side.server(2))
        .option(&timeout)
        .label("middle");
    // Where that is not the default.
    let middle = match side.dialect().takes_new_statements() {
        true => middle,
        false => middle.option("log-slave-updates=ON"),
    };
    let servers = Server::start_all(vec![first, middle]);
    servers.iter().for_each(Server::prepare);
    let (first, middle) = (&servers[0], &servers[1]);
    middle.replicate_from(first, &Link::default());
    first.execute(&format!("INSERT INTO {TABLE} (n) VALUES (1)"));
    let state = names.waiting_state();
    eventually(PATIENCE, "an applier that waits", || {
        let table = "information_schema.PROCESSLIST";
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE STATE = '{state}'");
        middle.value(&sql) == "1"
    });
    let stop = Waiting::start(middle, "STOP REPLICA SQL_THREAD");
    let begin = Instant::now();
    let bound = Duration::from_secs(8);
    let what = match stop.is_over_within(bound) {
        true => format!("ends in {}", time(begin.elapsed())),
        false => format!("goes on after {}", time(bound)),
    };
    let holds = begin.elapsed() < bound;
    middle.set_source("enabled", "OFF");
    stop.done_within(PATIENCE);
    Seen::holds_if(holds, what)
}
