//! What becomes of the coordinator after a panic. Its lock is not poisoned: whoever takes
//! it next finds the state as the panic has left it, so that state is given up.
//!
//! Nothing in `on_panic` can panic: it does no arithmetic that overflows, compares nothing,
//! and calls nothing of the coordinator's own.

use super::{Coordinator, Mode};
use crate::{
    effects::{Message, Outcome},
    pending::Pending,
};

impl<W> Coordinator<W> {
    /// A change has panicked midway, so nothing is believed that was said before: no
    /// positions, no votes. Whoever waits is released, and semi-sync is disabled, to be
    /// enabled anew. Replicas do not count until they connect again: the caller has them
    /// connect again.
    ///
    /// While the server shuts down, semi-sync stays enabled and OFF: it is not known any
    /// more which commits are confirmed, so until it is disabled none is told OK.
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
        // Whoever waits is in this map, or among the effects already: see `release`.
        for waiter in std::mem::take(&mut self.waiting).into_values() {
            self.stats.no_tx = self.stats.no_tx.saturating_add(1);
            self.effects.released.push((waiter, Outcome::Asynchronous));
        }
        self.voters.clear();
        self.warned.clear();
        self.flushed = None;
        self.confirmed = None;
        self.abandoned = None;
        self.pending = Pending::default();
        // What a shutdown has left unconfirmed stays so: `left` is kept.
    }

    /// A hook has panicked, but not within the coordinator: what that knows is true. It is
    /// disabled all the same; but a shutdown goes on to tell nobody OK whose commit is not
    /// confirmed.
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
