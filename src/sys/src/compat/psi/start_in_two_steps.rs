//! How a wait begins, for performance schema, in two steps: MariaDB 5.5.

use crate::{
    bindings::{
        PSI_COND_TIMEDWAIT, PSI_MUTEX_LOCK, PSI_cond, PSI_cond_locker_state, PSI_mutex,
        PSI_mutex_locker_state,
    },
    compat::Psi,
};
use std::{
    ffi::{CStr, c_int, c_void},
    ptr::null_mut,
};

const LOCK: c_int = PSI_MUTEX_LOCK.cast_signed();
const TIMEDWAIT: c_int = PSI_COND_TIMEDWAIT.cast_signed();

impl Psi {
    /// The locker; null: this wait is not observed.
    ///
    /// # Safety
    /// An instance of `new_mutex`; `state` lives until the end.
    pub unsafe fn start_mutex_wait(
        &self,
        state: *mut PSI_mutex_locker_state,
        mutex: *mut PSI_mutex,
        file: &'static CStr,
    ) -> *mut c_void {
        let Some(table) = self.mutexes() else {
            return null_mut();
        };
        let (Some(get), Some(start)) = (table.get_thread_mutex_locker, table.start_mutex_wait)
        else {
            return null_mut();
        };
        // SAFETY: the caller's promise.
        let locker = unsafe { get(state, mutex, LOCK) };
        if !locker.is_null() {
            // SAFETY: just made.
            unsafe { start(locker, file.as_ptr(), 0) };
        }
        locker
    }

    /// As `start_mutex_wait`. The mutex of the condition is not instrumented.
    ///
    /// # Safety
    /// An instance of `new_cond`; `state` lives until the end.
    pub unsafe fn start_cond_wait(
        &self,
        state: *mut PSI_cond_locker_state,
        cond: *mut PSI_cond,
        file: &'static CStr,
    ) -> *mut c_void {
        let Some(table) = self.conds() else {
            return null_mut();
        };
        let (Some(get), Some(start)) = (table.get_thread_cond_locker, table.start_cond_wait) else {
            return null_mut();
        };
        // SAFETY: the caller's promise.
        let locker = unsafe { get(state, cond, null_mut(), TIMEDWAIT) };
        if !locker.is_null() {
            // SAFETY: just made.
            unsafe { start(locker, file.as_ptr(), 0) };
        }
        locker
    }
}
