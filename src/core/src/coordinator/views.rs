//! What is to be seen of the coordinator: by the status variables, by tables, and by hooks that
//! run for every event.

use super::{Coordinator, LeftUnconfirmed, Mode};
use crate::{
    position::Position,
    quorum::{Rule, Voter, connected_servers},
    stats::Stats,
};

/// How the replicas stand: copies, so that nobody thinks about them under the lock.
#[derive(Clone, Debug)]
pub struct VotersView {
    pub rule: Rule,
    pub voters: Vec<Voter>,
    /// The end of the newest commit group.
    pub flushed: Option<Position>,
    pub confirmed: Option<Position>,
}

/// Who waits, and for whom.
#[derive(Clone, Debug)]
pub struct WaitsView<T> {
    pub voters: VotersView,
    /// In the order of the positions that they wait for.
    pub waits: Vec<(Position, T)>,
}

impl<W> Coordinator<W> {
    pub fn enabled(&self) -> bool {
        self.mode != Mode::Disabled
    }

    /// Whether there may be commits that are done at their wait point, and whose clients
    /// must not be told OK yet, or never. Each then asks [`Self::on_engine_commit`] once its
    /// engine has committed.
    pub fn is_unsettled(&self) -> bool {
        self.is_closing() || self.abandoned > self.confirmed.max(self.let_go)
    }

    /// Whether an applier that was stopped has given up to wait for this position.
    pub fn is_abandoned(&self, at: Option<Position>) -> bool {
        at > self.confirmed && at <= self.abandoned
    }

    /// The commits that a shutdown has left unconfirmed.
    pub fn left_unconfirmed(&self) -> Option<LeftUnconfirmed> {
        let first = *self.left.first()?;
        Some(LeftUnconfirmed {
            commits: self.left.len(),
            first,
            confirmed: self.confirmed,
        })
    }

    /// Enabled and not switched off.
    pub fn status(&self) -> bool {
        self.mode == Mode::On
    }

    /// How many different replicas are connected.
    pub fn clients(&self) -> u64 {
        connected_servers(&self.voters).into()
    }

    pub fn wait_sessions(&self) -> u64 {
        u64::try_from(self.waiting.len()).unwrap_or(u64::MAX)
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many bytes are held for commit groups that are not confirmed.
    pub fn memory(&self) -> usize {
        self.pending.memory()
    }

    pub fn confirmed(&self) -> Option<Position> {
        self.confirmed
    }

    pub fn flushed(&self) -> Option<Position> {
        self.flushed
    }

    /// Whether an acknowledgement of the newest commit would change anything.
    pub fn is_wanting(&self) -> bool {
        match self.mode {
            Mode::Disabled | Mode::Broken => false,
            Mode::Off => true,
            Mode::On | Mode::Closing => self.refusing || self.flushed > self.confirmed,
        }
    }

    /// For hooks that run for every event: an event that ends before this position changes
    /// nothing. [`Self::on_send`] does nothing for it, whatever the connection, and answers that
    /// it asks for nothing. None: there is no such event.
    pub fn quiet_before(&self) -> Option<Position> {
        let flushed = self.flushed?;
        match self.mode {
            // An event is asked for if it ends with the log, or behind what was known of it.
            Mode::Disabled | Mode::Off | Mode::Broken => Some(flushed),
            // So it is here while new transactions are refused. Else an event is asked for if it
            // ends a group that is pending, and nobody waits for an earlier position alone.
            Mode::On | Mode::Closing => {
                let asked_from = self.pending.first().max(self.first_waiting());
                Some(asked_from.map_or(flushed, |first| first.min(flushed)))
            }
        }
    }

    /// Semi-sync in one number.
    ///
    /// | number | meaning |
    /// |---|---|
    /// | 0 | disabled |
    /// | 1 | OFF: commits do not wait |
    /// | 2 | ON |
    /// | 3 | ON, but those who are connected cannot confirm a commit |
    pub fn state(&self) -> u64 {
        match self.mode {
            Mode::Disabled => 0,
            Mode::Off | Mode::Closing | Mode::Broken => 1,
            Mode::On if self.settings.rule.can_be_met(&self.voters) => 2,
            Mode::On => 3,
        }
    }

    /// The sessions that wait, in the order of the positions that they wait for.
    pub fn waits(&self) -> impl Iterator<Item = (Position, &W)> {
        self.waiting.iter().map(|(id, waiter)| (id.at, waiter))
    }

    /// Where each replica stands.
    pub fn voters_view(&self) -> VotersView {
        VotersView {
            rule: self.settings.rule.clone(),
            voters: self.voters.clone(),
            flushed: self.flushed,
            confirmed: self.confirmed,
        }
    }

    /// Who waits. `copy`: what the caller wants to know of a session.
    pub fn waits_view<T>(&self, copy: impl Fn(&W) -> T) -> WaitsView<T> {
        let mut waits = Vec::with_capacity(self.waiting.len());
        waits.extend(self.waits().map(|(at, waiter)| (at, copy(waiter))));
        WaitsView {
            voters: self.voters_view(),
            waits,
        }
    }
}
