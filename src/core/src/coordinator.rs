//! All that decides on the source: which replicas are connected and what they have, which
//! sessions wait, whether semi-sync is ON or OFF.
//!
//! | file | what happens there |
//! |---|---|
//! | `coordinator` | votes are counted, sessions released, semi-sync switched ON and OFF |
//! | `operator` | enabling, disabling, settings, RESET |
//! | `replicas` | replicas connect, acknowledge and leave |
//! | `commits` | a commit's way: flushed, waiting, told OK or not |
//! | `panics` | what is left after a panic |
//!
//! The caller holds a lock around the coordinator. After each change the caller takes the
//! [`Effects`] and carries them out without the lock.
//!
//! Invariants: `confirmed` only grows (until a reset, enabling or a panic). Sessions wait
//! only while ON. Every pending group, every waiting position and every commit that was left
//! unconfirmed lies behind `confirmed`. What a replica says counts for commits that were
//! flushed before the replica said so, never for a later one: no statement that is older
//! than a commit, and no check that is, can confirm that commit.

mod commits;
mod operator;
mod panics;
mod replicas;

use crate::{
    effects::{Effects, Message, Outcome},
    failpoint,
    pending::Pending,
    position::Position,
    quorum::{ReplicaConnectionId, Scratch, Voter, connected_servers},
    settings::Settings,
    stats::Stats,
    verdicts::WaitId,
};
use std::collections::{BTreeMap, BTreeSet};

/// | from | to | when |
/// |---|---|---|
/// | `Disabled` | `On` | semi-sync is enabled |
/// | `Disabled` | `Off` | the same, but replicas are too few and `wait_no_replica` is OFF |
/// | `Off` | `On` | enough replicas have caught up, or `wait_no_replica` is set ON |
/// | `On` | `Off` | a wait times out, or the log goes back |
/// | `On` | `Off` | replicas are too few and `wait_no_replica` is OFF |
/// | `On` | `Closing` | a shutdown: replicas are too few, a wait times out, or a hook panics |
/// | `On` | `Broken` | a shutdown, and the coordinator panics |
/// | `Closing` | `Broken` | the coordinator panics |
/// | `Closing`, `Broken` | the same | a hook panics |
/// | any | `Disabled` | semi-sync is disabled; or a panic that is in no other line |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    /// Commits are not looked at.
    Disabled,
    /// Commits are asynchronous: they do not wait, and their clients are told OK.
    Off,
    /// Commits wait.
    On,
    /// The server shuts down and nobody waits any more. No client is told OK for a commit
    /// that is not confirmed.
    Closing,
    /// As `Closing`, but after a panic: nobody knows which commits are confirmed, so no client
    /// is told OK.
    Broken,
}

/// What a shutdown has left unconfirmed in the binary log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeftUnconfirmed {
    pub commits: usize,
    /// The end of the first of them.
    pub first: Position,
    /// Enough replicas have everything up to here. None: nothing is known.
    pub confirmed: Option<Position>,
}

#[derive(Debug)]
pub struct Coordinator<W> {
    settings: Settings,
    mode: Mode,
    voters: Vec<Voter>,
    /// Connections that have acknowledged what they were not sent: the log has said so.
    warned: Vec<ReplicaConnectionId>,
    /// The end of the newest commit group since semi-sync was enabled.
    flushed: Option<Position>,
    /// Enough replicas had everything up to here.
    confirmed: Option<Position>,
    pending: Pending,
    waiting: BTreeMap<WaitId, W>,
    next_wait: u64,
    /// Commits that a shutdown has left unconfirmed.
    left: BTreeSet<Position>,
    /// Appliers that were stopped have given up to wait for positions up to here, perhaps
    /// also for others in their commit group.
    abandoned: Option<Position>,
    stats: Stats,
    /// What the changes since the last [`Self::take_effects`] want done.
    effects: Effects<W>,
    scratch: Scratch,
}

