//! A session's wait for acknowledgements, at either wait point.
//!
//! The wait ends by acknowledgement, timeout, semi-sync being switched off, the operator's wish,
//! or a shutdown of the server. After a shutdown has ended it unconfirmed, the client is told
//! nothing (see `commit`). What a timeout leads to, the operator decides.
//!
//! KILL ends the wait only if the operator has decided so: the session may be the leader of a
//! commit group and wait for others' transactions too, and nobody should be told of a commit
//! that no replica has.
//!
//! An applier waits for nobody who is to be told, and must be stopped with its wait:
//! by STOP REPLICA, by KILL and at shutdown. It then goes on unconfirmed.

use crate::{
    counters::WAITS,
    decisions::does_kill_end_wait,
    messages,
    sleep::Sleep,
    source::Source,
    state::State,
    variables::{timeout_ms, traces_details},
    waiting::Waiting,
};
use semisync_core::{TimeoutVerdict, WaitId, WaitVerdict, stops_appliers};
use semisync_server::{
    LogPos, MonotonicMicros, abort, session,
    sync::{
        Instant,
        atomic::{AtomicU64, Ordering},
    },
    wait::{Waiter, Woken},
};
use std::time::Duration;

/// How long a session goes on waiting once the server shuts down and its
/// replicas are still there. The server keeps their dumps alive for 8 seconds
/// (`close_connections`).
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// How often an applier looks around: not everything that stops it wakes it. STOP
/// REPLICA wakes the coordinator of parallel appliers, which waits for them.
const LOOK_AROUND: Duration = Duration::from_millis(500);

/// When an applier has last seen that appliers are being stopped, in microseconds: those
/// that come next look around before they wait.
static STOP_SEEN: AtomicU64 = AtomicU64::new(0);
const STOP_LASTS: u64 = 2_000_000;

/// Waits until enough replicas have acknowledged everything up to `end`, or returns at once if
/// there is nothing to wait for. A session's thread; none of our locks held.
pub fn wait_for_acknowledgement(source: &Source, end: LogPos<'_>) {
    let state = &source.state;
    let server = state.server;
    let intake = source.intake();
    let poller = intake.as_ref().map(|intake| intake.seat.poller());
    let waiter = Waiter::new(&state.memory, poller.cloned());
    let is_applier = session::is_applier(server);
    let wait = WAITS.begin();
    let thread_id = session::thread_id(server);
    let begin = state.update_log(|core, files| {
        let at = files.find(end.file(), end.offset);
        // An applier that ends commits once more, where it stands, and still names the
        // position of its last transaction.
        if is_applier && core.is_abandoned(at) {
            return WaitVerdict::NotCounted;
        }
        let waiting = Waiting::new(waiter.clone(), thread_id, wait);
        core.on_wait_point(at, waiting, server.is_shutting_down())
    });
    let WaitVerdict::Waits(id) = begin else {
        return;
    };
    if traces_details() {
        messages::trace_wait(end);
    }
    // Known to the coordinator before: whoever leaves the seat later has the thread come. An
    // applier takes each wake that it cannot explain for STOP REPLICA, so it must not drive.
    let driving = intake.as_ref().and_then(|intake| match is_applier {
        true => {
            intake.seat.ask_for_reader();
            None
        }
        false => intake.seat.take(),
    });
    let reads = intake.as_deref().zip(driving.as_ref());
    let session = Sleep::enter(source, &waiter, reads);
    let waits = Waits {
        state,
        id,
        deadline: Instant::now().checked_add(timeout()),
        is_overdue: false,
    };
    // Whoever is released while he gives up is about to be woken, and need not wait for it.
    let end = if is_applier {
        waits.sleep_as_applier(&session)
    } else {
        waits.sleep_as_client(&session)
    };
    drop(session);
    drop(driving);
    match end {
        End::Released => WAITS.end(&wait),
        End::GivenUp => {}
        End::Killed => session::warn(server, messages::operator::KILLED),
    }
}

