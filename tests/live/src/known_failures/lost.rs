//! Commits that are told confirmed, or that come back, although no replica has them.

use std::thread;
use std::time::Duration;

use crate::fake_replica::{FakeReplica, Place};
use crate::load::Waiting;
use crate::{A_DAY_MS, PATIENCE, eventually, process};

use super::seen::Seen;
use super::side::Side;

pub const NO_COUNT: &str = "it has no wait_for_replica_count";

pub fn two_of_three(side: &Side) -> Seen {
    if !side.has_count() {
        return Seen::Absent(NO_COUNT);
    }
    let source = side.lone_source(A_DAY_MS);
    source.order_commits("OFF");
    source.execute(&format!("SET GLOBAL {} = 3", side.names().wait_count_var()));
    let fake = |id| FakeReplica::at_the_end(&source, id);
    let mut fakes: Vec<FakeReplica> = (97..=99).map(fake).collect();
    source.wait_status("clients", "3");
    let commits: Vec<Waiting> = (1..=3).map(|n| Waiting::insert(&source, n)).collect();
    let ends: Vec<Place> = (0..3).map(|_| fakes[0].request().end).collect();
    for fake in &mut fakes[1..] {
        ends.iter()
            .for_each(|end| assert_eq!(&fake.request().end, end));
    }
    // The second replica has the first commit alone.
    for (fake, end) in fakes.iter_mut().zip([&ends[1], &ends[0], &ends[2]]) {
        fake.say(end);
        thread::sleep(Duration::from_millis(50));
    }
    eventually(PATIENCE, "the release of the first commit", || {
        commits[0].is_over()
    });
    thread::sleep(Duration::from_millis(300));
    match commits[1].is_over() {
        true => Seen::Fails("the commit is confirmed".to_owned()),
        false => Seen::Holds("the commit waits for the third".to_owned()),
    }
}

pub fn a_lie(side: &Side) -> Seen {
    let source = side.lone_source("300");
    let mut fake = FakeReplica::at_the_end(&source, 99);
    source.insert_while(|| {
        let end = fake.request().end;
        fake.say(&Place {
            position: end.position + (1 << 40),
            ..end
        });
    });
    thread::sleep(Duration::from_millis(100));
    fake.close();
    let before = source.counter("yes_tx");
    for _ in 0..5 {
        source.insert(1);
    }
    let confirmed = source.counter("yes_tx") - before;
    Seen::holds_if(confirmed == 0, format!("{confirmed} of 5"))
}

pub fn back_on_too_early(side: &Side) -> Seen {
    if !side.has_count() {
        return Seen::Absent(NO_COUNT);
    }
    let source = side.lone_source("300");
    source.execute(&format!("SET GLOBAL {} = 2", side.names().wait_count_var()));
    let mut one = FakeReplica::at_the_end(&source, 98);
    let mut other = FakeReplica::at_the_end(&source, 99);
    source.wait_status("clients", "2");
    source.insert(1);
    source.wait_status("status", "OFF");
    source.insert(2);
    catch_up(&mut one);
    thread::sleep(Duration::from_millis(200));
    let status = source.status("status");
    // Both together must be enough, or nothing was seen.
    catch_up(&mut other);
    source.wait_status("status", "ON");
    Seen::holds_if(status == "OFF", format!("semi-sync is {status}"))
}

/// Answers as often as the source asks.
fn catch_up(fake: &mut FakeReplica) {
    while let Ok(Some(event)) = fake.next_request(Duration::from_millis(500)) {
        fake.say(&event.end);
    }
}

pub fn shutdown(side: &Side) -> Seen {
    let source = side.lone_source(A_DAY_MS);
    let commits: Vec<Waiting> = (1..=4)
        .map(|n| Waiting::start(&source, &format!("INSERT INTO app.t (n) VALUES ({n})")))
        .collect();
    // At the default wait point of MySQL one of them leads, and the others queue behind it.
    let waiting = side.names().waiting_state();
    eventually(PATIENCE, "a commit that waits", || {
        let state = |commit: &Waiting| source.processlist_state(commit.connection);
        commits.iter().any(|commit| state(commit) == waiting)
    });
    thread::sleep(Duration::from_millis(300));
    process::signal(source.pid(), libc::SIGTERM);
    source.wait_exit();
    let ends = commits
        .into_iter()
        .map(|commit| commit.join_within(PATIENCE));
    let told = ends.filter(|(result, _)| result.is_ok()).count();
    Seen::holds_if(told == 0, format!("{told} of 4"))
}

pub fn phantom_read(side: &Side) -> Seen {
    let source = side.lone_source(A_DAY_MS);
    let mut fake = FakeReplica::at_the_end(&source, 99);
    let commit = Waiting::insert(&source, 7);
    let seen = source.count_rows(Some(7)) == 1;
    fake.answer();
    commit.done_within(PATIENCE);
    match seen {
        true => Seen::Fails("it sees the row".to_owned()),
        false => Seen::Holds("it sees nothing".to_owned()),
    }
}

pub fn crash_recovery(side: &Side) -> Seen {
    let source = side.lone_source(A_DAY_MS);
    if side.dialect().has_wait_point() {
        // With AFTER_COMMIT there would be nothing to undo.
        source.set_source("wait_point", "'AFTER_SYNC'");
    }
    let _commit = Waiting::insert(&source, 7);
    source.kill9();
    source.reconfigure(|config| match side.is_mariadb() {
        // By this option it knows, while it recovers, that it is no source any more.
        true => side.as_replica(config).option("init-rpl-role=SLAVE"),
        false => side.as_replica(config),
    });
    source.start_again();
    match source.count_rows(Some(7)) {
        0 => Seen::Holds("the commit is rolled back".to_owned()),
        _ => Seen::Fails("the commit is there, and no replica has it".to_owned()),
    }
}
