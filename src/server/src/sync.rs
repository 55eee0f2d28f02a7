//! What threads meet at: locks, atomics, what they sleep on, the clock. All of `server` and
//! `source` that threads meet at takes it from here, so that there is one place where the tests of
//! interleavings (tests/interleavings) put a scheduler of their own below the same code. They build
//! with `--cfg semisync_interleaved`, and `ci/memcheck --races` with `semisync_watched`; no product
//! has either.
//!
//! Not from here are counters and the values of variables, which decide nothing between threads.

#[cfg(semisync_interleaved)]
pub use semisync_interleaved::{
    Instant, Mutex, MutexGuard, atomic, c, come_by, epoll_wait, since_epoch, thread_local, write,
    yield_now,
};

#[cfg(semisync_watched)]
pub use crate::watched::{Mutex, MutexGuard};
#[cfg(not(semisync_interleaved))]
pub(crate) use machine::{epoll_wait, since_epoch, write};
#[cfg(not(any(semisync_interleaved, semisync_watched)))]
pub use parking_lot::{Mutex, MutexGuard};
#[cfg(not(semisync_interleaved))]
pub use std::{sync::atomic, thread::yield_now, thread_local, time::Instant};

/// What threads meet at in C.
#[cfg(not(semisync_interleaved))]
pub(crate) mod c {
    pub use libc::{
        clock_gettime, pthread_cond_signal, pthread_cond_timedwait, pthread_cond_wait,
        pthread_join, pthread_mutex_lock, pthread_mutex_unlock,
    };
}

#[cfg(not(semisync_interleaved))]
mod machine {
    pub(crate) use rustix::{event::epoll::wait as epoll_wait, io::write};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    /// The system's clock, which may be set.
    pub fn since_epoch() -> Duration {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.unwrap_or_default()
    }
}
