//! What the coordinator must do, as plainly as that can be said: flat lists, and everything
//! worked out anew from them at every step. Written from what the operator is promised, not
//! from the coordinator. Nothing here is quick.

use super::rules::{PlainRule, Server};
use std::collections::BTreeSet;

use semisync_core::{
    AckVerdict, CommitVerdict, LeftUnconfirmed, Message, OutOfOrder, Outcome, Position, Refusal,
    Settings, Stats, TimeoutAction, TimeoutVerdict,
};

/// The answer to a session at its wait point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    NotCounted,
    Done(Outcome),
    Waits,
}

struct Connection {
    number: u64,
    server: u32,
    guise: u32,
    acked: Option<Position>,
    /// Whether all of the log was ever sent over it, since semi-sync was enabled.
    streaming: bool,
    warned: bool,
}

struct Session {
    number: u64,
    at: Position,
}

pub struct Naive {
    pub enabled: bool,
    pub on: bool,
    /// The server shuts down: nobody waits, and no client is told OK for a commit that is not
    /// confirmed.
    pub closing: bool,
    pub confirmed: Option<Position>,
    pub flushed: Option<Position>,
    pub stats: Stats,
    pub released: Vec<(u64, Outcome)>,
    pub messages: Vec<Message>,
    /// But for the rule.
    settings: Settings,
    rule: PlainRule,
    connections: Vec<Connection>,
    /// Groups that were written while ON or closing, and are not confirmed.
    groups: Vec<Position>,
    sessions: Vec<Session>,
    left: BTreeSet<Position>,
    /// Where appliers have given up their wait.
    abandoned: Vec<Position>,
    /// Where sessions waited that the operator has released.
    let_go: Vec<Position>,
    /// The log knows that a session waits longer than its timeout.
    overdue: bool,
    /// Since a timeout new transactions are refused.
    refusing: bool,
    /// What the log knows of refusing.
    told: Option<Refusal>,
    now: u64,
    /// Since when the replicas keep up, while OFF.
    keep_up: Option<u64>,
    /// Since when they lag.
    lag: Option<u64>,
}

impl Naive {
    pub fn new(settings: Settings) -> Self {
        Self {
            enabled: false,
            on: false,
            closing: false,
            confirmed: None,
            flushed: None,
            stats: Stats::default(),
            released: Vec::new(),
            messages: Vec::new(),
            rule: PlainRule::Count(settings.rule.count),
            settings,
            connections: Vec::new(),
            groups: Vec::new(),
            sessions: Vec::new(),
            left: BTreeSet::new(),
            abandoned: Vec::new(),
            let_go: Vec::new(),
            overdue: false,
            refusing: false,
            told: None,
            now: 0,
            keep_up: None,
            lag: None,
        }
    }

    // ---- what follows from the lists ----

    /// Each server that is connected, by the connection over which it has acknowledged most.
    fn servers(&self) -> Vec<Server<Option<Position>>> {
        let numbers: BTreeSet<u32> = self.connections.iter().map(|c| c.server).collect();
        let best_of = |server: u32| {
            let its = self.connections.iter().filter(|c| c.server == server);
            its.max_by_key(|c| (c.acked, c.number))
        };
        let server = |connection: &Connection| Server {
            id: connection.server,
            guise: connection.guise,
            has: connection.acked,
            streaming: connection.streaming,
        };
        numbers
            .into_iter()
            .filter_map(best_of)
            .map(server)
            .collect()
    }

    pub fn server_of(&self, number: u64) -> Option<u32> {
        let mut connections = self.connections.iter();
        let connection = connections.find(|c| c.number == number)?;
        Some(connection.server)
    }

    pub fn clients(&self) -> usize {
        self.servers().len()
    }

    fn few(&self) -> bool {
        !self.rule.is_met(&self.servers(), |_| true)
    }

    /// The newest that enough replicas have.
    fn quorum(&self) -> Option<Position> {
        let servers = self.servers();
        let acked = servers.iter().filter_map(|server| server.has);
        acked
            .filter(|at| self.rule.is_met(&servers, |has| *has >= Some(*at)))
            .max()
    }

    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    pub fn is_wanting(&self) -> bool {
        self.enabled && (self.is_off() || self.refusing || self.flushed > self.confirmed)
    }

