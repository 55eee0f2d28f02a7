//! A session that waits reads its acknowledgement by itself, once commits come one after the other:
//! the receiver of acknowledgements then stands by. Whatever else ends the wait reaches the session
//! there, and whoever waits beside it is read for.

use std::fs;
use std::time::Duration;

use semisync_live_tests::load::{Load, Waiting};
use semisync_live_tests::{
    A_DAY_MS, Libraries, Names, PATIENCE, Server, Topology, needs, process, wait_for,
};

const OURS: &str = "stock's sessions do not read";
/// A wait that goes on for so long goes on.
const A_WHILE: Duration = Duration::from_millis(700);

fn pair(timeout_ms: &str) -> Topology {
    let pair = Topology::new(Names::newest())
        .set("timeout", timeout_ms)
        .start();
    pair.source.insert(0);
    pair
}

/// The threads of the source that sleep in `epoll`.
fn in_poller(source: &Server) -> Vec<String> {
    let tasks = format!("/proc/{}/task", source.pid());
    let tasks = fs::read_dir(tasks).expect("the threads of the source");
    let sleeps = |task: &fs::DirEntry| {
        let call = fs::read_to_string(task.path().join("syscall"));
        let number = |call: &str| call.split(' ').next()?.parse().ok();
        call.is_ok_and(|call| number(&call) == Some(libc::SYS_epoll_pwait))
    };
    let tasks = tasks.filter_map(Result::ok).filter(sleeps);
    tasks
        .map(|task| task.file_name().to_string_lossy().into_owned())
        .collect()
}

/// One thread sleeps there, and it is that of a session or the receiver's own.
fn wait_reader(source: &Server, receiver: &str, is_session: bool) {
    wait_for(PATIENCE, "one thread in epoll", || {
        let threads = in_poller(source);
        match threads.as_slice() {
            [one] if (one != receiver) == is_session => Ok(()),
            _ => Err(format!("in epoll: {threads:?}; the receiver is {receiver}")),
        }
    });
}

/// The receiver's thread, while nobody commits.
fn receiver(source: &Server) -> String {
    let mut found = String::new();
    wait_for(PATIENCE, "the receiver in epoll", || {
        match in_poller(source).as_slice() {
            [one] => {
                found.clone_from(one);
                Ok(())
            }
            threads => Err(format!("in epoll: {threads:?}")),
        }
    });
    found
}

/// A session that commits as fast as it can, and the receiver's thread.
struct Driver {
    load: Load,
    receiver: String,
}

/// The replica is frozen, and the session's commit waits in the receiver's poller.
fn drive(pair: &Topology) -> Driver {
    let receiver = receiver(&pair.source);
    let load = Load::start(&pair.source, 1);
    load.wait_progress(100);
    pair.replica().freeze();
    let driver = Driver { load, receiver };
    driver.waits(pair);
    driver
}

impl Driver {
    /// The replica is frozen; the session's next commit waits in the receiver's poller. On a busy
    /// machine it may come so late that the receiver reads again: then another try is made.
    fn waits(&self, pair: &Topology) {
        const TRIES: u32 = 50;
        for _ in 0..TRIES {
            pair.source.wait_status("wait_sessions", "1");
            if let [one] = in_poller(&pair.source).as_slice()
                && *one != self.receiver
            {
                return;
            }
            pair.replica().thaw();
            self.load.wait_progress(50);
            pair.replica().freeze();
        }
        panic!("{TRIES} times the receiver has read for a session");
    }
}

/// The session's number in the process list.
fn connection(source: &Server) -> u64 {
    let sql = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'INSERT%'";
    source.value(sql).parse().expect("one session waits")
}

/// The load goes on, and all of it is on the replica.
fn heal(pair: &Topology, driver: Driver) {
    pair.replica().thaw();
    driver.load.wait_progress(50);
    driver.load.finish_clean();
    wait_reader(&pair.source, &driver.receiver, false);
    pair.replica().assert_same_rows(&pair.source);
}