impl<W> Coordinator<W> {
    /// Not enabled; no replica is connected.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            mode: Mode::Disabled,
            voters: Vec::new(),
            warned: Vec::new(),
            flushed: None,
            confirmed: None,
            pending: Pending::default(),
            waiting: BTreeMap::new(),
            next_wait: 0,
            left: BTreeSet::new(),
            abandoned: None,
            stats: Stats::default(),
            effects: Effects::default(),
            scratch: Scratch::default(),
        }
    }

    // ---- what is ----

    pub fn enabled(&self) -> bool {
        self.mode != Mode::Disabled
    }

    /// Whether there may be commits that are done at their wait point, and whose clients
    /// must not be told OK yet, or never. Each then asks [`Self::on_engine_commit`] once its
    /// engine has committed.
    pub fn is_unsettled(&self) -> bool {
        self.is_closing() || self.abandoned > self.confirmed
    }

    /// Whether an applier that was stopped has given up to wait for this position.
    pub fn is_abandoned(&self, at: Option<Position>) -> bool {
        at > self.confirmed && at <= self.abandoned
    }

    fn is_closing(&self) -> bool {
        matches!(self.mode, Mode::Closing | Mode::Broken)
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
            Mode::On | Mode::Closing => self.flushed > self.confirmed,
        }
    }

    /// What is to be done for all that has changed since the last call. Allocates nothing.
    #[must_use = "sessions that are released must be woken"]
    pub fn take_effects(&mut self) -> Effects<W> {
        std::mem::take(&mut self.effects)
    }

    // ---- the machine ----

    fn has_enough_replicas(&self) -> bool {
        failpoint::hit();
        self.settings.rule.can_be_met(&self.voters)
    }

    fn first_waiting(&self) -> Option<Position> {
        failpoint::hit();
        self.waiting.first_key_value().map(|(id, _)| id.at)
    }

    fn count(&mut self, outcome: Outcome) {
        failpoint::hit();
        match outcome {
            Outcome::Acknowledged => self.stats.yes_tx += 1,
            Outcome::Asynchronous => self.stats.no_tx += 1,
        }
    }

    /// What the replicas have has changed, or how many must have a commit.
    fn count_votes(&mut self) {
        failpoint::hit();
        if !self.enabled() {
            return;
        }
        let quorum = self.settings.rule.position(&self.voters, &mut self.scratch);
        if self.mode == Mode::Off {
            let caught_up = match self.flushed {
                None => self.has_enough_replicas(),
                flushed => quorum >= flushed,
            };
            if caught_up {
                self.mode = Mode::On;
                self.effects.messages.push(Message::SwitchedOn(quorum));
            }
        }
        if quorum > self.confirmed {
            self.confirmed = quorum;
            self.release_confirmed();
        }
    }

    fn release_confirmed(&mut self) {
        failpoint::hit();
        let Some(confirmed) = self.confirmed else {
            return;
        };
        self.pending.release_up_to(confirmed);
        while self.left.first().is_some_and(|at| *at <= confirmed) {
            self.left.pop_first();
        }
        while let Some(first) = self.waiting.first_entry() {
            if first.key().at > confirmed {
                break;
            }
            let waiter = first.remove();
            self.release(waiter, Outcome::Acknowledged);
        }
    }

    /// Called with a waiter that was just taken out of `waiting`. The waiter is noted before
    /// anything can panic: if a panic lost the waiter, nobody would wake the session.
    fn release(&mut self, waiter: W, outcome: Outcome) {
        self.effects.released.push((waiter, outcome));
        self.count(outcome);
    }

    /// Releases all sessions although their commits are not confirmed.
    fn release_all(&mut self) {
        while let Some((_, waiter)) = self.waiting.pop_first() {
            self.release(waiter, Outcome::Asynchronous);
        }
    }

    fn switch_off(&mut self) {
        failpoint::hit();
        if self.mode == Mode::On {
            self.forget_pending();
            self.stop_waiting(Mode::Off);
        }
    }

    /// The server shuts down: nobody waits any more, and nobody is told OK for what is not
    /// confirmed.
    fn give_up(&mut self) {
        failpoint::hit();
        if self.mode == Mode::On {
            if self.flushed > self.confirmed {
                self.effects.messages.push(Message::ForcedShutdown);
            }
            self.stop_waiting(Mode::Closing);
        }
    }

    fn forget_pending(&mut self) {
        failpoint::hit();
        self.pending.clear();
        self.abandoned = None;
    }

    fn stop_waiting(&mut self, mode: Mode) {
        self.mode = mode;
        failpoint::hit();
        self.stats.no_times += 1;
        self.effects.messages.push(Message::SwitchedOff);
        self.release_all();
    }

    /// With `wait_no_replica` OFF nobody waits for replicas that are not there.
    fn switch_off_if_few(&mut self) {
        failpoint::hit();
        if !self.settings.wait_no_replica && !self.has_enough_replicas() {
            self.switch_off();
        }
    }

    /// The server shuts down: replicas that are gone will not come back in time.
    fn give_up_if_few(&mut self) {
        if !self.has_enough_replicas() {
            self.give_up();
        }
    }
}

#[cfg(test)]
mod tests;
