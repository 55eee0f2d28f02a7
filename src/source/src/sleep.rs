//! How a session sleeps while it waits: on a condition, woken by whoever reads its
//! acknowledgement, or in the receiver's poller, reading by itself.

use crate::{
    intake::{Desk, Intake},
    messages,
    operator::values::spins_for,
    source::Source,
    waiting::WaiterRef,
};
use semisync_server::{
    Driving, Ready,
    sync::Instant,
    wait::{SessionWait, Woken},
};
use std::time::Duration;

/// The current session's sleep.
pub struct Sleep<'s> {
    source: &'s Source,
    session: SessionWait<'s>,
    /// None: another reads.
    reads: Option<(&'s Intake, &'s Driving<'s>)>,
}

impl<'s> Sleep<'s> {
    /// `driving`: the session has the seat of `intake`.
    pub fn enter(
        source: &'s Source,
        waiter: &'s WaiterRef,
        reads: Option<(&'s Intake, &'s Driving<'s>)>,
    ) -> Self {
        let state = &source.state;
        let session = SessionWait::enter(
            state.server,
            waiter,
            reads.map(|(_, driving)| driving),
            &source.words.waiting_for_ack,
            &state.sending,
        );
        Self {
            source,
            session,
            reads,
        }
    }

    /// See [`SessionWait::sleep`].
    pub fn sleep(&self, deadline: Option<Instant>, look_around: impl Fn() -> bool) -> Woken {
        let Some((intake, driving)) = self.reads else {
            return self.session.sleep(deadline, look_around);
        };
        let desk = &mut *intake.desk();
        loop {
            self.poll(intake, desk, deadline);
            let slept = self
                .session
                .sleep_in(driving, &mut desk.ready, deadline, &look_around);
            match slept {
                // What came in the last moment still counts.
                Ok(Some(Woken::TimedOut)) if self.reads_last(intake, desk) => {}
                Ok(Some(woken)) => return woken,
                Ok(None) => intake.read(desk),
                Err(errno) => {
                    messages::receiver_failed_to_wait(errno);
                    // Nobody reads acknowledgements any more; this session is released.
                    self.source.state.update(|core| core.on_disable());
                }
            }
        }
    }

    /// Reads what there is, without sleeping. Whether the session is released by it.
    fn reads_last(&self, intake: &Intake, desk: &mut Desk) -> bool {
        // An error is no reason to wait longer.
        let _ = intake
            .seat
            .poller()
            .wait(&mut desk.ready, Some(Duration::ZERO));
        intake.read(desk);
        self.session.is_awake()
    }

    /// Looks for a while without sleeping, if the operator wants that.
    fn poll(&self, intake: &Intake, desk: &mut Desk, deadline: Option<Instant>) {
        let mut limit = spins_for();
        if limit.is_zero() {
            return;
        }
        if let Some(deadline) = deadline {
            limit = limit.min(deadline.saturating_duration_since(Instant::now()));
        }
        let Desk { ready, spin, .. } = desk;
        let poller = intake.seat.poller();
        // An error is found again by the sleep.
        let is_there = |ready: &Ready| !ready.is_empty() || self.session.is_awake();
        spin.poll(limit, || {
            poller.wait(ready, Some(Duration::ZERO)).is_err() || is_there(ready)
        });
        intake.read(desk);
    }
}
