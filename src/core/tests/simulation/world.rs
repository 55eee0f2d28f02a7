//! A source that commits, its dumps and its replicas: what can happen to them. And the judge,
//! who knows what every replica really has. How time passes is in `tick`.

mod tick;

use crate::{
    network::{Chance, Connection, Pipe, Replica},
    rules::{PlainRule, Server, member_of},
};
use semisync_core::{
    Coordinator, Outcome, Position, ReplicaConnectionId, Settings, TimeoutVerdict, WaitId,
};
use std::collections::BTreeMap;

struct Session {
    id: WaitId,
    at: Position,
    gives_up: Option<u64>,
    /// It has waited for its whole timeout, and waits on.
    is_overdue: bool,
}

pub struct World {
    pub now: u64,
    pub core: Coordinator<usize>,
    pub replicas: Vec<Replica>,
    /// How long sessions wait; None: for ever.
    pub timeout: Option<u64>,
    /// Whether replicas may fail to answer, or answer twice.
    pub careless: bool,
    /// How many waits ended with this outcome.
    pub acknowledged: usize,
    pub asynchronous: usize,
    /// How many transactions were refused, and how many timeouts ended no wait.
    pub refused: usize,
    pub overdue: usize,
    chance: Chance,
    settings: Settings,
    rule: PlainRule,
    /// Where the groups end.
    log: Vec<Position>,
    connections: Vec<Connection>,
    last_id: u64,
    /// Commits on their way from the flush to the wait point: when, where, and in which
    /// period of semi-sync being ON they were flushed.
    flushed: Vec<(u64, Position, Option<u64>)>,
    sessions: BTreeMap<usize, Session>,
    next_session: usize,
    /// At some moment enough connected replicas had everything up to here.
    truth: Option<Position>,
    /// The operator has released sessions up to here.
    released: Option<Position>,
}

impl World {
    pub fn new(seed: u64, settings: Settings, replicas: u32, timeout: Option<u64>) -> Self {
        let rule = PlainRule::Count(2);
        let settings = Settings {
            rule: rule.rule(),
            ..settings
        };
        let mut world = Self {
            now: 0,
            core: Coordinator::new(settings.clone()),
            replicas: (1..=replicas)
                .map(|server_id| Replica {
                    server_id,
                    has: 0,
                    connection: None,
                })
                .collect(),
            timeout,
            careless: true,
            acknowledged: 0,
            asynchronous: 0,
            refused: 0,
            overdue: 0,
            chance: Chance::new(seed),
            settings,
            rule,
            log: Vec::new(),
            connections: Vec::new(),
            last_id: 0,
            flushed: Vec::new(),
            sessions: BTreeMap::new(),
            next_session: 0,
            truth: None,
            released: None,
        };
        world.core.on_enable();
        world
    }

    pub fn waiting(&self) -> usize {
        self.sessions.len() + self.flushed.len()
    }

    // ---- what happens to it ----

    /// A group is written; its session comes to the wait point a little later. While new
    /// transactions are refused, only what an applier brings is written.
    pub fn commit(&mut self) {
        if self.core.refusal().is_some() && self.chance.one_in(2) {
            self.refused += 1;
            return;
        }
        self.tell_time();
        let start = Position { file: 1, offset: 4 };
        let last = self.log.last().copied().unwrap_or(start);
        let size = 50 + self.chance.below(500);
        let end = if self.chance.one_in(8) {
            Position {
                file: last.file + 1,
                offset: 157 + size,
            }
        } else {
            Position {
                offset: last.offset + size,
                ..last
            }
        };
        self.log.push(end);
        self.core.on_flush(end);
        // With AFTER_COMMIT a session waits for its own end, inside of the group.
        let inside = self.chance.below(40);
        let at = Position {
            offset: end.offset - inside,
            ..end
        };
        let arrives = self.now + self.chance.below(6);
        self.flushed.push((arrives, at, self.period()));
    }

