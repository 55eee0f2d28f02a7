//! What becomes of the coordinator after a panic. A panic does not poison the caller's lock:
//! the next thread finds the state as the panic has left it. So that state is given up.
//!
//! Nothing in `on_panic` can panic: the function does no arithmetic that overflows, compares
//! no positions, and calls none of the coordinator's other functions.

use super::{Coordinator, Mode};
use crate::{
    effects::{Message, Outcome},
    pending::Pending,
};

impl<W> Coordinator<W> {
    /// A change has panicked midway. Nothing is believed that was said before: no positions,
    /// no votes. All who wait are released, and semi-sync is disabled; it can be enabled
    /// anew. Replicas do not count until they connect again, so the caller has every replica
    /// connect again.
    ///
    /// While the server shuts down, semi-sync stays enabled and OFF instead: nobody knows any
    /// more which commits are confirmed, so no client is told OK.
    pub fn on_panic(&mut self, shutting_down: bool) {
        let before = self.mode;
        self.mode = match before {
            Mode::Closing | Mode::Broken => Mode::Broken,
            Mode::On if shutting_down => Mode::Broken,
            Mode::Disabled | Mode::Off | Mode::On => Mode::Disabled,
        };
        if before == Mode::On {
            self.stats.no_times = self.stats.no_times.saturating_add(1);
            self.effects.messages.push(Message::SwitchedOff);
        }
        if before != Mode::Disabled && self.mode == Mode::Disabled {
            self.effects.messages.push(Message::Disabled);
        }
        // A waiter is in this map, or among the effects already: see `release`.
        for waiter in std::mem::take(&mut self.waiting).into_values() {
            self.stats.no_tx = self.stats.no_tx.saturating_add(1);
            self.effects.released.push((waiter, Outcome::Asynchronous));
        }
        self.voters.clear();
        self.warned.clear();
        self.flushed = None;
        self.confirmed = None;
        self.abandoned = None;
        self.let_go = None;
        self.overdue = false;
        self.refusing = false;
        self.counted = 0;
        self.keeping_up = None;
        self.pending = Pending::default();
        // What a shutdown has left unconfirmed stays so: `left` is kept.
    }

    /// A hook has panicked outside of the coordinator: what the coordinator knows is true.
    /// Semi-sync is disabled all the same. But a shutdown goes on, and tells no client OK
    /// whose commit is not confirmed.
    pub fn on_hook_panic(&mut self, shutting_down: bool) {
        if shutting_down {
            self.give_up();
        }
        if !self.is_closing() {
            self.on_disable();
        }
    }
}

#[cfg(test)]
mod tests;
