//! How a wait begins, for performance schema, in one call: MySQL, and MariaDB from
//! 10.0 on.

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
    /// An instance of `new_mutex` that is enabled; `state` lives until the end.
    pub unsafe fn start_mutex_wait(
        &self,
        state: *mut PSI_mutex_locker_state,
        mutex: *mut PSI_mutex,
        file: &'static CStr,
    ) -> *mut c_void {
        match self.mutexes().and_then(|table| table.start_mutex_wait) {
            // SAFETY: the caller's promise.
            Some(start) => unsafe { start(state, mutex, LOCK, file.as_ptr(), 0) },
            None => null_mut(),
        }
    }

    /// As `start_mutex_wait`. The mutex of the condition is not instrumented.
    ///
    /// # Safety
    /// An instance of `new_cond` that is enabled; `state` lives until the end.
    pub unsafe fn start_cond_wait(
        &self,
        state: *mut PSI_cond_locker_state,
        cond: *mut PSI_cond,
        file: &'static CStr,
    ) -> *mut c_void {
        let Some(start) = self.conds().and_then(|table| table.start_cond_wait) else {
            return null_mut();
        };
        let (operation, file) = (TIMEDWAIT, file.as_ptr());
        // SAFETY: the caller's promise.
        unsafe { start(state, cond, null_mut(), operation, file, 0) }
    }
}
