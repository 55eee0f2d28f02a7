//! `ci/bench stream`: a log of small row events, sent to several replicas at once.
//!
//! A slice is one stream: all replicas ask for the same log at the same moment, and the slice ends
//! when the last of them has all of it. The dump threads' time is counted from their beginning, the
//! logging in included.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use semisync_live_tests::PATIENCE;
use semisync_live_tests::drain::Drain;

use crate::counters::{Parts, Reading};
use crate::drained::{Drained, Log};
use crate::turns::Figures;

/// Sends `log` to so many replicas at once.
pub fn slice(side: &Drained, log: &Log, replicas: u32) -> Figures {
    let source = &side.source;
    let before = Reading::of(source.pid());
    let ready = Barrier::new(replicas as usize + 1);
    let drain = |server_id| {
        let mut drain = Drain::connect(source, server_id, side.announce()).expect("a replica");
        ready.wait();
        drain.begin(&log.start).expect("a dump");
        drain.read_to(&log.end, PATIENCE).expect("the whole log");
        drain
    };
    let (drains, took) = thread::scope(|scope| {
        let drains: Vec<_> = (100..100 + replicas)
            .map(|server_id| scope.spawn(move || drain(server_id)))
            .collect();
        ready.wait();
        let begun = Instant::now();
        let drains: Vec<Drain> = drains
            .into_iter()
            .map(|drain| drain.join().expect("a replica reads"))
            .collect();
        (drains, begun.elapsed())
    });
    let events: u64 = drains.iter().map(|drain| drain.events).sum();
    let events = events as f64;
    // Their threads are there as long as they are connected.
    let used = Reading::of(source.pid());
    let parts = Parts::of(source);
    drop(drains);
    side.end_dumps();
    // In microseconds for each thousand, which is nanoseconds for each.
    let used = used.figures_since(&before, &parts, "source", events / 1000.0);
    let mut figures =
        Figures::from([("events_per_second".to_owned(), events / took.as_secs_f64())]);
    for (key, value) in used {
        let kept = [
            "cpu_us",
            "cpu_us.dump",
            "cpu_us.ack_receiver",
            "switches.dump",
        ];
        if let Some(key) = key.strip_prefix("source.").filter(|key| kept.contains(key)) {
            figures.insert(format!("stream.{}", key.replace("cpu_us", "cpu_ns")), value);
        }
    }
    figures
}
