//! The way back from OFF to ON: once enough replicas have caught up with the newest commit, and,
//! with `rejoin_after`, once they have kept up for so long.
//!
//! They keep up from their first catching up on, as long as they catch up again and again:
//! `rejoin_after` is also the longest time that they may lag, and they must not become too
//! few meanwhile.

use super::{Coordinator, Mode};
use crate::{effects::Message, failpoint, keeping_up::KeepingUp, position::Position};

impl<W> Coordinator<W> {
    /// Whether the coordinator must know the time of what is going to happen.
    pub fn needs_time(&self) -> bool {
        self.mode == Mode::Off && self.settings.rejoin_after > 0
    }

    /// The time is `now`. Before each change while [`Self::needs_time`], and at
    /// [`Self::next_time`].
    pub fn on_time(&mut self, now: u64) {
        self.now = self.now.max(now);
        if self.next_time().is_none_or(|next| self.now < next) {
            return;
        }
        let keeps_up = self
            .keeping_up
            .is_some_and(|keeping| keeping.lag_since.is_none());
        if keeps_up {
            let quorum = self.settings.rule.position(&self.voters, &mut self.scratch);
            self.come_on(quorum);
        } else {
            self.keeping_up = None;
        }
    }

    /// When [`Self::on_time`] would change something. None: not before something happens.
    pub fn next_time(&self) -> Option<u64> {
        let KeepingUp { since, lag_since } = self.keeping_up.filter(|_| self.needs_time())?;
        let begin = lag_since.unwrap_or(since);
        Some(begin.saturating_add(self.settings.rejoin_after))
    }

    /// While OFF: what the replicas have has changed, or who is there.
    pub(super) fn rejoin(&mut self, quorum: Option<Position>, caught_up: bool) {
        failpoint::hit();
        let after = self.settings.rejoin_after;
        if caught_up {
            let since = self.keeping_up.map_or(self.now, |keeping| keeping.since);
            self.keeping_up = Some(KeepingUp {
                since,
                lag_since: None,
            });
            if self.now >= since.saturating_add(after) {
                self.come_on(quorum);
            }
        } else if !self.has_enough_replicas() {
            self.keeping_up = None;
        } else {
            self.lag();
        }
    }

    /// While OFF: there is a commit that not enough replicas have.
    pub(super) fn lag(&mut self) {
        failpoint::hit();
        if let Some(keeping) = &mut self.keeping_up {
            keeping.lag_since.get_or_insert(self.now);
        }
    }

    /// `quorum`: what enough replicas have.
    pub(super) fn come_on(&mut self, quorum: Option<Position>) {
        failpoint::hit();
        self.keeping_up = None;
        self.mode = Mode::On;
        self.effects.messages.push(Message::SwitchedOn(quorum));
    }
}
