//! What threads meet at, by loom. See `server/sync` of the product.

use loom::sync::{Condvar, Mutex, MutexGuard};
use rustix::{
    buffer::Buffer,
    event::{PollFd, PollFlags, Timespec, epoll, poll},
    io::Errno,
};
#[allow(unused_imports)] // by bugs on purpose
pub use semisync_interleaved::planted;
use std::{
    cell::RefCell, collections::BTreeMap, mem::transmute, os::fd::AsFd, rc::Rc, time::Duration,
};

pub use loom::sync::atomic;

thread_local! {
    /// Of one execution: loom runs all its threads in one thread of the system.
    static WORLD: RefCell<World> = RefCell::default();
}

/// What mutexes and conditions of C are, by their addresses, and what the kernel's waiters sleep on.
#[derive(Default)]
struct World {
    mutexes: BTreeMap<usize, Rc<Mutex<()>>>,
    conds: BTreeMap<usize, Rc<Condvar>>,
    /// Those that are locked.
    held: BTreeMap<usize, Held>,
    kernel: Option<Rc<(Mutex<()>, Condvar)>>,
}

/// A lock that is held, and what is locked: the first goes first.
struct Held {
    guard: MutexGuard<'static, ()>,
    mutex: Rc<Mutex<()>>,
}

/// An execution begins: nothing is left of the one before.
pub fn begin() {
    WORLD.take();
}

fn mutex_at(address: usize) -> Rc<Mutex<()>> {
    WORLD.with_borrow_mut(|world| {
        Rc::clone(world.mutexes.entry(address).or_insert_with(Rc::default))
    })
}

fn cond_at(address: usize) -> Rc<Condvar> {
    WORLD.with_borrow_mut(|world| Rc::clone(world.conds.entry(address).or_insert_with(Rc::default)))
}

fn lock(address: usize) {
    let mutex = mutex_at(address);
    let guard = mutex.lock().expect("nobody panics");
    // SAFETY: what is locked is kept beside the guard, and outlives it.
    let guard = unsafe { transmute::<MutexGuard<'_, ()>, MutexGuard<'static, ()>>(guard) };
    keep(address, Held { guard, mutex });
}

fn keep(address: usize, held: Held) {
    WORLD.with_borrow_mut(|world| world.held.insert(address, held));
}

fn take(address: usize) -> Held {
    let held = WORLD.with_borrow_mut(|world| world.held.remove(&address));
    held.expect("it is locked")
}

/// What threads meet at in C.
pub mod c {
    use super::{Held, cond_at, keep, lock, take};
    use libc::{clockid_t, pthread_cond_t, pthread_mutex_t, timespec};
    use std::ffi::c_int;

    /// # Safety
    /// None here: the memory is not touched. So for all that follow.
    pub unsafe fn pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int {
        lock(mutex.addr());
        0
    }

    /// # Safety
    /// See above.
    pub unsafe fn pthread_mutex_unlock(mutex: *mut pthread_mutex_t) -> c_int {
        let Held { guard, mutex } = take(mutex.addr());
        drop(guard);
        drop(mutex);
        0
    }

    /// # Safety
    /// See above.
    pub unsafe fn pthread_cond_signal(cond: *mut pthread_cond_t) -> c_int {
        cond_at(cond.addr()).notify_one();
        0
    }

    /// # Safety
    /// See above.
    pub unsafe fn pthread_cond_wait(
        cond: *mut pthread_cond_t,
        mutex: *mut pthread_mutex_t,
    ) -> c_int {
        let address = mutex.addr();
        let Held { guard, mutex } = take(address);
        let guard = cond_at(cond.addr()).wait(guard).expect("nobody panics");
        keep(address, Held { guard, mutex });
        0
    }

    /// # Safety
    /// See above. No deadline passes.
    pub unsafe fn pthread_cond_timedwait(
        cond: *mut pthread_cond_t,
        mutex: *mut pthread_mutex_t,
        _: *const timespec,
    ) -> c_int {
        // SAFETY: as here.
        unsafe { pthread_cond_wait(cond, mutex) }
    }

    /// # Safety
    /// `time` can be written.
    pub unsafe fn clock_gettime(_: clockid_t, time: *mut timespec) -> c_int {
        let none = timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the caller's promise.
        unsafe { time.write(none) };
        0
    }
}

/// No time passes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(Duration);

impl Instant {
    pub fn now() -> Self {
        Self(Duration::ZERO)
    }

    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}

// ---- the kernel ----

fn kernel() -> Rc<(Mutex<()>, Condvar)> {
    WORLD.with_borrow_mut(|world| Rc::clone(world.kernel.get_or_insert_with(Rc::default)))
}

/// As `write` of the system: whoever waits for the kernel looks again.
pub fn write(descriptor: impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    let kernel = kernel();
    let (mutex, cond) = &*kernel;
    let locked = mutex.lock().expect("nobody panics");
    let written = rustix::io::write(descriptor, bytes);
    cond.notify_all();
    drop(locked);
    written
}

/// As [`epoll::wait`]. The descriptors are the kernel's, and only the sleep is made here.
pub fn epoll_wait<B: Buffer<epoll::Event>>(
    epoll: impl AsFd,
    events: B,
    timeout: Option<&Timespec>,
) -> Result<B::Output, Errno> {
    let kernel = kernel();
    let (mutex, cond) = &*kernel;
    let mut locked = mutex.lock().expect("nobody panics");
    let sleeps = timeout != Some(&Timespec::default());
    while sleeps && !is_readable(epoll.as_fd()) {
        locked = cond.wait(locked).expect("nobody panics");
    }
    let result = epoll::wait(epoll, events, Some(&Timespec::default()));
    drop(locked);
    result
}

fn is_readable(descriptor: impl AsFd) -> bool {
    let descriptor = descriptor.as_fd();
    let mut polled = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    let _ = poll(&mut polled, Some(&Timespec::default()));
    let [polled] = polled;
    !polled.revents().is_empty()
}
