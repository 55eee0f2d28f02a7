//! How a wait starts, for performance schema, in two steps: MariaDB 5.5.

use crate::{
    bindings::{PSI_cond, PSI_cond_locker_state, PSI_mutex, PSI_mutex_locker_state},
    compat::Psi,
};
use std::{
    ffi::{c_char, c_int, c_void},
    ptr::null_mut,
};

impl Psi {
    /// As `start_mutex_wait`. None: the server cannot observe waits.
    pub(in crate::compat) unsafe fn call_start_mutex_wait(
        &self,
        state: *mut PSI_mutex_locker_state,
        mutex: *mut PSI_mutex,
        operation: c_int,
        file: *const c_char,
    ) -> Option<*mut c_void> {
        let table = self.mutexes()?;
        let (get, start) = (table.get_thread_mutex_locker?, table.start_mutex_wait?);
        // SAFETY: the caller's promise.
        let locker = unsafe { get(state, mutex, operation) };
        if !locker.is_null() {
            // SAFETY: just made.
            unsafe { start(locker, file, 0) };
        }
        Some(locker)
    }

    /// As `start_cond_wait`. None: the server cannot observe waits.
    pub(in crate::compat) unsafe fn call_start_cond_wait(
        &self,
        state: *mut PSI_cond_locker_state,
        cond: *mut PSI_cond,
        operation: c_int,
        file: *const c_char,
    ) -> Option<*mut c_void> {
        let table = self.conds()?;
        let (get, start) = (table.get_thread_cond_locker?, table.start_cond_wait?);
        // SAFETY: the caller's promise; no mutex of the condition is instrumented.
        let locker = unsafe { get(state, cond, null_mut(), operation) };
        if !locker.is_null() {
            // SAFETY: just made.
            unsafe { start(locker, file, 0) };
        }
        Some(locker)
    }
}