enum End {
    Released,
    /// By this session, for all or for itself.
    GivenUp,
    /// As `GivenUp`, because of KILL.
    Killed,
}

/// A session on its way through its wait.
struct Waits<'a> {
    state: &'a State,
    id: WaitId,
    /// None: the session waits for as long as it takes.
    deadline: Option<Instant>,
    /// The whole timeout has passed.
    is_overdue: bool,
}

impl Waits<'_> {
    fn sleep_as_client(mut self, session: &Sleep) -> End {
        let state = self.state;
        let server = state.server;
        let mut saw_shutdown = false;
        // A shutdown kills all sessions.
        let is_killed =
            || does_kill_end_wait() && !server.is_shutting_down() && session::is_killed(server);
        loop {
            let woken = session.sleep(self.deadline, || {
                !saw_shutdown && server.is_shutting_down() || is_killed()
            });
            match woken {
                Woken::Released => return End::Released,
                Woken::TimedOut => {
                    if let Some(end) = self.on_timeout() {
                        return end;
                    }
                }
                Woken::Spurious if !saw_shutdown && server.is_shutting_down() => {
                    saw_shutdown = true;
                    state.update(|core| core.on_shutdown(self.id));
                    let grace = Instant::now() + SHUTDOWN_GRACE;
                    let grace = self.deadline.map_or(grace, |deadline| deadline.min(grace));
                    self.deadline = Some(grace);
                }
                Woken::Spurious if is_killed() => {
                    let in_time = state.update(|core| core.on_kill(self.id));
                    return if in_time { End::Killed } else { End::GivenUp };
                }
                Woken::Spurious => {}
                Woken::Called => {
                    if let Some(end) = self.look_around() {
                        return end;
                    }
                }
            }
        }
    }

    /// The server wakes an applier only to stop it. (Without parallel workers STOP REPLICA
    /// does so, and sets nothing that can be seen.)
    fn sleep_as_applier(mut self, session: &Sleep) -> End {
        let server = self.state.server;
        let is_to_end = || session::is_killed(server) || server.is_shutting_down();
        let seen = STOP_SEEN.load(Ordering::Relaxed);
        let mut looks = seen != 0 && MonotonicMicros::now() < seen + STOP_LASTS;
        loop {
            if looks && session::are_appliers_stopped(server, stops_appliers) {
                STOP_SEEN.store(MonotonicMicros::now(), Ordering::Relaxed);
                return self.stop();
            }
            looks = true;
            let look = Instant::now() + LOOK_AROUND;
            let until = self.deadline.map_or(look, |deadline| deadline.min(look));
            let end = match session.sleep(Some(until), is_to_end) {
                Woken::Released => Some(End::Released),
                Woken::Called => self.look_around(),
                Woken::Spurious => Some(self.stop()),
                Woken::TimedOut if Some(until) == self.deadline => self.on_timeout(),
                Woken::TimedOut => None,
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn stop(&self) -> End {
        let shutting_down = self.state.server.is_shutting_down();
        self.state
            .update(|core| core.on_applier_stop(self.id, shutting_down));
        End::GivenUp
    }

    /// The operator may have decided otherwise what a timeout leads to.
    fn look_around(&mut self) -> Option<End> {
        if self.is_overdue {
            self.on_timeout()
        } else {
            None
        }
    }

    /// The whole timeout has passed. None: the session waits on.
    fn on_timeout(&mut self) -> Option<End> {
        let shutting_down = self.state.server.is_shutting_down();
        let verdict = self
            .state
            .update(|core| core.on_timeout(self.id, shutting_down));
        match verdict {
            TimeoutVerdict::Over => Some(End::GivenUp),
            TimeoutVerdict::WaitsOn => {
                self.is_overdue = true;
                self.deadline = None;
                None
            }
            TimeoutVerdict::Abort => abort(format_args!("{}", messages::operator::ABORTS)),
        }
    }
}

/// The timeout, within what the clock can count.
fn timeout() -> Duration {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    Duration::from_millis(timeout_ms()).min(CENTURY)
}
