//! A session that waits for something of ours, visible in the process list and
//! woken by KILL and shutdown.
//!
//! `thd_enter_cond` hands mutex and condition to the server, whose KILL locks
//! the one and broadcasts the other through `mysql_mutex_t` and `mysql_cond_t`:
//! so these are real pthread objects in the server's layout. Lock order: the
//! server's `LOCK_thd_data`, `LOCK_current_cond`, then the mutex of a `Waiter`.
//! Nothing is locked under that mutex.

use crate::{
    instruments::{Cond, Held, Memory},
    psi::Stage,
    server::Server,
    session, sys,
};
use semisync_sys::compat::{EXIT_COND_UNLOCKS, OldStage};
use std::{
    cell::UnsafeCell,
    pin::Pin,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// One waiting session. Shared between it and whoever releases it.
pub struct Waiter {
    mutex: UnsafeCell<sys::mysql_mutex_t>,
    cond: UnsafeCell<sys::mysql_cond_t>,
    released: AtomicBool,
    /// To look around; changed under the mutex.
    called: AtomicBool,
    _memory: Held,
}

// SAFETY: mutex and condition are made for use by many threads; they are only
// touched through pthread functions after `new`.
unsafe impl Send for Waiter {}
// SAFETY: as above.
unsafe impl Sync for Waiter {}

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
    pub fn new(memory: &Memory) -> Pin<Arc<Self>> {
        /// With the two counters of the `Arc`.
        const SIZE: usize = size_of::<Waiter>() + 2 * size_of::<usize>();
        // SAFETY: all-zero is what PTHREAD_MUTEX_INITIALIZER and
        // PTHREAD_COND_INITIALIZER are on Linux, and "not instrumented" for psi.
        let (mutex, cond) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        let waiter = Arc::pin(Self {
            mutex: UnsafeCell::new(mutex),
            cond: UnsafeCell::new(cond),
            released: AtomicBool::new(false),
            called: AtomicBool::new(false),
            _memory: memory.hold(SIZE),
        });
        // The deadline is on the monotonic clock: a clock that is set must
        // neither shorten nor lengthen a wait.
        let mut attributes = std::mem::MaybeUninit::uninit();
        // SAFETY: attributes are initialised, used and destroyed in this order;
        // the condition is pinned and nobody waits on it yet.
        unsafe {
            libc::pthread_condattr_init(attributes.as_mut_ptr());
            libc::pthread_condattr_setclock(attributes.as_mut_ptr(), libc::CLOCK_MONOTONIC);
            libc::pthread_cond_init(waiter.raw_cond(), attributes.as_ptr());
            libc::pthread_condattr_destroy(attributes.as_mut_ptr());
        }
        waiter
    }

    fn raw_mutex(&self) -> *mut libc::pthread_mutex_t {
        // SAFETY: the address of a field; no reference is made.
        unsafe { &raw mut (*self.mutex.get()).mutex }
    }

    fn raw_cond(&self) -> *mut libc::pthread_cond_t {
        // SAFETY: as above.
        unsafe { &raw mut (*self.cond.get()).cond }
    }

    /// Ends the wait. Any thread; no lock of the plugin may be held.
    pub fn release(&self) {
        self.lock();
        self.released.store(true, Ordering::Release);
        self.unlock();
        // After the unlock, so that the session does not wake up only to wait
        // for the mutex.
        // SAFETY: initialised in `new`, alive because the caller holds it.
        unsafe { libc::pthread_cond_signal(self.raw_cond()) };
    }

    /// Has the session look around: its sleep, or the next one, comes back as
    /// [`Woken::Called`]. Any thread; no lock of the plugin may be held.
    pub fn call(&self) {
        self.lock();
        self.called.store(true, Ordering::Release);
        self.unlock();
        // SAFETY: as in `release`.
        unsafe { libc::pthread_cond_signal(self.raw_cond()) };
    }

    fn lock(&self) {
        // SAFETY: initialised in `new`; never locked twice by one thread.
        unsafe { libc::pthread_mutex_lock(self.raw_mutex()) };
    }

    fn unlock(&self) {
        // SAFETY: locked by this thread.
        unsafe { libc::pthread_mutex_unlock(self.raw_mutex()) };
    }
}

