//! Faults on purpose between threads, in a library whose name is like ours, built as ours is:
//! ThreadSanitizer must report them, or it sees nothing. Functions for SQL need no headers of the
//! server: `CREATE FUNCTION semisync_planted RETURNS INTEGER SONAME 'semisync_planted.so'`.

use std::ffi::{c_char, c_int, c_longlong, c_uchar, c_void};
use std::{ptr, thread};

/// Of the C library: 40 bytes on x86-64, all of them zero at the beginning.
#[repr(C, align(8))]
struct PthreadMutex([u8; 40]);

unsafe extern "C" {
    fn pthread_mutex_lock(mutex: *mut PthreadMutex) -> c_int;
    fn pthread_mutex_unlock(mutex: *mut PthreadMutex) -> c_int;
}

static mut COUNT: u64 = 0;
static mut ONE: PthreadMutex = PthreadMutex([0; 40]);
static mut OTHER: PthreadMutex = PthreadMutex([0; 40]);

#[unsafe(no_mangle)]
pub extern "C" fn semisync_planted_init(
    _init: *mut c_void,
    _args: *mut c_void,
    _message: *mut c_char,
) -> c_char {
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn semisync_planted(
    _init: *mut c_void,
    _args: *mut c_void,
    _is_null: *mut c_uchar,
    _error: *mut c_uchar,
) -> c_longlong {
    // Both write, and nothing orders them.
    let [one, other] = [thread::spawn(race), thread::spawn(race)];
    let _ = (one.join(), other.join());
    // One after the other: nothing hangs, and the order is wrong all the same.
    for (first, second) in [
        (&raw mut ONE as usize, &raw mut OTHER as usize),
        (&raw mut OTHER as usize, &raw mut ONE as usize),
    ] {
        let both = move || lock_both(first as *mut PthreadMutex, second as *mut PthreadMutex);
        let _ = thread::spawn(both).join();
    }
    0
}

#[inline(never)]
fn race() {
    for _ in 0..100 {
        // SAFETY: none. This is the fault.
        unsafe { ptr::write(&raw mut COUNT, ptr::read(&raw const COUNT) + 1) };
    }
}

#[inline(never)]
fn lock_both(first: *mut PthreadMutex, second: *mut PthreadMutex) {
    // SAFETY: both are mutexes, and each is unlocked by whoever has locked it.
    unsafe {
        pthread_mutex_lock(first);
        pthread_mutex_lock(second);
        pthread_mutex_unlock(second);
        pthread_mutex_unlock(first);
    }
}
