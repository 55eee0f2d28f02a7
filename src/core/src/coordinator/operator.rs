//! What the operator does: enables and disables semi-sync, changes its settings, resets the
//! binary log.

use super::{Coordinator, Mode};
use crate::{
    effects::Message,
    member::Member,
    quorum::{ReplicaConnectionId, Rule},
    settings::{Settings, TimeoutAction},
    stats::Stats,
};
use std::sync::Arc;

impl<W> Coordinator<W> {
    pub fn on_enable(&mut self) {
        if self.enabled() {
            return;
        }
        self.flushed = None;
        self.confirmed = None;
        self.forget_pending();
        // How the log has grown while semi-sync was disabled nobody has told: who was sent all of
        // it is not known before the next commit.
        for voter in &mut self.voters {
            voter.streaming = false;
        }
        self.keeping_up = None;
        let waits = self.settings.wait_no_replica
            || self.settings.timeout_action != TimeoutAction::Async
            || self.has_enough_replicas();
        self.mode = if waits { Mode::On } else { Mode::Off };
        self.effects.messages.push(Message::Enabled);
        self.act_if_few();
    }

    pub fn on_disable(&mut self) {
        if !self.enabled() {
            return;
        }
        self.switch_off();
        self.mode = Mode::Disabled;
        self.refusing = false;
        self.effects.messages.push(Message::Disabled);
    }

    /// All settings at once, so that nothing happens by half of them.
    pub fn on_settings(&mut self, settings: Settings) {
        let before = std::mem::replace(&mut self.settings, settings);
        let action = self.settings.timeout_action;
        if action != TimeoutAction::Refuse {
            self.refusing = false;
        }
        if self.settings.rejoin_after != before.rejoin_after {
            self.keeping_up = None;
        }
        self.count_replicas();
        self.act_if_few();
        if self.mode == Mode::Off {
            if action.is_never_off() {
                self.come_on(self.confirmed);
                self.refusing = action == TimeoutAction::Refuse;
            } else if self.settings.wait_no_replica && !before.wait_no_replica {
                self.mode = Mode::On;
            }
        }
        self.count_votes();
    }

    pub fn on_rule(&mut self, rule: Rule) {
        self.settings.rule = rule;
        self.on_other_replicas();
    }

    /// The source has learnt, or decided, who the replicas of these connections are.
    pub fn on_members(&mut self, members: &[(ReplicaConnectionId, Arc<Member>)]) {
        for voter in &mut self.voters {
            let its = |(connection, _): &&(_, _)| *connection == voter.connection;
            if let Some((_, member)) = members.iter().find(its) {
                voter.member = Arc::clone(member);
            }
        }
        self.on_other_replicas();
    }

    /// Others are connected than before, or others count.
    pub(super) fn on_other_replicas(&mut self) {
        self.count_replicas();
        self.act_if_few();
        self.count_votes();
    }

    /// Setting the variable ON switches semi-sync on at once if it is OFF, as stock's
    /// `ReplSemiSyncSource::set_wait_no_replica` does.
    pub fn on_wait_no_replica(&mut self, on: bool) {
        self.settings.wait_no_replica = on;
        self.act_if_few();
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
        self.keeping_up = None;
        self.count_replicas();
        self.act_if_few();
        self.stats = Stats::default();
    }
}