    pub fn is_unsettled(&self) -> bool {
        let let_go = |at: &Position| self.let_go.iter().any(|end| end >= at);
        self.closing || !self.abandoned.iter().all(let_go)
    }

    fn is_off(&self) -> bool {
        !self.on && !self.closing
    }

    pub fn state(&self) -> u64 {
        match (self.enabled, self.on, self.few()) {
            (false, _, _) => 0,
            (true, false, _) => 1,
            (true, true, false) => 2,
            (true, true, true) => 3,
        }
    }

    pub fn refusal(&self) -> Option<Refusal> {
        let few = self.rule.counted(&self.servers()) < self.settings.min_replicas as usize;
        match (self.enabled, self.refusing, few) {
            (true, true, _) => Some(Refusal::Timeout),
            (true, false, true) => Some(Refusal::TooFew),
            _ => None,
        }
    }

    /// Whether the log is known to end no later. Before the first commit nobody knows its end.
    fn is_all_there_is(&self, sent: Option<Position>) -> bool {
        matches!((self.flushed, sent), (Some(flushed), Some(sent)) if sent >= flushed)
    }

    /// Whether the replicas have all there is.
    fn caught_up(&self) -> bool {
        match self.flushed {
            None => !self.few(),
            Some(flushed) => self.quorum().is_some_and(|quorum| quorum >= flushed),
        }
    }

    pub fn left_unconfirmed(&self) -> Option<LeftUnconfirmed> {
        let first = self.left.first()?;
        Some(LeftUnconfirmed {
            commits: self.left.len(),
            first: *first,
            confirmed: self.confirmed,
        })
    }

    pub fn wants_ack(&self, number: u64, end: Position) -> bool {
        let Some(connection) = self
            .connections
            .iter()
            .find(|connection| connection.number == number)
        else {
            return false;
        };
        let news = connection.acked.is_none_or(|acked| end > acked);
        if !self.is_off() {
            let unconfirmed = self.confirmed.is_none_or(|confirmed| end > confirmed);
            let too_early = !self.sessions.is_empty() && self.sessions.iter().all(|s| s.at > end);
            let returns = self.on && self.refusing && self.flushed.is_none_or(|last| last <= end);
            let waited_for = unconfirmed && self.groups.contains(&end) && !too_early;
            news && (returns || waited_for)
        } else {
            self.enabled && news && self.flushed.is_none_or(|flushed| end >= flushed)
        }
    }

    // ---- what happens ----

    pub fn on_enable(&mut self) {
        if !self.enabled {
            self.enabled = true;
            let action = self.settings.timeout_action;
            let waits = self.settings.wait_no_replica || action != TimeoutAction::Async;
            self.on = waits || !self.few();
            (self.flushed, self.confirmed) = (None, None);
            (self.keep_up, self.lag) = (None, None);
            self.forget_groups();
            // Who was sent all of the log only the next commit shows.
            for connection in &mut self.connections {
                connection.streaming = false;
            }
            self.messages.push(Message::Enabled);
            self.act_if_few();
        }
    }

    pub fn on_disable(&mut self) {
        if self.enabled {
            self.switch_off();
            (self.enabled, self.closing, self.refusing) = (false, false, false);
            self.messages.push(Message::Disabled);
        }
    }

    pub fn on_rule(&mut self, rule: PlainRule) {
        self.rule = rule;
        self.replicas_changed();
    }

    pub fn on_wait_no_replica(&mut self, on: bool) {
        self.settings.wait_no_replica = on;
        if on {
            self.on = self.enabled && !self.closing;
        }
        self.act_if_few();
    }

    pub fn on_settings(&mut self, settings: Settings) {
        let before = std::mem::replace(&mut self.settings, settings);
        self.rule = PlainRule::Count(self.settings.rule.count);
        let action = self.settings.timeout_action;
        self.refusing &= action == TimeoutAction::Refuse;
        if before.rejoin_after != self.settings.rejoin_after {
            (self.keep_up, self.lag) = (None, None);
        }
        self.act_if_few();
        let wait_no_replica = self.settings.wait_no_replica && !before.wait_no_replica;
        if self.enabled && self.is_off() {
            match action {
                TimeoutAction::Wait => self.come_on(self.confirmed),
                TimeoutAction::Refuse => {
                    self.come_on(self.confirmed);
                    self.refusing = true;
                }
                _ => self.on = wait_no_replica,
            }
        }
        self.replicas_changed();
    }

