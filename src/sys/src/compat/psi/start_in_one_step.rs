//! How a wait starts, for performance schema, in one call: MySQL, and MariaDB from 10.0 on.

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
        let start = self.mutexes()?.start_mutex_wait?;
        // SAFETY: the caller's promise.
        Some(unsafe { start(state, mutex, operation, file, 0) })
    }

    /// As `start_cond_wait`. None: the server cannot observe waits.
    pub(in crate::compat) unsafe fn call_start_cond_wait(
        &self,
        state: *mut PSI_cond_locker_state,
        cond: *mut PSI_cond,
        operation: c_int,
        file: *const c_char,
    ) -> Option<*mut c_void> {
        let start = self.conds()?.start_cond_wait?;
        // SAFETY: the caller's promise; no mutex of the condition is instrumented.
        Some(unsafe { start(state, cond, null_mut(), operation, file, 0) })
    }
}
