//! Jepsen's question: is all there in the end that any client saw, and is there one order of
//! transactions in which everybody saw what they saw?

use std::time::{Duration, Instant};

use crate::checker::{Anomaly, Outcome, check};
use crate::clients::Fleet;
use crate::diary::Diary;
use crate::failover::{begin, elect, go_on, take_over, trouble_and_end};
use crate::lists::{Appender, History, read_all};
use crate::plan::Plan;
use crate::stage::Stage;

/// What a round has shown.
#[derive(Clone, Debug)]
pub struct Answer {
    pub transactions: u64,
    /// Told OK.
    pub ok: u64,
    /// Of those whose clients do not know.
    pub unknown: u64,
    pub anomalies: Vec<Anomaly>,
    pub took: Duration,
}

impl Answer {
    pub fn seen_and_lost(&self) -> usize {
        let is = |one: &&Anomaly| matches!(one, Anomaly::SeenAndLost { .. });
        self.anomalies.iter().filter(is).count()
    }
}

pub fn run(stage: &Stage, plan: &Plan) -> Answer {
    let begun = Instant::now();
    stage.reset();
    begin(stage, plan);
    let history = History::new();
    let diary = Diary::default();
    let fleet = Fleet::start(Appender::all(plan.seed, &history), plan.seed);
    fleet.send_to(Some(&stage.servers[plan.source]));
    trouble_and_end(stage, plan, &diary, &fleet, &|| history.told());
    let promoted = elect(stage, plan);
    let others = take_over(stage, plan, promoted);
    go_on(stage, promoted, &fleet, &|| history.told());
    fleet.finish();
    let lists = read_all(&stage.servers[promoted]);
    for other in others {
        let other = &stage.servers[other];
        other.wait_applied(&stage.servers[promoted]);
        assert_eq!(read_all(other), lists, "the lists of {other}");
    }
    let history = history.read();
    let with = |outcome| history.iter().filter(|txn| txn.outcome == outcome).count() as u64;
    Answer {
        transactions: history.len() as u64,
        ok: with(Outcome::Ok),
        unknown: with(Outcome::Unknown),
        anomalies: check(&history, &lists),
        took: begun.elapsed(),
    }
}
