//! A commit's way past the coordinator: flushed, waiting, released or given up, and told
//! OK or not. Who has what, and ON and OFF, is in `coordinator`.

use super::{Coordinator, Mode};
use crate::{
    position::Position,
    terms::{Begin, Notice, Outcome, Settled, WaitId},
};

impl<W> Coordinator<W> {
    /// A commit group was written to the binary log.
    pub fn on_flush(&mut self, end: Position) {
        if !self.enabled() {
            return;
        }
        self.newest = self.newest.max(Some(end));
        if matches!(self.mode, Mode::On | Mode::Closing)
            && let Err(out_of_order) = self.pending.push(end)
        {
            self.effects.notices.push(Notice::OutOfOrder(out_of_order));
            self.switch_off();
        }
    }

    /// A session has come to its wait point.
    pub fn begin_wait(&mut self, at: Position, waiter: W, shutting_down: bool) -> Begin {
        match self.mode {
            Mode::Disabled => return Begin::NotCounted,
            Mode::Off => return self.done(Outcome::Asynchronous),
            Mode::On | Mode::Closing => {}
        }
        if self.confirmed >= Some(at) {
            return self.done(Outcome::Acknowledged);
        }
        // Semi-sync was switched on between the flush and now: no replica is
        // asked to acknowledge this one.
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
        Begin::Wait(id)
    }

    /// A session has come to its wait point with a position that no flush has named
    /// since semi-sync was enabled: no replica is asked for it.
    pub fn on_unknown_commit(&mut self) -> Begin {
        match self.mode {
            Mode::Disabled => Begin::NotCounted,
            Mode::Off | Mode::On | Mode::Closing => self.done(Outcome::Asynchronous),
        }
    }

    /// The session has waited long enough. false: it was released meanwhile.
    pub fn on_timeout(&mut self, id: WaitId, shutting_down: bool) -> bool {
        if !self.waiting.contains_key(&id) {
            return false;
        }
        self.effects.notices.push(Notice::TimedOut {
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

    /// The session was woken by a shutdown of the server: it gives up if its
    /// replicas are gone. false: it was released meanwhile.
    pub fn on_shutdown(&mut self, id: WaitId) -> bool {
        if !self.waiting.contains_key(&id) {
            return false;
        }
        self.give_up_if_few();
        true
    }

    /// An applier is stopped while it waits: it goes on alone, unconfirmed. false: it was
    /// released meanwhile.
    pub fn abandon(&mut self, id: WaitId, shutting_down: bool) -> bool {
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

    /// The engine has committed; asked while [`Self::is_unsettled`].
    pub fn settle(&mut self, at: Position, applier: bool, shutting_down: bool) -> Settled {
        // What was not flushed while semi-sync was ON is asynchronous.
        if Some(at) <= self.confirmed || !self.pending.covers(at) {
            return Settled::Done;
        }
        let abandoned = self.is_abandoned(at);
        if self.is_closing() || (shutting_down && applier && abandoned) {
            self.left.insert(at);
            Settled::Untold
        } else if abandoned && !applier {
            Settled::Waits
        } else {
            Settled::Done
        }
    }
}