    /// A unit of time passes.
    pub fn tick(&mut self) {
        self.now += 1;
        let after = self.settings.rejoin_after;
        if !self.enabled || !self.is_off() {
            return;
        }
        match (self.keep_up, self.lag) {
            (Some(_), Some(lag)) if self.now >= lag + after => {
                (self.keep_up, self.lag) = (None, None);
            }
            (Some(since), None) if self.now >= since + after => self.come_on(self.quorum()),
            _ => {}
        }
    }

    pub fn on_release_waits(&mut self) {
        let up_to = self.sessions.iter().map(|session| session.at).max();
        let sessions = self.sessions.len();
        self.let_go.extend(up_to);
        self.release(Outcome::Asynchronous, |_| true);
        self.messages.push(Message::Released { sessions, up_to });
    }

    pub fn on_kill(&mut self, number: u64) -> bool {
        let Some(waiting) = self.release_one(number) else {
            return false;
        };
        let confirmed = self.confirmed;
        self.messages.push(Message::Killed { waiting, confirmed });
        true
    }

    /// Says that refusing has begun, or ended.
    pub fn tell(&mut self) {
        let refusal = self.refusal();
        match (self.told, refusal) {
            (Some(before), Some(now)) if before == now => {}
            (_, Some(now)) => self.messages.push(Message::Refuses(now)),
            (Some(_), None) => self.messages.push(Message::RefusesNoMore),
            (None, None) => {}
        }
        self.told = refusal;
    }

    pub fn on_reset(&mut self) {
        self.release(Outcome::Asynchronous, |_| true);
        (self.flushed, self.confirmed) = (None, None);
        self.forget_groups();
        self.connections.clear();
        self.left.clear();
        (self.keep_up, self.lag) = (None, None);
        self.replicas_changed();
        self.stats = Stats::default();
    }

    pub fn on_connect(&mut self, number: u64, server: u32, start: Option<Position>) {
        self.connections.push(Connection {
            number,
            server,
            guise: server,
            // Said before the next commit, so this does not count for the next commit.
            acked: start.min(self.flushed),
            streaming: self.is_all_there_is(start),
            warned: false,
        });
        self.replicas_changed();
    }

    pub fn on_member(&mut self, number: u64, guise: u32) {
        let mut connections = self.connections.iter_mut();
        if let Some(connection) = connections.find(|c| c.number == number) {
            connection.guise = guise;
        }
        self.replicas_changed();
    }

    pub fn on_disconnect(&mut self, number: u64, shutting_down: bool) {
        if self
            .connections
            .iter()
            .any(|connection| connection.number == number)
        {
            self.connections
                .retain(|connection| connection.number != number);
            if shutting_down {
                self.give_up_if_few();
            }
            self.replicas_changed();
        }
    }

    pub fn on_ack(&mut self, number: u64, at: Position, sent: Option<Position>) -> AckVerdict {
        let is_all_there_is = self.is_all_there_is(sent);
        let Some(connection) = self
            .connections
            .iter_mut()
            .find(|connection| connection.number == number)
        else {
            return AckVerdict::UnknownConnection;
        };
        if sent.is_none_or(|sent| at > sent) {
            let first = !std::mem::replace(&mut connection.warned, true);
            return AckVerdict::FromTheFuture { first };
        }
        let catches_up = !connection.streaming && is_all_there_is;
        connection.streaming |= catches_up;
        let of_commits = self.flushed.map(|flushed| at.min(flushed));
        let verdict = if connection.acked >= of_commits {
            AckVerdict::Stale
        } else {
            connection.acked = of_commits;
            AckVerdict::Accepted
        };
        if verdict == AckVerdict::Accepted || (catches_up && self.asks_who_streams()) {
            self.replicas_changed();
        }
        verdict
    }

