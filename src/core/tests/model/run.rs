//! One history: the coordinator and the naive model are told the same, and everything that can be
//! seen is compared after each operation. `fuzz/` uses this file too.

use super::{
    naive::{Answer, Naive},
    operations::{Operation, place},
    rules::{disguised, member_of},
};
use semisync_core::{Coordinator, Effects, ReplicaConnectionId, Settings, WaitId, WaitVerdict};
use std::collections::BTreeMap;

/// What was seen in a run.
pub type Seen = BTreeMap<String, u32>;

pub struct Run {
    core: Coordinator<u64>,
    naive: Naive,
    end: i64,
    /// Every connection that ever was.
    connections: Vec<u64>,
    connected: Vec<u64>,
    waits: Vec<(WaitId, u64)>,
    now: u64,
    pub seen: Seen,
}

impl Run {
    pub fn new(settings: Settings) -> Self {
        Self {
            core: Coordinator::new(settings.clone()),
            naive: Naive::new(settings),
            end: 5,
            connections: Vec::new(),
            connected: Vec::new(),
            waits: Vec::new(),
            now: 0,
            seen: Seen::new(),
        }
    }

    pub fn see(&mut self, what: impl std::fmt::Debug) {
        let what = format!("{what:?}");
        let kind = what.split(" {").next().unwrap_or_default().to_owned();
        *self.seen.entry(kind).or_default() += 1;
    }

    /// A connection that is there; now and then one that was there, or never was.
    fn connection(&self, nth: usize) -> u64 {
        let newest = self.connections.last().copied().unwrap_or_default();
        let nth = nth % (self.connected.len() + 1);
        self.connected.get(nth).copied().unwrap_or(newest / 2)
    }

    /// The coordinator is told of the time only when it asks for that.
    fn pass(&mut self, times: u64) {
        let end = self.now + times;
        while let Some(next) = self.core.next_time().filter(|next| *next <= end) {
            assert!(next > self.now, "a timer would never sleep");
            self.now = next;
            self.core.on_time(next);
            let ends = if self.core.status() {
                "kept up"
            } else {
                "lagged"
            };
            self.see(ends);
        }
        self.now = end;
        (0..times).for_each(|_| self.naive.tick());
    }

    fn carry_out(&mut self, operation: &Operation) {
        if self.core.needs_time() || matches!(operation, Operation::Set(_)) {
            self.core.on_time(self.now);
        }
        let (core, naive) = (&mut self.core, &mut self.naive);
        match *operation {
            Operation::Connect { server, start } => {
                let number = self.connections.len() as u64 + 1;
                let start = start.map(|back| place(self.end + back));
                self.connections.push(number);
                self.connected.push(number);
                core.on_connect(ReplicaConnectionId(number), member_of(server), start);
                naive.on_connect(number, server, start);
            }
            Operation::Disconnect { nth, shutting_down } => {
                let number = self.connection(nth);
                self.connected.retain(|connected| *connected != number);
                self.core
                    .on_disconnect(ReplicaConnectionId(number), shutting_down);
                self.naive.on_disconnect(number, shutting_down);
            }
            Operation::Flush { groups } => {
                let end = place(self.end + groups);
                self.end += groups.max(0);
                core.on_flush(end);
                naive.on_flush(end);
            }
            Operation::WaitPoint {
                from_end,
                shutting_down,
            } => {
                let at = place(self.end + from_end);
                let number = self.waits.len() as u64;
                let begin = core.on_wait_point(Some(at), number, shutting_down);
                let answer = match begin {
                    WaitVerdict::NotCounted => Answer::NotCounted,
                    WaitVerdict::Done(outcome) => Answer::Done(outcome),
                    WaitVerdict::Waits(id) => {
                        self.waits.push((id, number));
                        Answer::Waits
                    }
                };
                assert_eq!(answer, naive.on_wait_point(number, at, shutting_down));
                self.see(answer);
            }
            Operation::Ack {
                nth,
                from_end,
                sent_beyond,
            } => {
                let number = self.connection(nth);
                let at = place(self.end + from_end);
                let sent = sent_beyond.map(|beyond| place(self.end + from_end + beyond));
                let verdict = self.core.on_ack(ReplicaConnectionId(number), at, sent);
                assert_eq!(verdict, self.naive.on_ack(number, at, sent));
                self.see(verdict);
            }
            Operation::EngineCommit {
                from_end,
                applier,
                shutting_down,
            } => {
                let at = place(self.end + from_end);
                let verdict = core.on_engine_commit(Some(at), applier, shutting_down);
                assert_eq!(verdict, naive.on_engine_commit(at, applier, shutting_down));
                self.see(("CommitVerdict", verdict));
            }
            Operation::TimeOut { nth, shutting_down } => {
                let Some((id, number)) = self.wait(nth) else {
                    return;
                };
                let verdict = self.core.on_timeout(id, shutting_down);
                assert_eq!(verdict, self.naive.on_timeout(number, shutting_down));
                self.see(("TimeoutVerdict", verdict));
            }
            Operation::Kill { nth }
            | Operation::ShutDown { nth }
            | Operation::StopApplier { nth, .. } => {
                let Some((id, number)) = self.wait(nth) else {
                    return;
                };
                let (core, naive) = (&mut self.core, &mut self.naive);
                let (in_time, expected) = match *operation {
                    Operation::Kill { .. } => (core.on_kill(id), naive.on_kill(number)),
                    Operation::StopApplier { shutting_down, .. } => (
                        core.on_applier_stop(id, shutting_down),
                        naive.on_applier_stop(number, shutting_down),
                    ),
                    _ => (core.on_shutdown(id), naive.on_shutdown(number)),
                };
                assert_eq!(in_time, expected);
            }
            Operation::Release => {
                core.on_release_waits();
                naive.on_release_waits();
            }
            Operation::Set(ref settings) => {
                core.on_settings(settings.clone());
                naive.on_settings(settings.clone());
            }
            Operation::Pass(times) => self.pass(times),
            Operation::Send { nth, from_end } => {
                let number = self.connection(nth);
                let end = place(self.end + from_end);
                let asks = self.core.on_send(ReplicaConnectionId(number), end);
                assert_eq!(asks, self.naive.on_send(number, end));
            }
            Operation::Overrule { nth, guise } => {
                let number = self.connection(nth);
                let Some(server) = self.naive.server_of(number) else {
                    return;
                };
                let member = disguised(server, guise);
                self.core
                    .on_members(&[(ReplicaConnectionId(number), member)]);
                self.naive.on_member(number, guise);
            }
            Operation::SetRule(ref rule) => {
                core.on_rule(rule.rule());
                naive.on_rule(rule.clone());
            }
            Operation::SetWaitNoReplica(on) => {
                core.on_wait_no_replica(on);
                naive.on_wait_no_replica(on);
            }
            Operation::Reset => {
                core.on_reset();
                naive.on_reset();
            }
            Operation::Enable => {
                core.on_enable();
                naive.on_enable();
            }
            Operation::Disable => {
                core.on_disable();
                naive.on_disable();
            }
        }
    }

