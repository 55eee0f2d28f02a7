//! The status rows of the operator's plugin: numbers for exporters, each of which moves as its
//! sentence in the manual says.
//!
//! Fakes acknowledge when the test wants it, so the test knows what waits. Times are compared with
//! each other, and with pauses that the test has made itself; never with a machine's speed.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::fake_replica::{Announce, FakeReplica};
use semisync_live_tests::load::Waiting;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Server, ServerConfig, eventually,
    in_both_vocabularies, needs,
};

const OURS: &str = "stock has no second plugin";
const PREFIX: &str = "Semisync_source_";
/// How long the test keeps something waiting on purpose.
const PAUSE: Duration = Duration::from_millis(300);
const PAUSE_US: u64 = 300_000;
const FAKE: u32 = 7_790_001;

/// The rows of the source as a whole that are promised.
const OF_SOURCE: [&str; 28] = [
    "oldest_wait_us",
    "blocked_us",
    "waiting_lag_bytes",
    "state",
    "off_since_us",
    "confirmed_tx",
    "unconfirmed_tx",
    "wait_le_100",
    "wait_le_250",
    "wait_le_500",
    "wait_le_1000",
    "wait_le_2500",
    "wait_le_5000",
    "wait_le_10000",
    "wait_le_25000",
    "wait_le_50000",
    "wait_le_100000",
    "wait_le_250000",
    "wait_le_500000",
    "wait_le_1000000",
    "wait_le_2500000",
    "wait_le_5000000",
    "wait_le_10000000",
    "wait_le_inf",
    "wait_sum_us",
    "unconfirmed_waits",
    "refused_tx",
    "acks_refused",
];

type Rows = BTreeMap<String, u64>;

/// All rows of one moment, without what their names begin with.
#[track_caller]
fn rows(source: &Server) -> Rows {
    let shown = source.rows("SHOW GLOBAL STATUS LIKE 'Semisync\\_source\\_%'");
    let number = |row: Vec<String>| {
        let name = row[0].strip_prefix(PREFIX).expect("the prefix");
        let number = row[1].parse();
        let number = number.unwrap_or_else(|_| panic!("{name} is {:?}", row[1]));
        (name.to_owned(), number)
    };
    shown.into_iter().map(number).collect()
}

#[track_caller]
fn row(source: &Server, name: &str) -> u64 {
    let rows = rows(source);
    *rows
        .get(name)
        .unwrap_or_else(|| panic!("no row {name} among {rows:?}"))
}

#[track_caller]
fn wait_row(source: &Server, name: &str, expected: u64) {
    eventually(PATIENCE, &format!("{name} is {expected}"), || {
        row(source, name) == expected
    });
}

/// A source and a fake that has everything and has acknowledged once.
fn attended(names: Names, timeout_ms: &str) -> (Server, FakeReplica) {
    let source = Server::lone_source(names, timeout_ms);
    let mut fake = FakeReplica::at_the_end(&source, FAKE);
    source.insert_while(|| {
        fake.answer();
    });
    (source, fake)
}

in_both_vocabularies! {
    fn the_rows_come_with_the_second_plugin_and_go_with_it(names) {
        needs!(Libraries::are_ours(), OURS);
        let source = Server::start(ServerConfig::new(1, names));
        source.execute(&names.install_source());
        let stock = || {
            let rows = source.rows("SHOW GLOBAL STATUS LIKE 'Rpl\\_semi\\_sync\\_%'");
            rows.into_iter().map(|row| row[0].clone()).collect::<Vec<_>>()
        };
        let before = stock();
        assert!(rows(&source).is_empty());
        source.execute(&format!(
            "INSTALL PLUGIN semisync_source SONAME '{}'",
            names.source_library()
        ));
        let shown = rows(&source);
        for name in OF_SOURCE {
            assert!(shown.contains_key(name), "no row {name} among {shown:?}");
        }
        assert_eq!(stock(), before);
        // Without the main plugin there is a row for everything, and nothing to be told.
        source.uninstall(&names.source_plugin());
        assert_eq!(rows(&source).len(), shown.len());
        assert_eq!(row(&source, "state"), 0);
        source.uninstall("semisync_source");
        assert!(rows(&source).is_empty());
        source.stop();
    }
}

#[test]
fn transactions_are_counted_as_confirmed_when_replicas_have_them() {
    needs!(Libraries::are_ours(), OURS);
    let (source, mut fake) = attended(Names::newest(), A_DAY_MS);
    let before = rows(&source);
    for _ in 0..3 {
        source.insert_while(|| {
            fake.answer();
        });
    }
    let after = rows(&source);
    assert_eq!(after["confirmed_tx"], before["confirmed_tx"] + 3);
    assert_eq!(after["unconfirmed_tx"], before["unconfirmed_tx"]);
    source.stop();
}

