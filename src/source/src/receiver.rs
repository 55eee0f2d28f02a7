//! The thread that reads acknowledgements while no session does.
//!
//! Where commits come one after the other it stands by (see [`semisync_server::Seat`]): the
//! session that waits reads by itself what releases it. The thread comes back when sessions
//! wait that nobody reads for, or when none has come for a while: what replicas say meanwhile
//! is read so much later.

use crate::{Vocabulary, intake::Intake, messages, replicas::Replicas, state::State};
use semisync_server::{
    Poller, StoodBy,
    psi::{Thread, ThreadKind},
    sync::atomic::{AtomicBool, Ordering},
};
use std::{ffi::c_int, sync::Arc, time::Duration};

/// Stock's name in `performance_schema.threads` and in `top -H`.
pub static THREAD: ThreadKind = ThreadKind::new(c"Ack_receiver", c"ss_ack");

/// Sessions that are released so soon after one another read by themselves.
const STAND_BY: Duration = Duration::from_millis(10);

/// The thread, and how to end it.
pub struct Receiver {
    intake: Arc<Intake>,
    signs: Arc<Signs>,
    thread: Thread,
}

/// What the thread and the others tell each other.
#[derive(Default)]
struct Signs {
    stop: AtomicBool,
    ended: AtomicBool,
}

impl Receiver {
    /// The error is an errno: no descriptor or no thread could be had.
    pub fn start(
        state: &'static State,
        replicas: &'static Replicas,
        words: &'static Vocabulary,
    ) -> Result<Self, c_int> {
        let intake = Arc::new(Intake::new(state, replicas)?);
        let signs = Arc::new(Signs::default());
        let run = Run {
            state,
            replicas,
            words,
            intake: Arc::clone(&intake),
            signs: Arc::clone(&signs),
        };
        let thread = THREAD.spawn(state.server, move || run.run())?;
        Ok(Self {
            intake,
            signs,
            thread,
        })
    }

    pub fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    pub fn poller(&self) -> &Arc<Poller> {
        self.intake.seat.poller()
    }

    /// Whether the thread is gone although nobody stopped it.
    pub fn has_ended(&self) -> bool {
        self.signs.ended.load(Ordering::Acquire)
    }

    /// Ends the thread and waits for it: it sleeps in the poller or beside the seat only, so
    /// this takes no time. None of our locks may be held.
    pub fn stop(self) {
        self.signs.stop.store(true, Ordering::Release);
        self.intake.seat.call_thread();
        if let Err(errno) = self.thread.join() {
            messages::receiver_failed_to_stop(errno);
        }
    }
}

/// What the thread works with.
struct Run {
    state: &'static State,
    replicas: &'static Replicas,
    words: &'static Vocabulary,
    intake: Arc<Intake>,
    signs: Arc<Signs>,
}

impl Run {
    fn run(&self) {
        messages::receiver_starts();
        // Also after a panic the next start must find that this one is over.
        let _ended = Ended(&self.signs.ended);
        let mut last_release = 0;
        while !self.stops() {
            if let Err(errno) = self.drive() {
                messages::receiver_failed_to_wait(errno);
                // Nobody reads acknowledgements any more.
                self.state.update(|core| core.on_disable());
                break;
            }
            let before = std::mem::replace(&mut last_release, self.state.last_release());
            let between = Duration::from_micros(last_release.saturating_sub(before));
            if last_release != before && between < STAND_BY {
                self.stand_by();
            }
        }
        messages::receiver_stops();
    }

    fn stops(&self) -> bool {
        self.signs.stop.load(Ordering::Acquire)
    }

    /// Sleeps until an acknowledgement comes, or the time that the coordinator wants to be told,
    /// and reads.
    fn drive(&self) -> Result<(), c_int> {
        let desk = &mut *self.intake.desk();
        let time = self.state.alarm.left();
        let poller = self.poller();
        if self.replicas.is_empty() {
            self.words.waiting_for_replica.enter(self.state.server);
            let sleep = || poller.wait(&mut desk.ready, time);
            self.replicas.alone.wait(sleep)?;
        } else {
            self.words.waiting_for_ack.enter(self.state.server);
            poller.wait(&mut desk.ready, time)?;
        }
        self.state.ring();
        self.words.reading_ack.enter(self.state.server);
        self.intake.read(desk);
        Ok(())
    }

    fn poller(&self) -> &Poller {
        self.intake.seat.poller()
    }

    /// Until the thread is to drive, or to end.
    fn stand_by(&self) {
        self.words.waiting_for_ack.enter(self.state.server);
        while !self.stops() {
            let alarm = self.state.alarm.left();
            let time = alarm.map_or(STAND_BY, |alarm| alarm.min(STAND_BY));
            let stood_by = self.intake.seat.stand_by(time);
            self.state.ring();
            if stood_by == StoodBy::Drives {
                return;
            }
        }
    }
}

struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