    /// Unless not even all replicas together could meet it.
    pub fn set_rule(&mut self, rule: &PlainRule) {
        if rule.is_met(&self.all_replicas(), |()| true) {
            self.judge();
            self.rule = rule.clone();
            self.set(|settings| settings.rule = rule.rule());
        }
    }

    fn all_replicas(&self) -> Vec<Server<()>> {
        let server = |replica: &Replica| Server {
            id: replica.server_id,
            guise: replica.server_id,
            has: (),
            streaming: true,
        };
        self.replicas.iter().map(server).collect()
    }

    pub fn set(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.core.on_time(self.now * 1000);
        self.core.on_settings(self.settings.clone());
        self.judge();
        // All who wait look around.
        let overdue: Vec<_> = self
            .sessions
            .values()
            .filter(|s| s.is_overdue)
            .map(|s| s.id)
            .collect();
        overdue.into_iter().for_each(|id| self.time_out(id));
    }

    pub fn release(&mut self) {
        let waiting = self.sessions.values().map(|session| session.at);
        self.released = self.released.max(waiting.max());
        self.core.on_release_waits();
        self.judge();
        assert!(self.sessions.is_empty(), "all who wait go on");
    }

    pub fn kill(&mut self, nth: usize) {
        let (waiting, status) = (self.sessions.len(), self.core.status());
        let Some(id) = self.sessions.values().nth(nth).map(|session| session.id) else {
            return;
        };
        assert!(self.core.on_kill(id));
        self.judge();
        assert_eq!(self.sessions.len(), waiting - 1);
        assert_eq!(self.core.status(), status);
    }

    /// A replica connects, whether or not the source knows that its last
    /// connection is dead.
    pub fn connect(&mut self, replica: usize, by_position: bool) {
        self.abandon(replica);
        self.last_id += 1;
        let id = ReplicaConnectionId(self.last_id);
        let Replica { server_id, has, .. } = self.replicas[replica];
        self.replicas[replica].connection = Some(id);
        let start = match has.checked_sub(1) {
            Some(last) => self.log[last],
            None => Position { file: 1, offset: 4 },
        };
        let start = by_position.then_some(start);
        self.connections.push(Connection {
            id,
            replica,
            next: has,
            sent: start,
            skipping: !by_position && has > 0,
            last_packet: 0,
            to_replica: Pipe::new(),
            to_source: Pipe::new(),
            dies: None,
        });
        self.judge();
        self.tell_time();
        self.core.on_connect(id, member_of(server_id), start);
        self.judge();
    }

    /// The connection breaks, both ends know, and what was under way is lost.
    pub fn cut(&mut self, replica: usize) {
        if let Some(id) = self.replicas[replica].connection.take() {
            self.disconnect(id);
        }
    }

    /// The replica gives its connection up. The source hears what was said before,
    /// and finds out later, if at all.
    pub fn abandon(&mut self, replica: usize) {
        let id = self.replicas[replica].connection.take();
        let dies = self.now + 1 + self.chance.below(3000);
        if let Some(old) = self.connections.iter_mut().find(|c| Some(c.id) == id) {
            old.dies = Some(dies);
        }
    }

    /// The replica crashes and loses the end of its relay log.
    pub fn crash(&mut self, replica: usize, lost: usize) {
        // The source knows of it: if it did not, it would rightly count on what is lost.
        let all: Vec<_> = self.connections_of(replica).collect();
        all.into_iter().for_each(|id| self.disconnect(id));
        let replica = &mut self.replicas[replica];
        replica.connection = None;
        replica.has = replica.has.saturating_sub(lost);
    }

    /// The replica acknowledges what does not exist.
    pub fn lie(&mut self, replica: usize) {
        let nowhere = Position {
            file: 1_000_000,
            offset: self.chance.below(1000),
        };
        let (arrives, id) = (self.arrival(), self.replicas[replica].connection);
        if let Some(connection) = self.connections.iter_mut().find(|c| Some(c.id) == id) {
            connection.to_source.push(arrives, nowhere);
        }
    }

