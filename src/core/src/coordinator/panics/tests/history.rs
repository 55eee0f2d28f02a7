//! A coordinator and what happens to it: a random history, of which any operation may panic.

use crate::{
    coordinator::{Coordinator, Mode},
    member::Member,
    position::Position,
    quorum::{ReplicaConnectionId, Rule},
    settings::{Settings, TimeoutAction},
    verdicts::{WaitId, WaitVerdict},
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::{collections::BTreeSet, sync::Arc};

/// `nth` chooses among what there is, `back` counts back from the end of the log.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Connect { server: u32, back: Option<u64> },
    Disconnect { nth: usize, shutting_down: bool },
    Flush { by: u64 },
    WaitPoint { back: u64, shutting_down: bool },
    Ack { nth: usize, back: u64 },
    AckOfUnsent { nth: usize },
    Skip { nth: usize, back: u64 },
    TimeOut { nth: usize, shutting_down: bool },
    ShutDown { nth: usize },
    StopApplier { nth: usize, shutting_down: bool },
    EngineCommit { back: u64, applier: bool },
    Release,
    Kill { nth: usize },
    WaitCount(u32),
    Quorum(&'static str),
    Send { nth: usize, back: u64 },
    WaitNoReplica(bool),
    TimeoutAction(TimeoutAction),
    MinReplicas(u32),
    RejoinAfter(u64),
    Pass(u64),
    Reset,
    Enable,
    Disable,
}

impl Operation {
    pub fn is_of_a_shutdown(&self) -> bool {
        use Operation::*;
        match *self {
            Disconnect { shutting_down, .. }
            | WaitPoint { shutting_down, .. }
            | TimeOut { shutting_down, .. }
            | StopApplier { shutting_down, .. } => shutting_down,
            ShutDown { .. } => true,
            _ => false,
        }
    }
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let (nth, back) = (|| 0..4_usize, || 0..3_u64);
    let rarely = || prop::bool::weighted(0.2);
    prop_oneof![
        4 => (1..=4_u32, proptest::option::of(back()))
            .prop_map(|(server, back)| Connect { server, back }),
        2 => (nth(), rarely()).prop_map(|(nth, shutting_down)| Disconnect { nth, shutting_down }),
        10 => prop_oneof![1 => Just(0), 9 => 1..3_u64].prop_map(|by| Flush { by }),
        10 => (back(), rarely())
            .prop_map(|(back, shutting_down)| WaitPoint { back, shutting_down }),
        8 => (nth(), back()).prop_map(|(nth, back)| Ack { nth, back }),
        1 => nth().prop_map(|nth| AckOfUnsent { nth }),
        2 => (nth(), back()).prop_map(|(nth, back)| Skip { nth, back }),
        1 => (nth(), rarely()).prop_map(|(nth, shutting_down)| TimeOut { nth, shutting_down }),
        1 => nth().prop_map(|nth| ShutDown { nth }),
        2 => (nth(), rarely()).prop_map(|(nth, shutting_down)| StopApplier { nth, shutting_down }),
        4 => (back(), rarely()).prop_map(|(back, applier)| EngineCommit { back, applier }),
        1 => (1..=3_u32).prop_map(WaitCount),
        1 => select(&["FIRST 1 (1, 2, 3)", "ANY 2 (*)", "ZONES 1"]).prop_map(Quorum),
        2 => (nth(), back()).prop_map(|(nth, back)| Send { nth, back }),
        1 => Just(Release),
        1 => nth().prop_map(|nth| Kill { nth }),
        1 => any::<bool>().prop_map(WaitNoReplica),
        1 => timeout_action().prop_map(TimeoutAction),
        1 => (0..3_u32).prop_map(MinReplicas),
        1 => (0..3_u64).prop_map(RejoinAfter),
        2 => (1..3_u64).prop_map(Pass),
        1 => Just(Reset),
        1 => Just(Enable),
        1 => Just(Disable),
    ]
}

/// It begins enabled, with two replicas and a session that waits.
pub fn operations() -> impl Strategy<Value = Vec<Operation>> {
    use Operation::*;
    vec(operation(), 1..30).prop_map(|random| {
        let connect = |server| Connect { server, back: None };
        let (back, shutting_down) = (0, false);
        let first = [
            Enable,
            connect(1),
            connect(2),
            Flush { by: 1 },
            WaitPoint {
                back,
                shutting_down,
            },
        ];
        first.into_iter().chain(random).collect()
    })
}

/// Mostly stock's: with the others semi-sync does not go OFF.
fn timeout_action() -> impl Strategy<Value = TimeoutAction> {
    prop_oneof![
        4 => Just(TimeoutAction::Async),
        1 => Just(TimeoutAction::Wait),
        2 => Just(TimeoutAction::Refuse),
        1 => Just(TimeoutAction::AbortServer),
    ]
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let count = 1..=2_u32;
    (count, any::<bool>(), timeout_action(), 0..2_u32, 0..2_u64).prop_map(
        |(count, wait_no_replica, timeout_action, min_replicas, rejoin_after)| Settings {
            rule: Rule::of_count(count),
            wait_no_replica,
            timeout_action,
            min_replicas,
            rejoin_after,
        },
    )
}

pub struct History {
    pub core: Coordinator<u64>,
    /// Sessions that wait, as far as was told by now.
    pub asleep: BTreeSet<u64>,
    /// The session that has come to its wait point and has no answer yet.
    pub in_flight: Option<u64>,
    /// The mode before the last operation.
    pub mode: Mode,
    waits: Vec<WaitId>,
    next_session: u64,
    connections: Vec<ReplicaConnectionId>,
    next_connection: u64,
    end: u64,
    now: u64,
}

impl History {
    pub fn new(settings: Settings) -> Self {
        Self {
            core: Coordinator::new(settings),
            asleep: BTreeSet::new(),
            in_flight: None,
            mode: Mode::Disabled,
            waits: Vec::new(),
            next_session: 1,
            connections: Vec::new(),
            next_connection: 1,
            end: 10,
            now: 0,
        }
    }

    /// The history of a new coordinator, which goes on where the other stands.
    pub fn of_new_coordinator(other: &Self) -> Self {
        Self {
            next_session: other.next_session,
            next_connection: other.next_connection,
            end: other.end,
            now: other.now,
            ..Self::new(other.core.settings.clone())
        }
    }

    /// No connection is there any more, and no session waits.
    pub fn forget(&mut self) -> Vec<WaitId> {
        self.connections.clear();
        std::mem::take(&mut self.waits)
    }

    pub fn end(&self) -> Position {
        self.at(0)
    }

    fn at(&self, back: u64) -> Position {
        let offset = self.end - back;
        Position { file: 1, offset }
    }

    fn connection(&self, nth: usize) -> ReplicaConnectionId {
        let nth = nth.checked_rem(self.connections.len());
        let unknown = ReplicaConnectionId(0);
        nth.map_or(unknown, |nth| self.connections[nth])
    }

    /// One of the last.
    fn wait(&self, nth: usize) -> Option<WaitId> {
        self.waits.iter().rev().nth(nth).copied()
    }

    /// What it leads to: the answer, and the effects.
    pub fn carry_out(&mut self, operation: Operation) -> String {
        self.mode = self.core.mode;
        self.core.on_time(self.now);
        let answer = self.answer(operation);
        let effects = self.core.take_effects();
        for (session, _) in &effects.released {
            assert!(self.asleep.remove(session), "{session} was released before");
        }
        format!("{answer}, {effects:?}")
    }

    fn answer(&mut self, operation: Operation) -> String {
        match operation {
            Operation::Connect { server, back } => {
                let connection = ReplicaConnectionId(self.next_connection);
                self.next_connection += 1;
                self.connections.push(connection);
                let start = back.map(|back| self.at(back));
                self.core
                    .on_connect(connection, Member::of(server).into(), start);
            }
            Operation::Disconnect { nth, shutting_down } => {
                let connection = self.connection(nth);
                self.connections.retain(|other| *other != connection);
                self.core.on_disconnect(connection, shutting_down);
            }
            Operation::Flush { by } => {
                self.end += by;
                self.core.on_flush(self.end());
            }
            Operation::WaitPoint {
                back,
                shutting_down,
            } => {
                let session = self.next_session;
                self.next_session += 1;
                self.in_flight = Some(session);
                let at = Some(self.at(back));
                let verdict = self.core.on_wait_point(at, session, shutting_down);
                self.in_flight = None;
                let WaitVerdict::Waits(id) = verdict else {
                    return format!("{verdict:?}");
                };
                self.waits.push(id);
                self.asleep.insert(session);
                return "waits".to_owned();
            }
            Operation::Ack { nth, back } => {
                let at = self.at(back);
                let verdict = self.core.on_ack(self.connection(nth), at, Some(at));
                return format!("{verdict:?}");
            }
            Operation::AckOfUnsent { nth } => {
                let verdict = self.core.on_ack_of_unsent(self.connection(nth));
                return format!("{verdict:?}");
            }
            Operation::Skip { nth, back } => {
                let at = self.at(back);
                self.core.on_skip(self.connection(nth), at, None);
            }
            Operation::TimeOut { nth, shutting_down } => {
                let id = self.wait(nth);
                let waited = id.map(|id| self.core.on_timeout(id, shutting_down));
                return format!("{waited:?}");
            }
            Operation::ShutDown { nth } => {
                let waited = self.wait(nth).map(|id| self.core.on_shutdown(id));
                return format!("{waited:?}");
            }
            Operation::StopApplier { nth, shutting_down } => {
                let id = self.wait(nth);
                let waited = id.map(|id| self.core.on_applier_stop(id, shutting_down));
                return format!("{waited:?}");
            }
            Operation::EngineCommit { back, applier } => {
                let at = Some(self.at(back));
                let verdict = self.core.on_engine_commit(at, applier, applier);
                return format!("{verdict:?}");
            }
            Operation::Release => self.core.on_release_waits(),
            Operation::Kill { nth } => {
                let waited = self.wait(nth).map(|id| self.core.on_kill(id));
                return format!("{waited:?}");
            }
            Operation::WaitCount(count) => self.core.on_rule(Rule::of_count(count)),
            Operation::Quorum(text) => {
                let quorum = text.parse().map(Arc::new).expect("a quorum");
                self.core.on_rule(Rule {
                    quorum: Some(quorum),
                    ..Rule::of_count(1)
                });
            }
            Operation::Send { nth, back } => {
                let asks = self.core.on_send(self.connection(nth), self.at(back));
                return format!("{asks}");
            }
            Operation::WaitNoReplica(on) => self.core.on_wait_no_replica(on),
            Operation::TimeoutAction(timeout_action) => self.set(|settings| {
                settings.timeout_action = timeout_action;
            }),
            Operation::MinReplicas(min) => self.set(|settings| settings.min_replicas = min),
            Operation::RejoinAfter(after) => self.set(|settings| settings.rejoin_after = after),
            Operation::Pass(by) => {
                self.now += by;
                self.core.on_time(self.now);
            }
            Operation::Reset => self.core.on_reset(),
            Operation::Enable => self.core.on_enable(),
            Operation::Disable => self.core.on_disable(),
        }
        String::new()
    }

    fn set(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.core.settings.clone();
        change(&mut settings);
        self.core.on_settings(settings);
    }

    /// All that can be seen of the coordinator.
    pub fn seen(&self) -> String {
        let core = &self.core;
        let asks = |connection: &ReplicaConnectionId| core.wants_ack(*connection, self.end());
        let asks: Vec<bool> = self.connections.iter().map(asks).collect();
        format!(
            "{:?} {:?} {} {} {:?} {:?} {:?} {:?} {asks:?}",
            core.mode,
            core.stats,
            core.clients(),
            core.wait_sessions(),
            (core.flushed(), core.confirmed()),
            core.left_unconfirmed(),
            (core.is_wanting(), core.is_unsettled()),
            (core.refusal(), core.next_time()),
        )
    }
}