    /// An event is sent. Whether it asks for an acknowledgement.
    pub fn on_send(&mut self, number: u64, end: Position) -> bool {
        let is_all_there_is = self.is_all_there_is(Some(end));
        let catches_up =
            |c: &&mut Connection| c.number == number && !c.streaming && is_all_there_is;
        if let Some(connection) = self.connections.iter_mut().find(catches_up) {
            connection.streaming = true;
            if self.asks_who_streams() {
                self.replicas_changed();
            }
        }
        self.wants_ack(number, end)
    }

    pub fn on_flush(&mut self, end: Position) {
        if !self.enabled {
            return;
        }
        self.flushed = self.flushed.max(Some(end));
        if self.is_off() {
            self.begin_lag();
            return;
        }
        match self.groups.last() {
            Some(&last) if last >= end => {
                let order = OutOfOrder { last, new: end };
                self.messages.push(Message::OutOfOrder(order));
                if self.settings.timeout_action == TimeoutAction::Async {
                    self.switch_off();
                }
            }
            _ => self.groups.push(end),
        }
    }

    pub fn on_wait_point(&mut self, number: u64, at: Position, shutting_down: bool) -> Answer {
        if !self.enabled {
            return Answer::NotCounted;
        }
        if !self.is_off() && self.confirmed.is_some_and(|confirmed| at <= confirmed) {
            self.stats.yes_tx += 1;
            return Answer::Done(Outcome::Acknowledged);
        }
        if !self.is_off() && self.let_go.iter().any(|end| *end >= at) {
            self.stats.no_tx += 1;
            return Answer::Done(Outcome::Asynchronous);
        }
        // If not, no group that is waited for ends there or behind.
        let asked = self.groups.iter().any(|end| *end >= at);
        if asked && shutting_down {
            self.give_up_if_few();
        }
        if !self.on || !asked {
            self.stats.no_tx += 1;
            return Answer::Done(Outcome::Asynchronous);
        }
        if !self.sessions.is_empty() && self.sessions.iter().all(|session| at <= session.at) {
            self.stats.wait_pos_backtraverse += 1;
        }
        self.sessions.push(Session { number, at });
        Answer::Waits
    }

    pub fn on_timeout(&mut self, number: u64, shutting_down: bool) -> TimeoutVerdict {
        let Some(session) = self.sessions.iter().find(|s| s.number == number) else {
            return TimeoutVerdict::Over;
        };
        let timed_out = Message::TimedOut {
            waiting: session.at,
            confirmed: self.confirmed,
        };
        let action = self.settings.timeout_action;
        if !shutting_down && matches!(action, TimeoutAction::Wait | TimeoutAction::Refuse) {
            if !self.overdue {
                self.messages.push(timed_out);
                if action == TimeoutAction::Wait {
                    self.messages.push(Message::WaitsOn);
                }
            }
            self.overdue = true;
            self.refusing |= action == TimeoutAction::Refuse;
            return TimeoutVerdict::WaitsOn;
        }
        self.messages.push(timed_out);
        if shutting_down {
            self.give_up();
        } else if action == TimeoutAction::AbortServer {
            return TimeoutVerdict::Abort;
        } else {
            self.switch_off();
        }
        TimeoutVerdict::Over
    }

    pub fn on_shutdown(&mut self, number: u64) -> bool {
        let waits = self.sessions.iter().any(|s| s.number == number);
        if waits {
            self.give_up_if_few();
        }
        waits
    }

    /// An applier is stopped.
    pub fn on_applier_stop(&mut self, number: u64, shutting_down: bool) -> bool {
        if shutting_down {
            self.give_up_if_few();
        }
        let at = self.release_one(number);
        self.abandoned.extend(at);
        at.is_some()
    }

    /// Where that session has waited.
    fn release_one(&mut self, number: u64) -> Option<Position> {
        let session = self.sessions.iter().find(|s| s.number == number)?;
        let at = session.at;
        let rest = |s: &Session| s.number != number;
        let others: Vec<Session> = self.sessions.extract_if(.., |s| rest(s)).collect();
        self.release(Outcome::Asynchronous, |_| true);
        self.sessions = others;
        Some(at)
    }

