//! Locks that a checker of threads knows: mutexes of the C library in place of parking_lot's. A
//! checker sees by itself what orders threads, but not which locks are held, and so not in which
//! order they are taken. Builds with `--cfg semisync_watched` have them (`ci/memcheck --races`); no
//! product does.

use parking_lot::lock_api::{self, GuardNoSend, RawMutex};
use std::cell::UnsafeCell;

pub type Mutex<T> = lock_api::Mutex<Watched, T>;
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, Watched, T>;

pub struct Watched(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: threads share a mutex of the C library by its functions, which is all that is done here.
unsafe impl Sync for Watched {}
// SAFETY: nobody moves a mutex that is locked, because its guard borrows it.
unsafe impl Send for Watched {}

// SAFETY: a mutex of the C library has one owner at a time.
unsafe impl RawMutex for Watched {
    // The trait wants it: each use makes a new mutex.
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = Self(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER));
    type GuardMarker = GuardNoSend;

    fn lock(&self) {
        // SAFETY: a mutex that was initialised, and lives as long as the borrow.
        unsafe { libc::pthread_mutex_lock(self.0.get()) };
    }

    fn try_lock(&self) -> bool {
        // SAFETY: as in `lock`.
        unsafe { libc::pthread_mutex_trylock(self.0.get()) == 0 }
    }

    unsafe fn unlock(&self) {
        // SAFETY: as in `lock`; the caller has locked it.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }
}
