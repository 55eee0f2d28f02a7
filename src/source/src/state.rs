//! The lock around the coordinator of `semisync-core`, and the carrying out of its effects.
//!
//! Only two locks are taken under it, for a moment: that around the decisions, and that of one
//! connection's figures. Effects are computed under it and carried out after it.

use crate::{
    alarm::Alarm,
    counters::{self, WAITS},
    decisions,
    log_file::LogFile,
    messages,
    observations::Observations,
    waiting::Waiting,
};
use semisync_core::{
    AckVerdict, Coordinator, LogFiles, LogName, Member, Outcome, Place, Position, Refusal,
    ReplicaConnectionId, Settings, index_names,
};
use semisync_server::{
    MonotonicMicros, Server, failpoint,
    instruments::{Cond, Held, Memory, Mutex},
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    system_micros,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

/// All that decides, behind one lock.
pub struct State {
    pub server: Server,
    /// For performance schema: what waiting sessions and pending groups take.
    pub memory: Memory,
    /// For performance schema: sleeping sessions.
    pub sending: Cond,
    /// Clients that a shutdown could not cut off before they were told OK.
    pub not_cut: AtomicU64,
    /// When the coordinator wants to be told the time.
    pub alarm: Alarm,
    /// When somebody was released last: microseconds of the monotonic clock.
    last_release: AtomicU64,
    log_file: LogFile,
    locked: Mutex<Locked>,
    /// A panic under the lock has made the coordinator forget the replicas.
    gave_up: AtomicBool,
    /// What is under the lock, readable without it by hooks that run for every event.
    enabled: AtomicBool,
    anybody_waiting: AtomicBool,
    wanting: AtomicBool,
    unsettled: AtomicBool,
    /// See `refuses`.
    refusal: AtomicU8,
    /// See `is_quiet`. 0: no event is.
    quiet_before: AtomicU64,
    log_version: AtomicU64,
}

struct Locked {
    core: Coordinator<Waiting>,
    files: LogFiles,
    observed: Observations,
    held: Held,
}

impl State {
    pub fn new(server: Server) -> Self {
        Self {
            server,
            memory: Memory::default(),
            sending: Cond::default(),
            not_cut: AtomicU64::new(0),
            alarm: Alarm::default(),
            last_release: AtomicU64::new(0),
            log_file: LogFile::default(),
            locked: Mutex::new(Locked {
                core: Coordinator::new(settings(server)),
                files: LogFiles::default(),
                observed: Observations::default(),
                held: Held::default(),
            }),
            gave_up: AtomicBool::new(false),
            enabled: AtomicBool::new(false),
            anybody_waiting: AtomicBool::new(false),
            wanting: AtomicBool::new(false),
            unsettled: AtomicBool::new(false),
            refusal: AtomicU8::new(0),
            quiet_before: AtomicU64::new(0),
            log_version: AtomicU64::new(0),
        }
    }

    /// Makes performance schema know what it can count, by stock's names.
    pub fn instrument(&'static self) {
        self.locked.instrument(self.server, c"LOCK_binlog_");
        self.sending.instrument(self.server, c"COND_binlog_send_");
        self.memory
            .instrument(self.server, c"TranxNodeAllocator::block");
    }

    /// A new installation: nothing is left of an earlier one.
    pub fn begin_anew(&self) {
        WAITS.clear();
        counters::forget_transactions();
        self.update_all(|core, files, observed| {
            *core = Coordinator::new(settings(self.server));
            // While the plugin was not there, the log may have been reset.
            files.forget();
            observed.forget_log();
        });
    }

    /// Whether semi-sync is switched on by its variable. No lock.
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    /// Whether sessions wait. No lock.
    pub fn is_anybody_waiting(&self) -> bool {
        self.anybody_waiting.load(Ordering::Acquire)
    }

    /// Whether an acknowledgement of the newest commit is worth asking for,
    /// even with a heartbeat. No lock.
    pub fn is_wanting(&self) -> bool {
        self.wanting.load(Ordering::Relaxed)
    }

    /// Whether commits are done at their wait point that may not be told OK to anybody
    /// yet, or never. No lock.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled.load(Ordering::Acquire)
    }

    /// Why new transactions are refused. None: they are not. No lock.
    pub fn refuses(&self) -> Option<Refusal> {
        match self.refusal.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Refusal::Timeout),
            _ => Some(Refusal::TooFew),
        }
    }

    /// Whether an event that ends at `end` asks for nothing and changes nothing, to whomever it
    /// is sent: see [`Coordinator::quiet_before`]. No lock. The answer is one that the lock would
    /// have given, now or a moment ago: whatever is flushed later lies behind every position that
    /// was ever kept here.
    pub fn is_quiet(&self, end: Position) -> bool {
        end.word()
            .is_some_and(|end| end < self.quiet_before.load(Ordering::Acquire))
    }

    /// Changes the coordinator, then, without the lock, releases sessions and
    /// writes to the error log as it says.
    pub fn update<R>(&self, change: impl FnOnce(&mut Coordinator<Waiting>) -> R) -> R {
        self.update_log(|core, _| change(core))
    }

    /// As `update`, with what is known of the binary log's files.
    ///
    /// A panic in `change` may leave both half changed, and the lock is not poisoned. So
    /// nothing of them is believed any more: everybody who waits goes on unconfirmed, no
    /// replica counts before it connects again, and semi-sync is off. Then the panic goes on to
    /// the guard.
    pub fn update_log<R>(
        &self,
        change: impl FnOnce(&mut Coordinator<Waiting>, &mut LogFiles) -> R,
    ) -> R {
        self.update_all(|core, files, _| change(core, files))
    }

    /// As `update_log`, with what is noted beside the coordinator.
    fn update_all<R>(
        &self,
        change: impl FnOnce(&mut Coordinator<Waiting>, &mut LogFiles, &mut Observations) -> R,
    ) -> R {
        let (result, effects, is_earlier_alarm) = {
            let mut locked = self.locked.lock();
            let Locked {
                core,
                files,
                observed,
                held,
            } = &mut *locked;
            let before = *core.stats();
            let result = catch_unwind(AssertUnwindSafe(|| {
                if core.needs_time() {
                    core.on_time(MonotonicMicros::now());
                }
                let result = change(core, files, observed);
                failpoint::hit_inside("state");
                result
            }));
            if result.is_err() {
                self.gave_up.store(true, Ordering::Release);
                core.on_panic(self.server.is_shutting_down());
                files.forget();
                observed.forget_log();
            }
            observed.on_change(core.enabled() && !core.status());
            counters::publish(&before, core.stats());
            if core.memory() != held.size() {
                *held = self.memory.hold(core.memory());
            }
            self.enabled.store(core.enabled(), Ordering::Release);
            let waits = core.wait_sessions() != 0;
            self.anybody_waiting.store(waits, Ordering::Release);
            self.wanting.store(core.is_wanting(), Ordering::Relaxed);
            self.unsettled.store(core.is_unsettled(), Ordering::Release);
            let refusal = match core.refusal() {
                None => 0,
                Some(Refusal::Timeout) => 1,
                Some(Refusal::TooFew) => 2,
            };
            self.refusal.store(refusal, Ordering::Release);
            let quiet_before = core.quiet_before().and_then(Position::word);
            self.quiet_before
                .store(quiet_before.unwrap_or(0), Ordering::Release);
            let is_earlier_alarm = self.alarm.set(core.next_time());
            self.log_version.store(files.version(), Ordering::Release);
            (result, core.take_effects(), is_earlier_alarm)
        };
        if is_earlier_alarm {
            self.alarm.wake();
        }
        self.release(&effects.released);
        for message in effects.messages {
            messages::report(&message, |at| self.file_name(at));
        }
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Counts the waits and ends them. In this order: whoever looks after a commit finds its wait
    /// counted.
    fn release(&self, released: &[(Waiting, Outcome)]) {
        if released.is_empty() {
            return;
        }
        let now = MonotonicMicros::now();
        self.last_release.store(now, Ordering::Relaxed);
        for (waiting, outcome) in released {
            WAITS.on_release(&waiting.wait, *outcome, now);
        }
        for (waiting, _) in released {
            waiting.release();
        }
    }

    /// Asks the coordinator something.
    pub fn look<R>(&self, ask: impl FnOnce(&Coordinator<Waiting>) -> R) -> R {
        ask(&self.locked.lock().core)
    }

    /// `SET GLOBAL ..._enabled = ON`. true: all replicas must connect again, because it is not
    /// known any more what they have.
    pub fn enable(&self) -> bool {
        self.update_all(|core, files, observed| {
            // What was flushed meanwhile nobody has told. Nobody waits for it.
            if !core.enabled() {
                files.forget();
                observed.forget_log();
            }
            core.on_enable();
        });
        self.gave_up.swap(false, Ordering::AcqRel)
    }

    /// Asks about all that is under the lock. To copy numbers, not to think.
    pub fn look_around<R>(
        &self,
        ask: impl FnOnce(&Coordinator<Waiting>, &LogFiles, &Observations) -> R,
    ) -> R {
        let locked = self.locked.lock();
        ask(&locked.core, &locked.files, &locked.observed)
    }

    /// When somebody was released last: microseconds of the monotonic clock. No lock.
    pub fn last_release(&self) -> u64 {
        self.last_release.load(Ordering::Relaxed)
    }

    // ---- what the operator decides ----

    /// The decisions have changed: all of them take effect in one step.
    pub fn on_decisions(&self) {
        self.update(|core| {
            core.on_time(MonotonicMicros::now());
            core.on_settings(settings(self.server));
        });
        self.wake_all();
    }

    /// The source knows otherwise by now who the replicas of these connections are.
    pub fn on_members(&self, members: &[(ReplicaConnectionId, Arc<Member>)]) {
        self.update(|core| core.on_members(members));
    }

    /// All sessions that wait go on, unconfirmed.
    pub fn release_waits(&self) {
        self.update(Coordinator::on_release_waits);
    }

    /// Has all who wait look around, because what ends a wait has changed.
    fn wake_all(&self) {
        let waiters: Vec<_> = self.look(|core| {
            let waits = core.waits();
            waits.map(|(_, waiting)| waiting.waiter().clone()).collect()
        });
        for waiter in waiters {
            waiter.call();
        }
    }

    /// Tells the coordinator the time, if that is due.
    pub fn ring(&self) {
        if self.alarm.is_due() {
            self.update(|core| core.on_time(MonotonicMicros::now()));
        }
    }

    // ---- the binary log ----

    /// A commit group was written and ends at `offset` of the file `name`; under `LOCK_log`, so
    /// that the files keep their names. `is_awaited`: its sessions will wait. true: the log
    /// begins anew there. It was reset, and the server has not told so yet; what was said of the
    /// old one is gone.
    pub fn on_flush(&self, name: &[u8], offset: u64, is_awaited: bool) -> bool {
        let now = MonotonicMicros::now();
        let path = || self.server.binary_log_path(name);
        let is_replaced = self.log_file.on_flush(name, path);
        self.update_all(|core, files, observed| {
            let reset = files.begins_anew(name, offset, is_replaced);
            if reset {
                WAITS.clear();
                files.on_noticed_reset(system_micros());
                observed.forget_log();
                core.on_reset();
            }
            let end = files.on_flush(name, offset);
            observed.on_flush(end, now);
            if is_awaited {
                core.on_flush(end);
            } else {
                core.on_unawaited_flush(end);
            }
            reset
        })
    }

    /// Whether the transaction that ends at `offset` of the file `name` is confirmed. None: it is
    /// not to be counted, because it has been, or because nobody watched when it was written.
    pub fn is_confirmed(&self, name: &[u8], offset: u64) -> Option<bool> {
        let mut locked = self.locked.lock();
        let at = locked.files.find(name, offset)?;
        let is_new = locked.observed.counted_ends.insert(at);
        is_new.then(|| locked.core.confirmed() >= Some(at))
    }

    /// The server tells of a RESET. false: its first flush has told before.
    pub fn on_reset(&self) -> bool {
        self.update_all(|core, files, observed| {
            let news = files.on_reset(system_micros());
            if news {
                // First, so that those whom it releases are not counted.
                WAITS.clear();
                observed.forget_log();
                core.on_reset();
            }
            news
        })
    }

    // ---- replicas ----

    /// See [`Coordinator::on_ack`]. `now`: microseconds of the monotonic clock. `note` is told, under
    /// the lock, so that whoever sees what the acknowledgement has changed finds it noted: the
    /// verdict, and, if the acknowledgement says something new, for how long what it acknowledges
    /// had been flushed, in microseconds.
    pub fn on_ack(
        &self,
        connection: ReplicaConnectionId,
        at: Position,
        sent: Option<Position>,
        now: u64,
        note: impl FnOnce(AckVerdict, Option<u64>),
    ) -> AckVerdict {
        self.update_all(|core, _, observed| {
            let verdict = core.on_ack(connection, at, sent);
            let took = match verdict {
                AckVerdict::Accepted => observed.flush_times().ack_took(at, now),
                _ => None,
            };
            note(verdict, took);
            verdict
        })
    }

    // ---- the log's files ----

    /// Changes whenever [`State::place`] may answer differently. No lock.
    pub fn log_version(&self) -> u64 {
        self.log_version.load(Ordering::Acquire)
    }

    /// Where the file lies that the server names in a dump, and the version of the log of
    /// which that is true. Reads the index: once for each file of a dump.
    pub fn place(&self, name: &[u8]) -> (Place, u64) {
        // The index must not be older than what it is compared with.
        const TRIES: u32 = 8;
        let mut version = self.log_version();
        for _ in 0..TRIES {
            let index = self.server.binary_log_index();
            let index = index.map(|content| index_names(&content));
            let locked = self.locked.lock();
            let before = std::mem::replace(&mut version, locked.files.version());
            if version == before {
                return (locked.files.place(name, index.as_deref()), version);
            }
        }
        // Files come faster than their list can be read.
        (Place::Unknown, version)
    }

    /// Whether the present log reaches so far, see [`LogFiles::reaches`].
    pub fn log_reaches(&self, place: Place, offset: u64) -> bool {
        self.locked.lock().files.reaches(place, offset)
    }

    /// The name of a position's file, while it is known.
    pub fn file_name(&self, at: &Position) -> Option<LogName> {
        self.locked.lock().files.name(at.file)
    }
}

/// What was decided. Without a binary log the server calls no hook before a commit, so nothing can
/// be refused, and nobody is told that it is.
fn settings(server: Server) -> Settings {
    let decided = decisions::settings();
    if server.has_binary_log() {
        return decided;
    }
    Settings {
        min_replicas: 0,
        ..decided
    }
}