#[test]
fn the_session_that_waits_reads_by_itself_and_the_receiver_comes_back() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair(A_DAY_MS);
    let wait_points = pair.source.dialect().wait_points();
    // With and without a look before it sleeps.
    for (wait_point, spin) in wait_points.iter().zip(["1000", "0"]) {
        pair.source.set_wait_point(wait_point);
        pair.source.set_operator("spin_us", spin);
        let unconfirmed = pair.source.counter("no_tx");
        let driver = drive(&pair);
        heal(&pair, driver);
        assert_eq!(pair.source.counter("no_tx"), unconfirmed);
    }
}

#[test]
fn the_timeout_reaches_a_session_that_reads() {
    needs!(Libraries::are_ours(), OURS);
    // Long enough for a look at the session that reads, short enough for people.
    let pair = pair("8000");
    let driver = drive(&pair);
    driver.load.wait_progress(50);
    assert_eq!(pair.source.status("status"), "OFF");
    assert_eq!(pair.source.counter("no_times"), 1);
    pair.replica().thaw();
    pair.source.wait_status("status", "ON");
    heal(&pair, driver);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    KilledBefore,
    Kill,
    Release,
}

#[test]
fn kill_and_release_reach_a_session_that_reads() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair(A_DAY_MS);
    let source = &pair.source;
    for end in [End::KilledBefore, End::Kill, End::Release] {
        let Driver { load, receiver } = drive(&pair);
        let unconfirmed = source.counter("no_tx");
        let kill = || source.execute(&format!("KILL QUERY {}", connection(source)));
        match end {
            End::KilledBefore => {
                let committed = load.committed();
                kill();
                std::thread::sleep(A_WHILE);
                assert_eq!(load.committed(), committed, "KILL ends no wait");
                // It looks around, and finds that it was killed.
                source.set_operator("kill_ends_wait", "ON");
            }
            End::Kill => kill(),
            End::Release => source.set_operator("release_waits", "ON"),
        }
        wait_for(PATIENCE, "the end of a wait", || {
            match source.counter("no_tx") - unconfirmed {
                1 => Ok(()),
                other => Err(format!("{other} have ended")),
            }
        });
        pair.replica().thaw();
        // Some servers tell the client of the KILL.
        let told = load.finish().errors;
        assert!(
            told.is_empty() || end != End::Release && told[0].contains("interrupted"),
            "{told:?}"
        );
        wait_reader(source, &receiver, false);
        pair.replica().assert_same_rows(source);
    }
}

#[test]
fn switching_off_and_on_reaches_a_session_that_reads() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair(A_DAY_MS);
    let source = &pair.source;
    let driver = drive(&pair);
    source.set_source("enabled", "OFF");
    driver.load.wait_progress(50);
    assert_eq!(in_poller(source), Vec::<String>::new());
    source.set_source("enabled", "ON");
    pair.replica().thaw();
    driver.load.finish_clean();
    let driver = drive(&pair);
    heal(&pair, driver);
}

#[test]
fn a_shutdown_reaches_a_session_that_reads() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair(A_DAY_MS);
    let driver = drive(&pair);
    process::signal(pair.source.pid(), libc::SIGTERM);
    pair.replica().kill9();
    pair.source.wait_exit();
    assert_eq!(
        driver.load.finish().errors.len(),
        1,
        "its client is cut off"
    );
    pair.source.assert_no_crash();
}

#[test]
fn who_waits_beside_a_session_that_reads_is_read_for_when_it_goes() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair(A_DAY_MS);
    let source = &pair.source;
    let wait_points = source.dialect().wait_points();
    source.set_wait_point(wait_points.last().expect("a wait point"));
    source.order_commits("OFF");
    source.set_operator("kill_ends_wait", "ON");
    let driver = drive(&pair);
    let driving = connection(source);
    let beside = Waiting::insert(source, 8);
    wait_reader(source, &driver.receiver, true);
    source.execute(&format!("KILL {driving}"));
    wait_reader(source, &driver.receiver, false);
    assert_eq!(driver.load.finish().errors.len(), 1);
    assert!(
        !beside.is_over_within(A_WHILE),
        "nobody has acknowledged it"
    );
    pair.replica().thaw();
    beside.done_within(PATIENCE);
    pair.replica().assert_same_rows(source);
}