    /// Nothing is lost any more, all are connected, nobody gives up, and the operator wants no
    /// more replicas than can be counted.
    pub fn heal(&mut self) {
        self.careless = false;
        self.timeout = None;
        for session in self.sessions.values_mut() {
            session.gives_up = None;
        }
        for replica in 0..self.replicas.len() {
            if self.replicas[replica].connection.is_none() {
                let by_position = self.chance.one_in(2);
                self.connect(replica, by_position);
            }
        }
        let counted = self.rule.counted(&self.all_replicas());
        if counted < self.settings.min_replicas as usize {
            self.set(|settings| settings.min_replicas = 0);
        }
    }

    // ---- helpers ----

    /// The coordinator is told of the time only when it asks for that.
    fn tell_time(&mut self) {
        if self.core.needs_time() {
            self.core.on_time(self.now * 1000);
        }
    }

    /// Semi-sync is ON for the so-manyth time. None: it is OFF.
    fn period(&self) -> Option<u64> {
        let is_on = self.core.status();
        is_on.then_some(self.core.stats().no_times)
    }

    fn time_out(&mut self, id: WaitId) {
        let verdict = self.core.on_timeout(id, false);
        self.judge();
        let session = self.sessions.values_mut().find(|session| session.id == id);
        assert_eq!(verdict == TimeoutVerdict::WaitsOn, session.is_some());
        if let Some(session) = session {
            (session.is_overdue, session.gives_up) = (true, None);
            self.overdue += 1;
        }
    }

    fn disconnect(&mut self, id: ReplicaConnectionId) {
        self.connections.retain(|connection| connection.id != id);
        self.tell_time();
        self.core.on_disconnect(id, false);
        self.judge();
    }

    fn connections_of(&self, replica: usize) -> impl Iterator<Item = ReplicaConnectionId> {
        let its = self
            .connections
            .iter()
            .filter(move |c| c.replica == replica);
        its.map(|connection| connection.id)
    }

    /// When something arrives that leaves now.
    fn arrival(&mut self) -> u64 {
        let most = if self.chance.one_in(10) { 80 } else { 8 };
        self.now + 1 + self.chance.below(most)
    }

    // ---- the judge ----

    /// Whether everything that was released or confirmed really is with enough
    /// connected replicas. Called before and after the coordinator learns something.
    fn judge(&mut self) {
        let have: Vec<Server<Option<Position>>> = (0..self.replicas.len())
            .filter(|replica| self.connections_of(*replica).next().is_some())
            .map(|replica| {
                let Replica { server_id, has, .. } = self.replicas[replica];
                Server {
                    id: server_id,
                    guise: server_id,
                    has: has.checked_sub(1).map(|last| self.log[last]),
                    streaming: true,
                }
            })
            .collect();
        // Whom FIRST has chosen depends on what the source knows.
        let rule = self.rule.without_order();
        let enough_have = |at: &Position| rule.is_met(&have, |has| *has >= Some(*at));
        let safe = have.iter().filter_map(|server| server.has);
        let safe = safe.filter(enough_have).max();
        if self.settings.timeout_action.is_never_off() {
            assert!(self.core.status());
        }
        self.truth = self.truth.max(safe);
        assert!(self.core.confirmed() <= self.truth.max(Some(Position { file: 1, offset: 4 })));
        for (session, outcome) in self.core.take_effects().released {
            let session = self.sessions.remove(&session).expect("released once");
            match outcome {
                Outcome::Acknowledged => {
                    self.acknowledged += 1;
                    assert!(Some(session.at) <= safe, "{:?} of {have:?}", session.at);
                }
                Outcome::Asynchronous => self.asynchronous += 1,
            }
        }
    }
}
