//! A session's wait for acknowledgements, at either wait point.
//!
//! KILL does not end the wait: the session may be the leader of a commit group
//! and wait for others' transactions too, and nobody may be told of a commit
//! that no replica has. The wait ends by acknowledgement, timeout, semi-sync
//! being switched off, or a shutdown of the server. After a shutdown has ended it
//! unconfirmed, the client is told nothing (see `commit`).
//!
//! An applier waits for nobody who is to be told, and must be stopped with its wait:
//! by STOP REPLICA, by KILL and at shutdown. It then goes on unconfirmed.

use crate::{
    counters::WAITS,
    messages,
    source::Source,
    state::State,
    variables::{timeout_ms, traces_details},
    waiting::Waiting,
};
use semisync_core::{WaitId, WaitVerdict, stops_appliers};
use semisync_server::{
    LogPos, MonotonicMicros, Server, session,
    wait::{SessionWait, Waiter, Woken},
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

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
    let waiter = Waiter::new(&state.memory);
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
    let deadline = Instant::now().checked_add(timeout());
    let session = SessionWait::enter(
        server,
        waiter,
        &source.words.waiting_for_ack,
        &state.sending,
    );
    // Whoever is released while he gives up is about to be woken, and need not wait for it.
    match if is_applier {
        wait_as_applier(server, &session, deadline)
    } else {
        wait_as_client(state, &session, id, deadline)
    } {
        End::Released => WAITS.end(&wait),
        End::TimedOut => {
            let shutting_down = server.is_shutting_down();
            state.update(|core| core.on_timeout(id, shutting_down));
        }
        End::Stopped => {
            let shutting_down = server.is_shutting_down();
            state.update(|core| core.on_applier_stop(id, shutting_down));
        }
    }
}

enum End {
    Released,
    TimedOut,
    /// The applier is to end.
    Stopped,
}

fn wait_as_client(
    state: &State,
    session: &SessionWait,
    id: WaitId,
    mut deadline: Option<Instant>,
) -> End {
    let server = state.server;
    let mut saw_shutdown = false;
    loop {
        match session.sleep(deadline, || !saw_shutdown && server.is_shutting_down()) {
            Woken::Released => return End::Released,
            Woken::TimedOut => return End::TimedOut,
            Woken::Spurious if !saw_shutdown && server.is_shutting_down() => {
                saw_shutdown = true;
                state.update(|core| core.on_shutdown(id));
                let grace = Instant::now() + SHUTDOWN_GRACE;
                deadline = Some(deadline.map_or(grace, |deadline| deadline.min(grace)));
            }
            Woken::Spurious => {}
        }
    }
}

/// The server wakes an applier only to stop it. (Without parallel workers STOP REPLICA
/// does so, and sets nothing that can be seen.)
fn wait_as_applier(server: Server, session: &SessionWait, deadline: Option<Instant>) -> End {
    let is_to_end = || session::is_killed(server) || server.is_shutting_down();
    let seen = STOP_SEEN.load(Ordering::Relaxed);
    let mut looks = seen != 0 && MonotonicMicros::now() < seen + STOP_LASTS;
    loop {
        if looks && session::are_appliers_stopped(server, stops_appliers) {
            STOP_SEEN.store(MonotonicMicros::now(), Ordering::Relaxed);
            return End::Stopped;
        }
        looks = true;
        let look = Instant::now() + LOOK_AROUND;
        let until = deadline.map_or(look, |deadline| deadline.min(look));
        match session.sleep(Some(until), is_to_end) {
            Woken::Released => return End::Released,
            Woken::Spurious => return End::Stopped,
            Woken::TimedOut if Some(until) == deadline => return End::TimedOut,
            Woken::TimedOut => {}
        }
    }
}

/// The timeout, within what the clock can count.
fn timeout() -> Duration {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    Duration::from_millis(timeout_ms()).min(CENTURY)
}
