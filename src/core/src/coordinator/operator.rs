//! What the operator does: enables and disables semi-sync, changes its settings, resets the
//! binary log.

use super::{Coordinator, Mode};
use crate::{effects::Message, quorum::Rule, stats::Stats};

impl<W> Coordinator<W> {
    pub fn on_enable(&mut self) {
        if self.enabled() {
            return;
        }
        self.flushed = None;
        self.confirmed = None;
        self.forget_pending();
        self.mode = if self.settings.wait_no_replica || self.has_enough_replicas() {
            Mode::On
        } else {
            Mode::Off
        };
        self.effects.messages.push(Message::Enabled);
    }

    pub fn on_disable(&mut self) {
        if !self.enabled() {
            return;
        }
        self.switch_off();
        self.mode = Mode::Disabled;
        self.effects.messages.push(Message::Disabled);
    }

    pub fn on_rule(&mut self, rule: Rule) {
        self.settings.rule = rule;
        self.switch_off_if_few();
        self.count_votes();
    }

    /// Setting the variable ON switches semi-sync on at once if it is OFF, as stock's
    /// `ReplSemiSyncSource::set_wait_no_replica` does.
    pub fn on_wait_no_replica(&mut self, on: bool) {
        self.settings.wait_no_replica = on;
        self.switch_off_if_few();
        if on && self.mode == Mode::Off {
            self.mode = Mode::On;
        }
    }

    /// RESET BINARY LOGS AND GTIDS: all positions begin anew, and the counters too. Nobody
    /// can acknowledge any more what sessions wait for. Replicas do not count until they
    /// connect again: the server lets their dumps go on, and what was sent to them belongs
    /// to a log that is gone.
    pub fn on_reset(&mut self) {
        self.release_all();
        self.flushed = None;
        self.confirmed = None;
        self.forget_pending();
        self.voters.clear();
        self.warned.clear();
        self.left.clear();
        self.switch_off_if_few();
        self.stats = Stats::default();
    }
}
