//! A commit's way past the coordinator: it is flushed, it waits, its wait ends or is given
//! up, and its client is told OK or not.

use super::{Coordinator, Mode};
use crate::{
    effects::{Message, Outcome},
    position::Position,
    settings::TimeoutAction,
    verdicts::{CommitVerdict, TimeoutVerdict, WaitId, WaitVerdict},
};

impl<W> Coordinator<W> {
    /// As [`Self::on_flush`], where nobody will wait for the group: no replica is asked for it.
    pub fn on_unawaited_flush(&mut self, end: Position) {
        if matches!(self.mode, Mode::Disabled | Mode::Broken) {
            return;
        }
        self.flushed = self.flushed.max(Some(end));
        if self.mode == Mode::Off {
            self.lag();
        }
    }

    /// A commit group was written to the binary log.
    pub fn on_flush(&mut self, end: Position) {
        self.on_unawaited_flush(end);
        if matches!(self.mode, Mode::On | Mode::Closing)
            && let Err(out_of_order) = self.pending.push(end)
        {
            self.effects
                .messages
                .push(Message::OutOfOrder(out_of_order));
            // If not, this commit waits for the group before it, which lies behind it.
            if self.settings.timeout_action == TimeoutAction::Async {
                self.switch_off();
            }
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
        if self.let_go >= Some(at) {
            return self.done(Outcome::Asynchronous);
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

    /// The session has waited for its whole timeout. May be called again while the session
    /// waits on: the operator may have changed his mind.
    pub fn on_timeout(&mut self, id: WaitId, shutting_down: bool) -> TimeoutVerdict {
        if !self.waiting.contains_key(&id) {
            return TimeoutVerdict::Over;
        }
        let action = self.settings.timeout_action;
        let waits_on = !shutting_down && action.is_never_off();
        let is_known = waits_on && std::mem::replace(&mut self.overdue, true);
        if !is_known {
            self.effects.messages.push(Message::TimedOut {
                waiting: id.at,
                confirmed: self.confirmed,
            });
        }
        if shutting_down {
            self.give_up();
            return TimeoutVerdict::Over;
        }
        match action {
            TimeoutAction::Async => {
                self.switch_off();
                TimeoutVerdict::Over
            }
            TimeoutAction::AbortServer => TimeoutVerdict::Abort,
            TimeoutAction::Wait => {
                if !is_known {
                    self.effects.messages.push(Message::WaitsOn);
                }
                TimeoutVerdict::WaitsOn
            }
            TimeoutAction::Refuse => {
                self.refuse();
                TimeoutVerdict::WaitsOn
            }
        }
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
        // And so is what the operator has released.
        let goes_on = self.confirmed.max(self.let_go);
        let is_pending = |at: &Position| Some(*at) > goes_on && self.pending.covers(*at);
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
