//! A session that waits for something of ours, visible in the process list and
//! woken by KILL and shutdown.
//!
//! Lock order: the server's `LOCK_thd_data`, `LOCK_current_cond`, then the mutex of a
//! [`Waiter`] or of a seat.

use crate::{
    cond::Place,
    instruments::{Cond, Held, Memory},
    poller::{Poller, Ready},
    psi::Stage,
    seat::Driving,
    server::Server,
    session,
    sync::{
        Instant,
        atomic::{AtomicBool, Ordering},
    },
};
use semisync_sys::compat::{EXIT_COND_UNLOCKS, OldStage};
use std::{ffi::c_int, pin::Pin, sync::Arc};

/// One waiting session. Shared between it and whoever releases it.
pub struct Waiter {
    place: Place,
    /// Changed under the mutex, as the next two.
    released: AtomicBool,
    /// To look around.
    called: AtomicBool,
    /// It sleeps in the poller, not on its condition.
    in_poller: AtomicBool,
    /// None: it cannot sleep in one.
    poller: Option<Arc<Poller>>,
    _memory: Held,
}

/// Why `sleep` came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    Released,
    /// The deadline has passed.
    TimedOut,
    /// By [`Waiter::call`]: look around, sleep again.
    Called,
    /// The server woke the session (KILL, shutdown, STOP REPLICA) or nobody did: look
    /// around, sleep again.
    Spurious,
}

impl Waiter {
    /// `poller`: in which it may sleep, see [`crate::Seat`].
    pub fn new(memory: &Memory, poller: Option<Arc<Poller>>) -> Pin<Arc<Self>> {
        /// With the two counters of the `Arc`.
        const SIZE: usize = size_of::<Waiter>() + 2 * size_of::<usize>();
        let waiter = Arc::pin(Self {
            place: Place::new(),
            released: AtomicBool::new(false),
            called: AtomicBool::new(false),
            in_poller: AtomicBool::new(false),
            poller,
            _memory: memory.hold(SIZE),
        });
        // SAFETY: a field that is pinned with the whole, and never moved out.
        unsafe { waiter.as_ref().map_unchecked(|waiter| &waiter.place) }.prepare();
        waiter
    }

    /// Ends the wait. Any thread; no lock of the plugin may be held.
    pub fn release(&self) {
        self.wake(&self.released);
    }

    /// Has the session look around: its sleep, or the next one, comes back as
    /// [`Woken::Called`]. Any thread; no lock of the plugin may be held.
    pub fn call(&self) {
        self.wake(&self.called);
    }

    fn wake(&self, why: &AtomicBool) {
        let locked = self.place.lock();
        why.store(true, Ordering::Release);
        let in_poller = self.in_poller.load(Ordering::Relaxed);
        // So that the session does not wake up only to wait for the mutex.
        drop(locked);
        match &self.poller {
            Some(poller) if in_poller => poller.wake(),
            _ => self.place.signal(),
        }
    }

    /// Whether the session was released. No lock.
    pub fn is_released(&self) -> bool {
        self.released.load(Ordering::Acquire)
    }

    fn is_awake(&self) -> bool {
        self.is_released() || self.called.load(Ordering::Acquire)
    }

    /// Why it is awake, if it was woken here.
    fn take_wake(&self) -> Option<Woken> {
        if self.is_released() {
            return Some(Woken::Released);
        }
        let called = self.called.swap(false, Ordering::AcqRel);
        called.then_some(Woken::Called)
    }
}

/// The current session's stay in the process list state of its wait.
pub struct SessionWait<'w> {
    server: Server,
    waiter: &'w Waiter,
    /// As what performance schema counts the sleep.
    cond: &'w Cond,
    /// What the server has pointers into until the state is left.
    place: &'w Place,
    /// None: the thread serves no session.
    old_stage: Option<OldStage>,
}

impl<'w> SessionWait<'w> {
    /// Enters the state of the session that the current thread serves. `driving`: the session
    /// has this seat, and the server is to wake it there.
    pub fn enter(
        server: Server,
        waiter: &'w Pin<Arc<Waiter>>,
        driving: Option<&'w Driving<'_>>,
        stage: &'static Stage,
        cond: &'w Cond,
    ) -> Self {
        let place = driving.map_or(&waiter.place, Driving::place);
        let old_stage = session::is_there(server).then(|| {
            // SAFETY: plain data that is overwritten.
            let mut old_stage: OldStage = unsafe { std::mem::zeroed() };
            let (mutex, cond) = place.for_server();
            let _locked = place.lock();
            // SAFETY: the thread has a session; mutex (held, as wanted) and condition live
            // until `exit_cond`, see `drop`.
            unsafe {
                server
                    .symbols()
                    .session
                    .enter_cond(cond, mutex, stage.as_ptr(), &mut old_stage);
            }
            old_stage
        });
        Self {
            server,
            waiter,
            cond,
            place,
            old_stage,
        }
    }

    /// Whether it was released or called. No lock.
    pub fn is_awake(&self) -> bool {
        self.waiter.is_awake()
    }

    /// Sleeps until released, called, woken or past the deadline (None: no deadline).
    /// `look_around` is asked under the mutex: true means not to sleep at all.
    /// What KILL and shutdown set before they broadcast is seen there, so that
    /// a broadcast between two sleeps is not lost.
    pub fn sleep(&self, deadline: Option<Instant>, look_around: impl FnOnce() -> bool) -> Woken {
        let waiter = self.waiter;
        let mut error = 0;
        let mut locked = waiter.place.lock();
        if !waiter.is_awake() && !look_around() {
            error = self.cond.wait(|| locked.sleep(deadline));
        }
        let woken = waiter.take_wake();
        drop(locked);
        woken.unwrap_or(match error {
            libc::ETIMEDOUT => Woken::TimedOut,
            _ => Woken::Spurious,
        })
    }

    /// As `sleep`, of a session that drives, in its poller. None: there is something to read.
    /// What KILL and shutdown set is seen by `look_around`, or by the next one: the thread that
    /// stands by wakes the poller for each broadcast. The error is an errno.
    pub fn sleep_in(
        &self,
        driving: &Driving,
        ready: &mut Ready,
        deadline: Option<Instant>,
        look_around: impl FnOnce() -> bool,
    ) -> Result<Option<Woken>, c_int> {
        let waiter = self.waiter;
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(Some(waiter.take_wake().unwrap_or(Woken::TimedOut)));
        }
        let locked = waiter.place.lock();
        let is_awake = waiter.is_awake() || look_around();
        waiter.in_poller.store(!is_awake, Ordering::Relaxed);
        drop(locked);
        if !is_awake {
            let slept = self.cond.wait(|| driving.poller().wait(ready, left));
            let locked = waiter.place.lock();
            waiter.in_poller.store(false, Ordering::Relaxed);
            drop(locked);
            slept?;
        }
        let woken = waiter.take_wake();
        if woken.is_none() && !ready.is_empty() {
            return Ok(None);
        }
        Ok(Some(woken.unwrap_or(Woken::Spurious)))
    }
}

impl Drop for SessionWait<'_> {
    fn drop(&mut self) {
        let Some(old_stage) = &self.old_stage else {
            return;
        };
        if EXIT_COND_UNLOCKS {
            self.place.lock().leave_locked();
        }
        // SAFETY: entered in `enter`, in this thread; the mutex is held or not as
        // the series wants it.
        unsafe { self.server.symbols().session.exit_cond(old_stage) };
    }
}
