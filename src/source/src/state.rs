//! The lock around the coordinator of `semisync-core`, and the carrying out of its effects.
//!
//! The lock nests with none. Effects are computed under it and carried out after it.

use crate::{
    counters::{self, WAITS},
    messages,
    observations::Observations,
    variables::{rule, waits_without_replicas},
    waiting::Waiting,
};
use semisync_core::{
    AckVerdict, Coordinator, LogFiles, LogName, Outcome, Place, Position, ReplicaConnectionId,
    Settings, index_names,
};
use semisync_server::{
    MonotonicMicros, Server, failpoint,
    instruments::{Cond, Held, Memory, Mutex},
    system_micros,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
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
    /// When somebody was released last: microseconds of the monotonic clock.
    last_release: AtomicU64,
    locked: Mutex<Locked>,
    /// A panic under the lock has made the coordinator forget the replicas.
    gave_up: AtomicBool,
    /// What is under the lock, readable without it by hooks that run for every event.
    enabled: AtomicBool,
    wanting: AtomicBool,
    unsettled: AtomicBool,
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
            last_release: AtomicU64::new(0),
            locked: Mutex::new(Locked {
                core: Coordinator::new(settings()),
                files: LogFiles::default(),
                observed: Observations::default(),
                held: Held::default(),
            }),
            gave_up: AtomicBool::new(false),
            enabled: AtomicBool::new(false),
            wanting: AtomicBool::new(false),
            unsettled: AtomicBool::new(false),
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
        self.update_all(|core, files, observed| {
            *core = Coordinator::new(settings());
            // While the plugin was not there, the log may have been reset.
            files.forget();
            observed.forget_log();
        });
    }

    /// Whether semi-sync is switched on by its variable. No lock.
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
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
        let (result, effects) = {
            let mut locked = self.locked.lock();
            let Locked {
                core,
                files,
                observed,
                held,
            } = &mut *locked;
            let before = *core.stats();
            let result = catch_unwind(AssertUnwindSafe(|| {
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
            self.wanting.store(core.is_wanting(), Ordering::Relaxed);
            self.unsettled.store(core.is_unsettled(), Ordering::Release);
            self.log_version.store(files.version(), Ordering::Release);
            (result, core.take_effects())
        };
        self.release(&effects.released);
        for message in effects.messages {
            messages::report(&message, |at| self.file_name(at));
        }
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Ends the waits, and counts them once everybody is awake.
    fn release(&self, released: &[(Waiting, Outcome)]) {
        if released.is_empty() {
            return;
        }
        for (waiting, _) in released {
            waiting.release();
        }
        let now = MonotonicMicros::now();
        self.last_release.store(now, Ordering::Relaxed);
        for (waiting, outcome) in released {
            WAITS.on_release(&waiting.wait, *outcome, now);
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

    // ---- the binary log ----

    /// A commit group was written and ends at `offset` of the file `name`. true: the log
    /// begins anew there. It was reset, and the server has not told so yet; what was said
    /// of the old one is gone.
    pub fn on_flush(&self, name: &[u8], offset: u64) -> bool {
        let now = MonotonicMicros::now();
        self.update_all(|core, files, observed| {
            let reset = files.begins_anew(name, offset);
            if reset {
                WAITS.clear();
                files.on_noticed_reset(system_micros());
                observed.forget_log();
                core.on_reset();
            }
            let end = files.on_flush(name, offset);
            observed.on_flush(end, now);
            core.on_flush(end);
            reset
        })
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

    /// See [`Coordinator::on_ack`]. And, if the acknowledgement says something new, for how
    /// long what it acknowledges had been flushed, in microseconds. `now`: microseconds of the
    /// monotonic clock.
    pub fn on_ack(
        &self,
        connection: ReplicaConnectionId,
        at: Position,
        sent: Option<Position>,
        now: u64,
    ) -> (AckVerdict, Option<u64>) {
        self.update_all(|core, _, observed| {
            let verdict = core.on_ack(connection, at, sent);
            let took = match verdict {
                AckVerdict::Accepted => observed.flush_times().ack_took(at, now),
                _ => None,
            };
            (verdict, took)
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

fn settings() -> Settings {
    Settings {
        rule: rule(),
        wait_no_replica: waits_without_replicas(),
        ..Settings::default()
    }
}
