//! A mutex and a condition in the server's layout.
//!
//! `thd_enter_cond` hands both to the server, whose KILL locks the one and broadcasts the
//! other through `mysql_mutex_t` and `mysql_cond_t`: so these are real pthread objects.

use crate::{
    sync::{Instant, c},
    sys,
};
use std::{cell::UnsafeCell, ffi::c_int, marker::PhantomPinned, pin::Pin, time::Duration};

/// Must not be moved once [`Place::prepare`] has run.
pub(crate) struct Place {
    mutex: UnsafeCell<sys::mysql_mutex_t>,
    cond: UnsafeCell<sys::mysql_cond_t>,
    _pinned: PhantomPinned,
}

/// As long as it lives, the mutex is held by this thread.
pub(crate) struct Locked<'p>(&'p Place);

// SAFETY: mutex and condition are made for use by many threads; they are only touched
// through pthread functions after `prepare`.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Place {
    pub(crate) const fn new() -> Self {
        // SAFETY: all-zero is what PTHREAD_MUTEX_INITIALIZER and
        // PTHREAD_COND_INITIALIZER are on Linux, and "not instrumented" for psi.
        let (mutex, cond) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        Self {
            mutex: UnsafeCell::new(mutex),
            cond: UnsafeCell::new(cond),
            _pinned: PhantomPinned,
        }
    }

    /// To be called once, before anybody sleeps here. Deadlines are on the monotonic clock: a
    /// clock that is set must neither shorten nor lengthen a wait.
    pub(crate) fn prepare(self: Pin<&Self>) {
        let mut attributes = std::mem::MaybeUninit::uninit();
        // SAFETY: attributes are initialised, used and destroyed in this order; the condition
        // is pinned and nobody waits on it yet.
        unsafe {
            libc::pthread_condattr_init(attributes.as_mut_ptr());
            libc::pthread_condattr_setclock(attributes.as_mut_ptr(), libc::CLOCK_MONOTONIC);
            libc::pthread_cond_init(self.raw_cond(), attributes.as_ptr());
            libc::pthread_condattr_destroy(attributes.as_mut_ptr());
        }
    }

    /// For `thd_enter_cond`.
    pub(crate) fn for_server(&self) -> (*mut sys::mysql_mutex_t, *mut sys::mysql_cond_t) {
        (self.mutex.get(), self.cond.get())
    }

    fn raw_mutex(&self) -> *mut libc::pthread_mutex_t {
        // SAFETY: the address of a field; no reference is made.
        unsafe { &raw mut (*self.mutex.get()).mutex }
    }

    fn raw_cond(&self) -> *mut libc::pthread_cond_t {
        // SAFETY: as above.
        unsafe { &raw mut (*self.cond.get()).cond }
    }

    /// Nothing is locked under this mutex.
    pub(crate) fn lock(&self) -> Locked<'_> {
        // SAFETY: valid since `new`; never locked twice by one thread.
        unsafe { c::pthread_mutex_lock(self.raw_mutex()) };
        Locked(self)
    }

    /// Wakes one that sleeps here. Better without the mutex: who wakes need not wait for it.
    pub(crate) fn signal(&self) {
        // SAFETY: valid since `prepare`.
        unsafe { c::pthread_cond_signal(self.raw_cond()) };
    }
}

impl Locked<'_> {
    /// Leaves the mutex, and does not give it back: the server does.
    pub(crate) fn leave_locked(self) {
        std::mem::forget(self);
    }

    /// Sleeps until woken, or until the deadline (None: no deadline): 0 or `ETIMEDOUT`.
    pub(crate) fn sleep(&mut self, deadline: Option<Instant>) -> c_int {
        let place = self.0;
        // SAFETY: the mutex is held by this thread.
        unsafe {
            match deadline {
                Some(deadline) => c::pthread_cond_timedwait(
                    place.raw_cond(),
                    place.raw_mutex(),
                    &monotonic(deadline),
                ),
                None => c::pthread_cond_wait(place.raw_cond(), place.raw_mutex()),
            }
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: locked by this thread.
        unsafe { c::pthread_mutex_unlock(self.0.raw_mutex()) };
    }
}
/// A deadline as an absolute time of CLOCK_MONOTONIC.
fn monotonic(deadline: Instant) -> libc::timespec {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the given structure; the clock exists on every Linux.
    unsafe { c::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
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