#[test]
fn an_acknowledgement_that_is_not_believed_is_counted() {
    needs!(Libraries::are_ours(), OURS);
    let (source, mut fake) = attended(Names::newest(), A_DAY_MS);
    assert_eq!(row(&source, "acks_refused"), 0);
    let mut place = source.newest_place();
    place.position += 1_000_000;
    for refused in 1..=2 {
        fake.say(&place);
        wait_row(&source, "acks_refused", refused);
    }
    source.insert_while(|| {
        fake.answer();
    });
    assert_eq!(row(&source, "acks_refused"), 2);
    source.stop();
}

#[test]
fn what_is_blocked_is_told_while_nobody_acknowledges() {
    needs!(Libraries::are_ours(), OURS);
    let (source, mut fake) = attended(Names::newest(), A_DAY_MS);
    let moving = ["oldest_wait_us", "blocked_us", "waiting_lag_bytes"];
    let idle = rows(&source);
    assert!(moving.iter().all(|name| idle[*name] == 0), "{idle:?}");
    let commit = Waiting::insert(&source, 2);
    sleep(PAUSE);
    let early = rows(&source);
    assert!(early["blocked_us"] >= PAUSE_US, "{early:?}");
    assert!(early["oldest_wait_us"] >= early["blocked_us"], "{early:?}");
    let end = fake.request().end;
    assert!(early["waiting_lag_bytes"] > 0, "{early:?}");
    sleep(PAUSE);
    let late = rows(&source);
    for name in ["oldest_wait_us", "blocked_us"] {
        assert!(late[name] >= early[name] + PAUSE_US, "{name}: {late:?}");
    }
    assert_eq!(late["waiting_lag_bytes"], early["waiting_lag_bytes"]);
    fake.say(&end);
    commit.done_within(PATIENCE);
    let idle = rows(&source);
    assert!(moving.iter().all(|name| idle[*name] == 0), "{idle:?}");
    source.stop();
}

/// Whoever was released shows that the others are served, so nobody is blocked since then.
#[test]
fn blocked_begins_anew_with_each_release() {
    let dialect = Dialect::of_run();
    needs!(Libraries::are_ours(), OURS);
    needs!(
        dialect.has_order_commits(),
        "commits wait one after the other"
    );
    let (source, mut fake) = attended(Names::newest(), A_DAY_MS);
    source.order_commits("OFF");
    source.set_wait_point("AFTER_COMMIT");
    let first = Waiting::insert(&source, 2);
    let end = fake.request().end;
    let second = Waiting::insert(&source, 3);
    sleep(PAUSE);
    fake.say(&end);
    first.done_within(PATIENCE);
    let rows = rows(&source);
    assert!(
        rows["oldest_wait_us"] >= rows["blocked_us"] + PAUSE_US,
        "{rows:?}"
    );
    fake.answer();
    second.done_within(PATIENCE);
    source.stop();
}

#[test]
fn the_state_is_a_number_and_off_is_timed() {
    needs!(Libraries::are_ours(), OURS);
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    let state = |expected: u64| {
        let rows = rows(&source);
        assert_eq!(rows["state"], expected, "{rows:?}");
        rows["off_since_us"]
    };
    assert_eq!(state(3), 0, "ON, and no replica is there");
    let mut fake = FakeReplica::at_the_end(&source, FAKE);
    wait_row(&source, "state", 2);
    source.set_source("timeout", "1");
    source.insert(7);
    let early = state(1);
    sleep(PAUSE);
    assert!(state(1) >= early + PAUSE_US);
    source.set_source("timeout", A_DAY_MS);
    fake.answer();
    wait_row(&source, "state", 2);
    assert_eq!(state(2), 0);
    fake.close();
    wait_row(&source, "state", 3);
    source.set_source("enabled", "OFF");
    assert_eq!(state(0), 0, "disabled is not OFF");
    source.set_source("enabled", "ON");
    state(3);
    source.stop();
}