    /// The engine has committed.
    pub fn on_engine_commit(
        &mut self,
        at: Position,
        applier: bool,
        shutting_down: bool,
    ) -> CommitVerdict {
        let asked = self.groups.iter().any(|end| *end >= at);
        let let_go = self.let_go.iter().any(|end| *end >= at);
        let unconfirmed = !let_go && self.confirmed.is_none_or(|confirmed| at > confirmed);
        let abandoned = self.abandoned.iter().any(|end| *end >= at);
        match (asked && unconfirmed, self.closing, abandoned, applier) {
            (true, true, _, _) => {}
            (true, false, true, true) if shutting_down => {}
            (true, false, true, false) => return CommitVerdict::Waits,
            _ => return CommitVerdict::Done,
        }
        self.left.insert(at);
        CommitVerdict::Untold
    }

    // ---- what follows ----

    /// Stock's count does not ask who streams.
    fn asks_who_streams(&self) -> bool {
        matches!(self.rule, PlainRule::Terms(_))
    }

    fn replicas_changed(&mut self) {
        self.act_if_few();
        let quorum = self.quorum();
        if !self.enabled {
            return;
        }
        let caught_up = self.caught_up();
        if !self.is_off() {
            self.refusing &= !caught_up;
        } else if caught_up {
            let since = *self.keep_up.get_or_insert(self.now);
            self.lag = None;
            if self.now >= since + self.settings.rejoin_after {
                self.come_on(quorum);
            }
        } else if self.few() {
            (self.keep_up, self.lag) = (None, None);
        } else {
            self.begin_lag();
        }
        if let Some(quorum) = quorum
            && self.confirmed.is_none_or(|confirmed| quorum > confirmed)
        {
            self.confirmed = Some(quorum);
            self.overdue = false;
            self.groups.retain(|end| *end > quorum);
            self.left.retain(|at| *at > quorum);
            self.abandoned.retain(|at| *at > quorum);
            self.release(Outcome::Acknowledged, |at| at <= quorum);
        }
    }

    fn forget_groups(&mut self) {
        self.groups.clear();
        self.abandoned.clear();
        self.let_go.clear();
        self.overdue = false;
    }

    fn come_on(&mut self, quorum: Option<Position>) {
        self.on = true;
        self.messages.push(Message::SwitchedOn(quorum));
        (self.keep_up, self.lag) = (None, None);
    }

    fn begin_lag(&mut self) {
        if self.keep_up.is_some() {
            self.lag.get_or_insert(self.now);
        }
    }

    /// Are there too few replicas, and nobody is to wait for them?
    fn act_if_few(&mut self) {
        if self.settings.wait_no_replica || !self.few() {
            return;
        }
        match self.settings.timeout_action {
            TimeoutAction::Async => self.switch_off(),
            TimeoutAction::Refuse => self.refusing |= self.on,
            TimeoutAction::Wait | TimeoutAction::AbortServer => {}
        }
    }

    fn give_up_if_few(&mut self) {
        if self.few() {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        if self.on {
            if self.flushed > self.confirmed {
                self.messages.push(Message::ForcedShutdown);
            }
            (self.on, self.closing) = (false, true);
            self.stats.no_times += 1;
            self.messages.push(Message::SwitchedOff);
            self.release(Outcome::Asynchronous, |_| true);
        }
    }

    fn switch_off(&mut self) {
        if self.on {
            self.on = false;
            self.stats.no_times += 1;
            self.messages.push(Message::SwitchedOff);
            self.forget_groups();
            (self.keep_up, self.lag) = (None, None);
            self.release(Outcome::Asynchronous, |_| true);
        }
    }

    /// In the order of the log. Sessions at the same position: in the order in which they came.
    fn release(&mut self, outcome: Outcome, who: impl Fn(Position) -> bool) {
        self.sessions.sort_by_key(|s| (s.at, s.number));
        for session in self.sessions.extract_if(.., |s| who(s.at)) {
            self.released.push((session.number, outcome));
            match outcome {
                Outcome::Acknowledged => self.stats.yes_tx += 1,
                Outcome::Asynchronous => self.stats.no_tx += 1,
            }
        }
    }
}