    /// The newest sessions are likely to wait still.
    fn wait(&self, nth: usize) -> Option<(WaitId, u64)> {
        self.waits.iter().rev().cycle().nth(nth).copied()
    }

    fn compare(&mut self) {
        self.naive.tell();
        let Effects { released, messages } = self.core.take_effects();
        assert_eq!(released, std::mem::take(&mut self.naive.released));
        assert_eq!(messages, std::mem::take(&mut self.naive.messages));
        released.iter().for_each(|(_, outcome)| self.see(outcome));
        messages.iter().for_each(|message| self.see(message));

        let (core, naive) = (&self.core, &self.naive);
        assert_eq!(core.enabled(), naive.enabled, "enabled");
        assert_eq!(core.status(), naive.on, "status");
        assert_eq!(core.is_unsettled(), naive.is_unsettled(), "unsettled");
        assert_eq!(core.left_unconfirmed(), naive.left_unconfirmed(), "left");
        assert_eq!(core.clients(), naive.clients() as u64, "clients");
        assert_eq!(core.wait_sessions(), naive.sessions() as u64, "sessions");
        assert_eq!(core.flushed(), naive.flushed, "flushed");
        assert_eq!(core.confirmed(), naive.confirmed, "confirmed");
        assert_eq!(core.is_wanting(), naive.is_wanting(), "wanting");
        assert_eq!(core.refusal(), naive.refusal(), "refusal");
        assert_eq!(core.state(), naive.state(), "state");
        assert_eq!(*core.stats(), naive.stats);
        for &number in &self.connections {
            for group in self.end - 4..=self.end + 1 {
                let end = place(group);
                let (wants, expected) = (
                    core.wants_ack(ReplicaConnectionId(number), end),
                    naive.wants_ack(number, end),
                );
                assert_eq!(wants, expected, "wants_ack({number}, {end:?})");
            }
        }
    }

    /// The answer that hooks get without the lock is the one that they would get under it, and
    /// they would have changed nothing.
    fn quiet_events_change_nothing(&mut self) {
        let ends = (self.end - 4..=self.end + 1).map(place);
        let quiet_before = self.core.quiet_before();
        let quiet: Vec<_> = ends.filter(|end| Some(*end) < quiet_before).collect();
        if quiet.is_empty() {
            return;
        }
        self.see("quiet");
        let before = format!("{:?}", self.core);
        for &number in &self.connections {
            for end in &quiet {
                let asks = self.core.on_send(ReplicaConnectionId(number), *end);
                assert!(!asks, "{end:?} to {number}, quiet before {quiet_before:?}");
            }
        }
        assert_eq!(format!("{:?}", self.core), before);
    }
}

pub fn run(settings: Settings, operations: &[Operation]) -> Seen {
    let mut run = Run::new(settings);
    run.carry_out(&Operation::Enable);
    for server in 1..=2 {
        run.carry_out(&Operation::Connect {
            server,
            start: None,
        });
    }
    for operation in operations {
        run.carry_out(operation);
        run.compare();
        run.quiet_events_change_nothing();
    }
    run.seen
}
