//! Performance schema: mutexes, conditions, and waits for them.
//!
//! The server copies what is described; the same name gets the same key. A key of 0 gives no
//! instance, and a thread that performance schema does not know no locker. Nothing here takes a
//! lock.

use crate::{
    bindings::{
        PSI_COND_TIMEDWAIT, PSI_MUTEX_LOCK, PSI_cond, PSI_cond_info, PSI_cond_locker_state,
        PSI_mutex, PSI_mutex_info, PSI_mutex_locker_state,
    },
    compat::{Psi, psi_info},
};
use std::{
    ffi::{CStr, c_int, c_void},
    ptr::{null_mut, without_provenance},
};

const LOCK: c_int = PSI_MUTEX_LOCK.cast_signed();
const TIMEDWAIT: c_int = PSI_COND_TIMEDWAIT.cast_signed();

/// Describes an instrument to the server's table, and makes an instance of it.
macro_rules! new_instance {
    (
        $table:expr, $info:ident: $register:ident, $init:ident;
        $category:ident, $name:ident, $at:ident
    ) => {{
        let Some(table) = $table else {
            return null_mut();
        };
        let mut key = 0;
        let mut info = psi_info!($info, &mut key, $name, 0);
        if let Some(register) = table.$register {
            // SAFETY: one description.
            unsafe { register($category.as_ptr(), &mut info, 1) };
        }
        match table.$init {
            // SAFETY: any key is allowed; the address is only shown.
            Some(init) => unsafe { init(key, without_provenance($at)) },
            None => null_mut(),
        }
    }};
}

impl Psi {
    /// A new instance of the mutex `name` for the one at the address `at`; null: not to be
    /// instrumented. It is never given back.
    pub fn new_mutex(&self, category: &CStr, name: &'static CStr, at: usize) -> *mut PSI_mutex {
        new_instance!(
            self.mutexes(), PSI_mutex_info: register_mutex, init_mutex;
            category, name, at
        )
    }

    /// Before this thread waits for a mutex. The locker; null: this wait is not observed.
    ///
    /// # Safety
    /// An instance of `new_mutex` that is enabled; `state` lives until the end of the wait.
    pub unsafe fn start_mutex_wait(
        &self,
        state: *mut PSI_mutex_locker_state,
        mutex: *mut PSI_mutex,
        file: &'static CStr,
    ) -> *mut c_void {
        // SAFETY: the caller's promise.
        unsafe { self.call_start_mutex_wait(state, mutex, LOCK, file.as_ptr()) }
            .unwrap_or(null_mut())
    }

    /// After the wait: this thread has the mutex.
    ///
    /// # Safety
    /// After a start in this thread, which answered with `locker`.
    pub unsafe fn end_mutex_wait(&self, locker: *mut c_void) {
        if let Some(end) = self.mutexes().and_then(|table| table.end_mutex_wait) {
            const LOCKED: c_int = 0;
            // SAFETY: the caller's promise.
            unsafe { end(locker, LOCKED) };
        }
    }

    /// Before this thread gives the mutex back.
    ///
    /// # Safety
    /// An instance of `new_mutex`, whose mutex this thread holds.
    pub unsafe fn unlock_mutex(&self, mutex: *mut PSI_mutex) {
        if let Some(unlock) = self.mutexes().and_then(|table| table.unlock_mutex) {
            // SAFETY: the caller's promise.
            unsafe { unlock(mutex) };
        }
    }

    /// As `new_mutex`, of a condition.
    pub fn new_cond(&self, category: &CStr, name: &'static CStr, at: usize) -> *mut PSI_cond {
        new_instance!(
            self.conds(), PSI_cond_info: register_cond, init_cond;
            category, name, at
        )
    }

    /// As `start_mutex_wait`, of a condition. The mutex of the condition is not instrumented.
    ///
    /// # Safety
    /// An instance of `new_cond` that is enabled; `state` lives until the end of the wait.
    pub unsafe fn start_cond_wait(
        &self,
        state: *mut PSI_cond_locker_state,
        cond: *mut PSI_cond,
        file: &'static CStr,
    ) -> *mut c_void {
        // SAFETY: the caller's promise.
        unsafe { self.call_start_cond_wait(state, cond, TIMEDWAIT, file.as_ptr()) }
            .unwrap_or(null_mut())
    }

    /// After the wait, however it ended.
    ///
    /// # Safety
    /// As `end_mutex_wait`.
    pub unsafe fn end_cond_wait(&self, locker: *mut c_void) {
        if let Some(end) = self.conds().and_then(|table| table.end_cond_wait) {
            const WOKEN: c_int = 0;
            // SAFETY: the caller's promise.
            unsafe { end(locker, WOKEN) };
        }
    }
}
