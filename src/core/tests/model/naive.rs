//! What the coordinator must do, as plainly as that can be said: flat lists, and everything
//! worked out anew from them at every step. Written from what the operator is promised, not
//! from the coordinator. Nothing here is quick.

use std::collections::BTreeSet;

use semisync_core::{
    AckVerdict, CommitVerdict, LeftUnconfirmed, Message, OutOfOrder, Outcome, Position, Settings,
    Stats,
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
    acked: Option<Position>,
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
    settings: Settings,
    connections: Vec<Connection>,
    /// Groups that were written while ON or closing, and are not confirmed.
    groups: Vec<Position>,
    sessions: Vec<Session>,
    left: BTreeSet<Position>,
    /// Where appliers have given up their wait.
    abandoned: Vec<Position>,
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
            settings,
            connections: Vec::new(),
            groups: Vec::new(),
            sessions: Vec::new(),
            left: BTreeSet::new(),
            abandoned: Vec::new(),
        }
    }

    // ---- what follows from the lists ----

    /// Of each server that is connected, the most that any of its connections has
    /// acknowledged.
    fn servers(&self) -> Vec<Option<Position>> {
        let mut numbers: Vec<u32> = self
            .connections
            .iter()
            .map(|connection| connection.server)
            .collect();
        numbers.sort();
        numbers.dedup();
        let acked_by = |server| {
            let its = self
                .connections
                .iter()
                .filter(|connection| connection.server == server);
            its.map(|connection| connection.acked).max().flatten()
        };
        numbers.into_iter().map(acked_by).collect()
    }

    pub fn clients(&self) -> usize {
        self.servers().len()
    }

    fn few(&self) -> bool {
        self.clients() < self.settings.rule.count as usize
    }

    /// What enough replicas have.
    fn quorum(&self) -> Option<Position> {
        let mut positions: Vec<Position> = self.servers().into_iter().flatten().collect();
        positions.sort();
        positions.reverse();
        let nth = self.settings.rule.count as usize;
        positions.into_iter().nth(nth - 1)
    }

    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    pub fn is_wanting(&self) -> bool {
        self.enabled && (self.is_off() || self.flushed > self.confirmed)
    }

    pub fn is_unsettled(&self) -> bool {
        self.closing || !self.abandoned.is_empty()
    }

    fn is_off(&self) -> bool {
        !self.on && !self.closing
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
            news && unconfirmed && self.groups.contains(&end) && !too_early
        } else {
            self.enabled && news && self.flushed.is_none_or(|flushed| end >= flushed)
        }
    }

    // ---- what happens ----

    pub fn on_enable(&mut self) {
        if !self.enabled {
            self.enabled = true;
            self.on = self.settings.wait_no_replica || !self.few();
            (self.flushed, self.confirmed) = (None, None);
            self.forget_groups();
            self.messages.push(Message::Enabled);
        }
    }

    pub fn on_disable(&mut self) {
        if self.enabled {
            self.switch_off();
            (self.enabled, self.closing) = (false, false);
            self.messages.push(Message::Disabled);
        }
    }

    pub fn on_wait_count(&mut self, count: u32) {
        self.settings.rule.count = count;
        self.replicas_changed();
    }

    pub fn on_wait_no_replica(&mut self, on: bool) {
        self.settings.wait_no_replica = on;
        if on {
            self.on = self.enabled && !self.closing;
        } else if self.few() {
            self.switch_off();
        }
    }

    pub fn on_reset(&mut self) {
        self.release(Outcome::Asynchronous, |_| true);
        (self.flushed, self.confirmed) = (None, None);
        self.forget_groups();
        self.connections.clear();
        self.left.clear();
        self.replicas_changed();
        self.stats = Stats::default();
    }

    pub fn on_connect(&mut self, number: u64, server: u32, start: Option<Position>) {
        self.connections.push(Connection {
            number,
            server,
            // Said before the next commit, so this does not count for the next commit.
            acked: start.min(self.flushed),
            warned: false,
        });
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
        let of_commits = self.flushed.map(|flushed| at.min(flushed));
        if connection.acked >= of_commits {
            return AckVerdict::Stale;
        }
        connection.acked = of_commits;
        self.replicas_changed();
        AckVerdict::Accepted
    }

    pub fn on_flush(&mut self, end: Position) {
        if !self.enabled {
            return;
        }
        self.flushed = self.flushed.max(Some(end));
        if self.is_off() {
            return;
        }
        match self.groups.last() {
            Some(&last) if last >= end => {
                let order = OutOfOrder { last, new: end };
                self.messages.push(Message::OutOfOrder(order));
                self.switch_off();
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

    pub fn on_timeout(&mut self, number: u64, shutting_down: bool) -> bool {
        let Some(session) = self.sessions.iter().find(|s| s.number == number) else {
            return false;
        };
        self.messages.push(Message::TimedOut {
            waiting: session.at,
            confirmed: self.confirmed,
        });
        if shutting_down {
            self.give_up();
        } else {
            self.switch_off();
        }
        true
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
        let Some(at) = self.sessions.iter().find(|s| s.number == number) else {
            return false;
        };
        let at = at.at;
        self.abandoned.push(at);
        let rest = |s: &Session| s.number != number;
        let others: Vec<Session> = self.sessions.extract_if(.., |s| rest(s)).collect();
        self.release(Outcome::Asynchronous, |_| true);
        self.sessions = others;
        true
    }

    /// The engine has committed.
    pub fn on_engine_commit(
        &mut self,
        at: Position,
        applier: bool,
        shutting_down: bool,
    ) -> CommitVerdict {
        let asked = self.groups.iter().any(|end| *end >= at);
        let unconfirmed = self.confirmed.is_none_or(|confirmed| at > confirmed);
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

    fn replicas_changed(&mut self) {
        if !self.settings.wait_no_replica && self.few() {
            self.switch_off();
        }
        let quorum = self.quorum();
        if !self.enabled {
            return;
        }
        let caught_up = match self.flushed {
            None => !self.few(),
            Some(flushed) => quorum.is_some_and(|quorum| quorum >= flushed),
        };
        if self.is_off() && caught_up {
            self.on = true;
            self.messages.push(Message::SwitchedOn(quorum));
        }
        if let Some(quorum) = quorum
            && self.confirmed.is_none_or(|confirmed| quorum > confirmed)
        {
            self.confirmed = Some(quorum);
            self.groups.retain(|end| *end > quorum);
            self.left.retain(|at| *at > quorum);
            self.abandoned.retain(|at| *at > quorum);
            self.release(Outcome::Acknowledged, |at| at <= quorum);
        }
    }

    fn forget_groups(&mut self) {
        self.groups.clear();
        self.abandoned.clear();
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
