//! What threads meet at in C. Mutexes and conditions are known by their addresses; what is in the
//! memory there is not looked at. So the server's side (KILL) and ours meet at the same ones.

use crate::{
    clock, late,
    sleep::{On, block, wake_all, wake_one},
    task::{me, step},
    thread,
};
use libc::{
    CLOCK_MONOTONIC, ETIMEDOUT, clockid_t, pthread_cond_t, pthread_mutex_t, pthread_t, timespec,
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    ffi::{c_int, c_void},
};

thread_local! {
    /// Which mutexes are locked, and by whom.
    static LOCKED: RefCell<BTreeMap<usize, usize>> = const { RefCell::new(BTreeMap::new()) };
}

fn of_mutex(mutex: *mut pthread_mutex_t) -> On {
    On("a mutex", mutex.addr())
}

fn of_cond(cond: *mut pthread_cond_t) -> On {
    On("a condition", cond.addr())
}

fn lock(mutex: *mut pthread_mutex_t) {
    let me = me();
    loop {
        let owner = LOCKED.with_borrow(|locked| locked.get(&mutex.addr()).copied());
        match owner {
            None => break,
            Some(owner) => assert!(owner != me, "locked twice by {}", thread::name_of(me)),
        }
        block(of_mutex(mutex), None);
    }
    late::barrier();
    LOCKED.with_borrow_mut(|locked| locked.insert(mutex.addr(), me));
}

fn unlock(mutex: *mut pthread_mutex_t) {
    late::barrier();
    let owner = LOCKED.with_borrow_mut(|locked| locked.remove(&mutex.addr()));
    let me = me();
    assert!(owner == Some(me), "unlocked by {}", thread::name_of(me));
    wake_one(of_mutex(mutex));
}

/// Whether anybody holds the mutex.
pub fn is_locked(mutex: *mut pthread_mutex_t) -> bool {
    LOCKED.with_borrow(|locked| locked.contains_key(&mutex.addr()))
}

/// # Safety
/// None here: the memory is not touched. So for all that follow.
pub unsafe fn pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int {
    step();
    lock(mutex);
    0
}

/// # Safety
/// See above.
pub unsafe fn pthread_mutex_unlock(mutex: *mut pthread_mutex_t) -> c_int {
    unlock(mutex);
    step();
    0
}

/// # Safety
/// See above.
pub unsafe fn pthread_cond_signal(cond: *mut pthread_cond_t) -> c_int {
    step();
    late::barrier();
    wake_one(of_cond(cond));
    0
}

/// # Safety
/// See above.
pub unsafe fn pthread_cond_broadcast(cond: *mut pthread_cond_t) -> c_int {
    step();
    late::barrier();
    wake_all(of_cond(cond));
    0
}

/// # Safety
/// See above.
pub unsafe fn pthread_cond_wait(cond: *mut pthread_cond_t, mutex: *mut pthread_mutex_t) -> c_int {
    wait(cond, mutex, None)
}

/// # Safety
/// `deadline` can be read.
pub unsafe fn pthread_cond_timedwait(
    cond: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    deadline: *const timespec,
) -> c_int {
    // SAFETY: the caller's promise.
    let deadline = unsafe { *deadline };
    let seconds = u64::try_from(deadline.tv_sec).unwrap_or_default();
    let micros = u64::try_from(deadline.tv_nsec)
        .unwrap_or_default()
        .div_ceil(1000);
    let deadline = seconds.saturating_mul(1_000_000).saturating_add(micros);
    wait(cond, mutex, Some(deadline))
}

fn wait(cond: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, deadline: Option<u64>) -> c_int {
    step();
    unlock(mutex);
    let woken = block(of_cond(cond), deadline);
    if woken {
        thread::on_woken();
    }
    lock(mutex);
    if woken { 0 } else { ETIMEDOUT }
}

/// # Safety
/// `time` can be written.
pub unsafe fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    assert_eq!(clock, CLOCK_MONOTONIC);
    let now = clock::now();
    let nanos = now % 1_000_000 * 1000;
    let now = timespec {
        tv_sec: i64::try_from(now / 1_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(nanos).unwrap_or_default(),
    };
    // SAFETY: the caller's promise.
    unsafe { time.write(now) };
    0
}

/// # Safety
/// See above.
pub unsafe fn pthread_join(thread: pthread_t, _: *mut *mut c_void) -> c_int {
    thread::join(usize::try_from(thread).unwrap_or_default());
    0
}