/// The current session's stay in the process list state of its wait.
pub struct SessionWait<'w> {
    server: Server,
    /// Its own share: the server has pointers into it until the state is left.
    waiter: Pin<Arc<Waiter>>,
    /// As what performance schema counts the sleep.
    cond: &'w Cond,
    /// None: the thread serves no session.
    old_stage: Option<OldStage>,
}

impl<'w> SessionWait<'w> {
    /// Enters the state of the session that the current thread serves.
    pub fn enter(
        server: Server,
        waiter: Pin<Arc<Waiter>>,
        stage: &'static Stage,
        cond: &'w Cond,
    ) -> Self {
        let old_stage = session::is_there(server).then(|| {
            // SAFETY: plain data that is overwritten.
            let mut old_stage: OldStage = unsafe { std::mem::zeroed() };
            waiter.lock();
            // SAFETY: the thread has a session; mutex (held, as wanted) and condition live
            // in the waiter until `exit_cond`, see `drop`.
            unsafe {
                server.symbols().session.enter_cond(
                    waiter.cond.get(),
                    waiter.mutex.get(),
                    stage.as_ptr(),
                    &mut old_stage,
                );
            }
            waiter.unlock();
            old_stage
        });
        Self {
            server,
            waiter,
            cond,
            old_stage,
        }
    }

    /// Sleeps until released, called, woken or past the deadline (None: no deadline).
    /// `look_around` is asked under the mutex: true means not to sleep at all.
    /// What KILL and shutdown set before they broadcast is seen there, so that
    /// a broadcast between two sleeps is not lost.
    pub fn sleep(&self, deadline: Option<Instant>, look_around: impl FnOnce() -> bool) -> Woken {
        let waiter = &self.waiter;
        waiter.lock();
        let mut error = 0;
        let is_awake =
            || waiter.released.load(Ordering::Acquire) || waiter.called.load(Ordering::Acquire);
        if !is_awake() && !look_around() {
            // SAFETY: the mutex is held by this thread.
            error = self.cond.wait(|| unsafe {
                match deadline {
                    Some(deadline) => libc::pthread_cond_timedwait(
                        waiter.raw_cond(),
                        waiter.raw_mutex(),
                        &monotonic(deadline),
                    ),
                    None => libc::pthread_cond_wait(waiter.raw_cond(), waiter.raw_mutex()),
                }
            });
        }
        let released = waiter.released.load(Ordering::Acquire);
        let called = waiter.called.swap(false, Ordering::AcqRel);
        waiter.unlock();
        match error {
            _ if released => Woken::Released,
            _ if called => Woken::Called,
            libc::ETIMEDOUT => Woken::TimedOut,
            _ => Woken::Spurious,
        }
    }
}

impl Drop for SessionWait<'_> {
    fn drop(&mut self) {
        let Some(old_stage) = &self.old_stage else {
            return;
        };
        if EXIT_COND_UNLOCKS {
            self.waiter.lock();
        }
        // SAFETY: entered in `enter`, in this thread; the mutex is held or not as
        // the series wants it.
        unsafe { self.server.symbols().session.exit_cond(old_stage) };
    }
}

/// A deadline as an absolute time of CLOCK_MONOTONIC.
fn monotonic(deadline: Instant) -> libc::timespec {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the given structure; the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    let rest = deadline.saturating_duration_since(Instant::now());
    let base = Duration::new(
        u64::try_from(now.tv_sec).unwrap_or_default(),
        u32::try_from(now.tv_nsec).unwrap_or_default(),
    );
    let at = base.saturating_add(rest);
    libc::timespec {
        tv_sec: i64::try_from(at.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(at.subsec_nanos()),
    }
}
