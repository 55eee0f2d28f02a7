//! New transactions are refused before they are written: since a timeout, or while replicas are
//! few. Those that wait go on waiting.

use super::{Coordinator, Mode};
use crate::{effects::Message, failpoint, refusal::Refusal};

impl<W> Coordinator<W> {
    /// Why a new transaction is refused. None: it is not.
    pub fn refusal(&self) -> Option<Refusal> {
        if !self.enabled() {
            None
        } else if self.refusing {
            Some(Refusal::Timeout)
        } else if self.counted < self.settings.min_replicas {
            Some(Refusal::TooFew)
        } else {
            None
        }
    }

    /// Until enough replicas are there and have everything.
    pub(super) fn refuse(&mut self) {
        failpoint::hit();
        if self.mode == Mode::On {
            self.refusing = true;
        }
    }

    /// The connected replicas have changed, or the rule.
    pub(super) fn count_replicas(&mut self) {
        failpoint::hit();
        self.counted = self.settings.rule.counted(&self.voters);
    }

    /// Says when refusing begins, for another reason than before too, and when it ends.
    pub(super) fn tell_refusal(&mut self) {
        let refusal = self.refusal();
        if refusal == self.told_refusal {
            return;
        }
        self.told_refusal = refusal;
        let message = refusal.map_or(Message::RefusesNoMore, Message::Refuses);
        self.effects.messages.push(message);
    }
}