#[test]
fn waits_are_counted_in_cumulative_buckets_that_add_up_to_stocks_rows() {
    needs!(Libraries::are_ours(), OURS);
    let (source, mut fake) = attended(Names::newest(), A_DAY_MS);
    for n in 0..9 {
        let commit = Waiting::insert(&source, n);
        fake.answer();
        commit.done_within(PATIENCE);
    }
    let slow = Waiting::insert(&source, 9);
    sleep(PAUSE);
    fake.answer();
    slow.done_within(PATIENCE);
    let shown = rows(&source);
    let buckets: Vec<u64> = OF_SOURCE
        .iter()
        .filter(|name| name.starts_with("wait_le_"))
        .map(|name| shown[*name])
        .collect();
    assert_eq!(buckets.len(), 17);
    assert!(buckets.is_sorted(), "{buckets:?}");
    assert_eq!(shown["wait_le_inf"], source.counter("tx_waits"));
    assert!(
        shown["wait_le_inf"] > shown["wait_le_250000"],
        "one was slow"
    );
    // A session that was released takes its time to wake up.
    assert!(shown["wait_sum_us"] >= PAUSE_US, "{shown:?}");
    assert!(
        shown["wait_sum_us"] <= source.counter("tx_wait_time"),
        "{shown:?}"
    );
    assert_eq!(shown["unconfirmed_waits"], 0);
    // As stock's rows, these begin anew with the log.
    source.execute(&source.dialect().spell("RESET BINARY LOGS AND GTIDS"));
    assert_eq!(source.counter("tx_waits"), 0);
    let shown = rows(&source);
    assert_eq!((shown["wait_le_inf"], shown["wait_sum_us"]), (0, 0));
    source.stop();
}

#[test]
fn a_wait_that_nobody_acknowledged_is_in_no_bucket() {
    needs!(Libraries::are_ours(), OURS);
    let (source, fake) = attended(Names::newest(), A_DAY_MS);
    let before = rows(&source);
    source.set_source("timeout", "1");
    source.insert(7);
    let after = rows(&source);
    assert_eq!(after["unconfirmed_waits"], before["unconfirmed_waits"] + 1);
    assert_eq!(after["unconfirmed_tx"], before["unconfirmed_tx"] + 1);
    assert_eq!(after["confirmed_tx"], before["confirmed_tx"]);
    assert_eq!(after["wait_le_inf"], before["wait_le_inf"]);
    assert_eq!(after["wait_sum_us"], before["wait_sum_us"]);
    fake.close();
    source.stop();
}

#[test]
fn a_replica_has_rows_where_they_are_wanted() {
    needs!(Libraries::are_ours(), OURS);
    let (source, mut fake) = attended(Names::newest(), A_DAY_MS);
    let name = |what: &str| format!("replica_{FAKE}_{what}");
    let is_of_replica = |row: &String| row.starts_with("replica_");
    assert!(!rows(&source).keys().any(is_of_replica), "OFF by default");
    source.execute("SET GLOBAL semisync_source_replica_rows = ON");
    let idle = rows(&source);
    let shown: Vec<_> = idle.keys().filter(|row| is_of_replica(row)).collect();
    let mut promised = ["lag_bytes", "lag_us", "ack_age_us", "counted"].map(name);
    promised.sort();
    assert_eq!(shown, promised.iter().collect::<Vec<_>>());
    assert_eq!((idle[&name("counted")], idle[&name("lag_bytes")]), (1, 0));

    let commit = Waiting::insert(&source, 2);
    let end = fake.request().end;
    sleep(PAUSE);
    let late = rows(&source);
    assert!(late[&name("lag_us")] >= PAUSE_US, "{late:?}");
    assert!(
        late[&name("ack_age_us")] >= late[&name("lag_us")],
        "{late:?}"
    );
    assert!(late[&name("lag_bytes")] > 0, "{late:?}");
    let before = Instant::now();
    fake.say(&end);
    commit.done_within(PATIENCE);
    eventually(PATIENCE, "the new acknowledgement is noted", || {
        let idle = rows(&source);
        let elapsed = before.elapsed().as_micros();
        idle[&name("lag_bytes")] == 0 && u128::from(idle[&name("ack_age_us")]) <= elapsed
    });

    fake.close();
    eventually(PATIENCE, "a replica that is gone has no rows", || {
        !rows(&source).keys().any(is_of_replica)
    });
    source.stop();
}

#[test]
fn no_more_than_32_replicas_have_rows() {
    needs!(Libraries::are_ours(), OURS);
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    source.execute("SET GLOBAL semisync_source_replica_rows = ON");
    let start = source.newest();
    let fakes: Vec<_> = (FAKE..FAKE + 34)
        .map(|id| FakeReplica::attach_to(&source, id, Announce::Both, &start))
        .collect::<Result<_, _>>()
        .expect("34 fakes");
    source.wait_status("clients", "34");
    let counted = |row: &&String| row.starts_with("replica_") && row.ends_with("_counted");
    assert_eq!(rows(&source).keys().filter(counted).count(), 32);
    drop(fakes);
    source.stop();
}
