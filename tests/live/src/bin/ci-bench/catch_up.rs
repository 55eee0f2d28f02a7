//! `ci/bench catch-up`: clients commit, one replica acknowledges, and another one, which was away,
//! catches up meanwhile. How long do the commits take?
//!
//! The replica that catches up begins again when it is done, so that it does so for the whole
//! slice.

use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::drain::Drain;

use crate::drained::{Drained, Log};
use crate::load::{Clients, Window};
use crate::turns::Figures;

/// What is left out at the beginning: the replica attaches.
const SETTLE: Duration = Duration::from_millis(60);

/// `log`: what the replica catches up. None: it stays away.
pub fn slice(side: &Drained, log: Option<&Log>, clients: &Clients, length: Duration) -> Figures {
    let waits = || {
        let counter = |suffix| side.source.counter(suffix) as f64;
        let is_semi_sync = side.is_semi_sync;
        is_semi_sync.then(|| [counter("tx_wait_time"), counter("tx_waits")])
    };
    let before = waits();
    let window = Window::opening(SETTLE, length);
    let (work, events) = thread::scope(|scope| {
        let catching_up = log.map(|log| scope.spawn(|| catch_up(side, log, window.end)));
        let work = clients.work(window);
        let events = catching_up.map(|thread| thread.join().expect("a replica reads"));
        (work, events)
    });
    side.end_dumps();
    let mut figures = work.figures();
    if let Some(events) = events {
        let per_second = events as f64 / (SETTLE + length).as_secs_f64();
        figures.insert("events_per_second".to_owned(), per_second);
    }
    if let (Some(now), Some(then)) = (waits(), before) {
        let wait = (now[0] - then[0]) / (now[1] - then[1]).max(1.0);
        figures.insert("wait_us".to_owned(), wait);
    }
    figures
}

/// Takes the log until `deadline`, again and again. How many events came.
fn catch_up(side: &Drained, log: &Log, deadline: Instant) -> u64 {
    let mut events = 0;
    while Instant::now() < deadline {
        let mut drain = Drain::connect(&side.source, 100, side.announce()).expect("a replica");
        drain.begin(&log.start).expect("a dump");
        // It ends at the deadline, if not with the log.
        let _ = drain.read_to(&log.end, deadline - Instant::now());
        events += drain.events;
    }
    events
}
