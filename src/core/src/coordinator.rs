//! All that decides on the source: which replicas are connected and what they have, which
//! sessions wait, whether semi-sync is ON or OFF.
//!
//! | file | what happens there |
//! |---|---|
//! | `coordinator` | votes are counted, sessions released, semi-sync switched ON and OFF |
//! | `operator` | enabling, disabling, settings, RESET |
//! | `release` | the operator ends waits: of all sessions, or of one by KILL |
//! | `replicas` | replicas connect, acknowledge and leave |
//! | `commits` | a commit's way: flushed, waiting, told OK or not |
//! | `refusal` | new transactions are refused |
//! | `rejoin` | semi-sync comes ON again, at once or after a while |
//! | `panics` | what is left after a panic |
//! | `views` | what is to be seen |
//!
//! The caller holds a lock around the coordinator. After each change the caller takes the
//! [`Effects`] and carries them out without the lock.
//!
//! Invariants: `confirmed` only grows (until a reset, enabling or a panic). Sessions wait
//! only while ON. Every pending group, every waiting position and every commit that was left
//! unconfirmed lies behind `confirmed`. Every waiting position lies behind `let_go` too. What a replica says counts for commits that were
//! flushed before the replica said so, never for a later one: no statement that is older
//! than a commit, and no check that is, can confirm that commit.

mod commits;
mod operator;
mod panics;
mod refusal;
mod rejoin;
mod release;
mod replicas;
mod views;

use crate::{
    effects::{Effects, Message, Outcome},
    failpoint,
    keeping_up::KeepingUp,
    pending::Pending,
    position::Position,
    quorum::{ReplicaConnectionId, Scratch, Voter},
    refusal::Refusal,
    settings::{Settings, TimeoutAction},
    stats::Stats,
    verdicts::WaitId,
};
use std::collections::{BTreeMap, BTreeSet};
pub use views::{VotersView, WaitsView};

/// | from | to | when |
/// |---|---|---|
/// | `Disabled` | `On` | semi-sync is enabled |
/// | `Disabled` | `Off` | the same, but replicas are too few and nobody waits for them |
/// | `Off` | `On` | enough replicas have caught up (and kept up for `rejoin_after`) |
/// | `Off` | `On` | `wait_no_replica` is set ON, or `timeout_action` WAIT or REFUSE |
/// | `On` | `Off` | a wait times out, or the log goes back |
/// | `On` | `Off` | replicas are too few and nobody waits for them |
/// | `On` | `Closing` | a shutdown: replicas are too few, a wait times out, or a hook panics |
/// | `On` | `Broken` | a shutdown, and the coordinator panics |
/// | `Closing` | `Broken` | the coordinator panics |
/// | `Closing`, `Broken` | the same | a hook panics |
/// | any | `Disabled` | semi-sync is disabled; or a panic that is in no other line |
///
/// Replicas that are too few are waited for unless `wait_no_replica` is OFF and
/// `timeout_action` is ASYNC. With `timeout_action` other than ASYNC no line leads to `Off`.
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
    /// The operator has released everything up to here, confirmed or not.
    let_go: Option<Position>,
    /// A session waits longer than its timeout, and the log has said so since the last
    /// commit was confirmed.
    overdue: bool,
    /// Since a timeout new transactions are refused.
    refusing: bool,
    /// What the log has said last about refusing.
    told_refusal: Option<Refusal>,
    /// How many different connected servers count.
    counted: u32,
    /// While OFF: enough replicas have caught up, and must keep up for `rejoin_after`.
    keeping_up: Option<KeepingUp>,
    /// The time, as the caller has told last: microseconds of a clock that never goes back.
    now: u64,
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
            let_go: None,
            overdue: false,
            refusing: false,
            told_refusal: None,
            counted: 0,
            keeping_up: None,
            now: 0,
            stats: Stats::default(),
            effects: Effects::default(),
            scratch: Scratch::default(),
        }
    }

    /// What is to be done for all that has changed since the last call.
    #[must_use = "sessions that are released must be woken"]
    pub fn take_effects(&mut self) -> Effects<W> {
        self.tell_refusal();
        std::mem::take(&mut self.effects)
    }

    fn is_closing(&self) -> bool {
        matches!(self.mode, Mode::Closing | Mode::Broken)
    }

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
        self.settle_voters();
        let quorum = self.settings.rule.position(&self.voters, &mut self.scratch);
        let caught_up = || match self.flushed {
            None => self.has_enough_replicas(),
            flushed => quorum >= flushed,
        };
        if self.mode == Mode::Off {
            let caught_up = caught_up();
            self.rejoin(quorum, caught_up);
        } else if self.refusing {
            self.refusing = !caught_up();
        }
        if quorum > self.confirmed {
            self.confirmed = quorum;
            self.release_confirmed();
            // What others have confirmed may be all that a replica may lack.
            if self.settle_voters() {
                self.count_votes();
            }
        }
    }

    fn release_confirmed(&mut self) {
        failpoint::hit();
        let Some(confirmed) = self.confirmed else {
            return;
        };
        self.overdue = false;
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
        self.let_go = None;
        self.overdue = false;
    }

    fn stop_waiting(&mut self, mode: Mode) {
        self.mode = mode;
        self.keeping_up = None;
        failpoint::hit();
        self.stats.no_times += 1;
        self.effects.messages.push(Message::SwitchedOff);
        self.release_all();
    }

    /// With `wait_no_replica` OFF nobody waits for replicas that are not there, unless a
    /// timeout would not switch off either.
    fn act_if_few(&mut self) {
        failpoint::hit();
        if self.settings.wait_no_replica || self.has_enough_replicas() {
            return;
        }
        match self.settings.timeout_action {
            TimeoutAction::Async => self.switch_off(),
            TimeoutAction::Refuse => self.refuse(),
            TimeoutAction::Wait | TimeoutAction::AbortServer => {}
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
