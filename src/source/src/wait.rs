//! A session's wait for acknowledgements, at either wait point.
//!
//! KILL does not end the wait: the session may be the leader of a commit group
//! and wait for others' transactions too, and nobody may be told of a commit
//! that no replica has. The wait ends by acknowledgement, timeout, semi-sync
//! being switched off, or a shutdown of the server. After a shutdown has ended it
//! unconfirmed, the client is told nothing (see `hooks`).

use crate::{
    notices::file_name,
    state::Source,
    variables::{timeout_ms, traces_details},
};
use semisync_core::{Begin, Position};
use semisync_server::{
    log::{self, Arg, Level},
    sys,
    wait::{SessionWait, Waiter, Woken},
};
use std::time::{Duration, Instant};

/// How long a session goes on waiting once the server shuts down and its
/// replicas are still there. The server keeps their dumps alive for 8 seconds
/// (`close_connections`).
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Whoever has taken a session off the list wakes it within microseconds; this
/// is for the case that a panic came between.
const WAKE_GRACE: Duration = Duration::from_secs(1);

/// Waits until enough replicas have acknowledged `at`, or returns at once if
/// there is nothing to wait for. A session's thread; none of our locks held.
pub fn wait_for_acknowledgement(source: &Source, at: Position) {
    let server = source.server;
    let waiter = Waiter::new();
    let begin = source.update(|core, now, fx| {
        core.begin_wait(at, waiter.clone(), server.is_shutting_down(), now, fx)
    });
    let Begin::Wait(id) = begin else {
        return;
    };
    if traces_details() {
        log::message(
            Level::Note,
            sys::ER_SEMISYNC_SOURCE_TRX_WAIT_POS,
            &[
                Arg::Text("wait_for_acknowledgement"),
                Arg::Text(&file_name(source, &at)),
                Arg::Number(at.offset),
                Arg::Number(1),
            ],
        );
    }

    let session = SessionWait::enter(server, &waiter, &source.vocabulary.waiting_for_ack);
    let mut deadline = Instant::now().checked_add(timeout());
    let (mut saw_shutdown, mut timed_out) = (false, false);
    loop {
        match session.sleep(deadline, || !saw_shutdown && server.is_shutting_down()) {
            Woken::Released => return,
            Woken::TimedOut if timed_out => return,
            Woken::TimedOut => {
                // Either this releases everybody, us included, or somebody
                // else has just done so: we are about to be woken.
                let shutting_down = server.is_shutting_down();
                source.update(|core, now, fx| core.on_timeout(id, shutting_down, now, fx));
                timed_out = true;
                deadline = Some(Instant::now() + WAKE_GRACE);
            }
            Woken::Spurious if !saw_shutdown && !timed_out && server.is_shutting_down() => {
                saw_shutdown = true;
                source.update(|core, now, fx| core.on_shutdown(id, now, fx));
                let grace = Instant::now() + SHUTDOWN_GRACE;
                deadline = Some(deadline.map_or(grace, |deadline| deadline.min(grace)));
            }
            Woken::Spurious => {}
        }
    }
}

/// The timeout, within what the clock can count.
fn timeout() -> Duration {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    Duration::from_millis(timeout_ms()).min(CENTURY)
}
