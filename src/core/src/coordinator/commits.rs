//! A commit's way past the coordinator: it is flushed, it waits, its wait ends or is given
//! up, and its client is told OK or not.

use super::{Coordinator, Mode};
use crate::{
    effects::{Message, Outcome},
    position::Position,
    verdicts::{CommitVerdict, WaitId, WaitVerdict},
};

impl<W> Coordinator<W> {
    /// A commit group was written to the binary log.
    pub fn on_flush(&mut self, end: Position) {
        if matches!(self.mode, Mode::Disabled | Mode::Broken) {
            return;
        }
        self.flushed = self.flushed.max(Some(end));
        if matches!(self.mode, Mode::On | Mode::Closing)
            && let Err(out_of_order) = self.pending.push(end)
        {
            self.effects
                .messages
                .push(Message::OutOfOrder(out_of_order));
            self.switch_off();
        }
    }

    /// A session has come to its wait point. `at`: what the session waits for; None if no
    /// flush has named that position since semi-sync was enabled, so that no replica is
    /// asked to acknowledge it.
    pub fn on_wait_point(
        &mut self,
        at: Option<Position>,
        waiter: W,
        shutting_down: bool,
    ) -> WaitVerdict {
        match self.mode {
            Mode::Disabled => return WaitVerdict::NotCounted,
            Mode::Off | Mode::Broken => return self.done(Outcome::Asynchronous),
            Mode::On | Mode::Closing => {}
        }
        let Some(at) = at else {
            return self.done(Outcome::Asynchronous);
        };
        if self.confirmed >= Some(at) {
            return self.done(Outcome::Acknowledged);
        }
        // Semi-sync was switched on between the flush and now: no replica is asked to
        // acknowledge this commit.
        if !self.pending.covers(at) {
            return self.done(Outcome::Asynchronous);
        }
        if shutting_down {
            self.give_up_if_few();
        }
        if self.is_closing() {
            return self.done(Outcome::Asynchronous);
        }
        if self.first_waiting().is_some_and(|first| at <= first) {
            self.stats.wait_pos_backtraverse += 1;
        }
        self.next_wait += 1;
        let id = WaitId {
            at,
            number: self.next_wait,
        };
        self.waiting.insert(id, waiter);
        WaitVerdict::Waits(id)
    }

    /// The session has waited long enough. false: the session was released meanwhile.
    pub fn on_timeout(&mut self, id: WaitId, shutting_down: bool) -> bool {
        if !self.waiting.contains_key(&id) {
            return false;
        }
        self.effects.messages.push(Message::TimedOut {
            waiting: id.at,
            confirmed: self.confirmed,
        });
        if shutting_down {
            self.give_up();
        } else {
            self.switch_off();
        }
        true
    }

    /// The server shuts down and has woken the session. All waits are given up if replicas
    /// are gone. false: the session was released before.
    pub fn on_shutdown(&mut self, id: WaitId) -> bool {
        if !self.waiting.contains_key(&id) {
            return false;
        }
        self.give_up_if_few();
        true
    }

    /// An applier is stopped while it waits: the applier alone goes on, unconfirmed. false:
    /// the applier was released meanwhile.
    pub fn on_applier_stop(&mut self, id: WaitId, shutting_down: bool) -> bool {
        if shutting_down {
            self.give_up_if_few();
        }
        let Some(waiter) = self.waiting.remove(&id) else {
            return false;
        };
        self.release(waiter, Outcome::Asynchronous);
        self.abandoned = self.abandoned.max(Some(id.at));
        true
    }

    /// The engine has committed. Asked while [`Self::is_unsettled`]; `at` is as in
    /// [`Self::on_wait_point`].
    pub fn on_engine_commit(
        &mut self,
        at: Option<Position>,
        applier: bool,
        shutting_down: bool,
    ) -> CommitVerdict {
        if self.mode == Mode::Broken {
            self.left.extend(at);
            return CommitVerdict::Untold;
        }
        // A commit that was not flushed while semi-sync was ON is asynchronous.
        let is_pending = |at: &Position| Some(*at) > self.confirmed && self.pending.covers(*at);
        let Some(at) = at.filter(is_pending) else {
            return CommitVerdict::Done;
        };
        let abandoned = self.is_abandoned(Some(at));
        if self.is_closing() || (shutting_down && applier && abandoned) {
            self.left.insert(at);
            CommitVerdict::Untold
        } else if abandoned && !applier {
            CommitVerdict::Waits
        } else {
            CommitVerdict::Done
        }
    }

    fn done(&mut self, outcome: Outcome) -> WaitVerdict {
        self.count(outcome);
        WaitVerdict::Done(outcome)
    }
}
