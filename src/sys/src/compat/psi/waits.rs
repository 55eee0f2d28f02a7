//! Performance schema: mutexes, conditions, and waits for them.
//!
//! What is described is copied by the server; the same name gets the same key. A
//! key of 0 gives no instance, and a thread that performance schema does not know
//! no locker.

use crate::{
    bindings::{PSI_cond, PSI_cond_info, PSI_mutex, PSI_mutex_info},
    compat::{Psi, psi_info},
};
use std::ffi::{CStr, c_int, c_void};

impl Psi {
    /// A new instance of the mutex `name` for the one at the address `identity`; null: not to be
    /// instrumented. It is never given back.
    pub fn new_mutex(
        &self,
        category: &CStr,
        name: &'static CStr,
        identity: usize,
    ) -> *mut PSI_mutex {
        let Some(table) = self.mutexes() else {
            return std::ptr::null_mut();
        };
        let mut key = 0;
        let mut info = psi_info!(PSI_mutex_info, &mut key, name, 0);
        if let Some(register) = table.register_mutex {
            // SAFETY: one description.
            unsafe { register(category.as_ptr(), &mut info, 1) };
        }
        let Some(init) = table.init_mutex else {
            return std::ptr::null_mut();
        };
        let identity = std::ptr::without_provenance(identity);
        // SAFETY: any key is allowed; the address is only shown.
        unsafe { init(key, identity) }
    }

    /// # Safety
    /// After a start in this thread, which answered with `locker`.
    pub unsafe fn end_mutex_wait(&self, locker: *mut c_void) {
        if let Some(end) = self.mutexes().and_then(|table| table.end_mutex_wait) {
            const LOCKED: c_int = 0;
            // SAFETY: the caller's promise.
            unsafe { end(locker, LOCKED) };
        }
    }

    /// # Safety
    /// An instance of `new_mutex`, whose mutex this thread holds.
    pub unsafe fn unlock_mutex(&self, mutex: *mut PSI_mutex) {
        if let Some(unlock) = self.mutexes().and_then(|table| table.unlock_mutex) {
            // SAFETY: the caller's promise.
            unsafe { unlock(mutex) };
        }
    }

    /// As `new_mutex`, of a condition.
    pub fn new_cond(&self, category: &CStr, name: &'static CStr, identity: usize) -> *mut PSI_cond {
        let Some(table) = self.conds() else {
            return std::ptr::null_mut();
        };
        let mut key = 0;
        let mut info = psi_info!(PSI_cond_info, &mut key, name, 0);
        if let Some(register) = table.register_cond {
            // SAFETY: one description.
            unsafe { register(category.as_ptr(), &mut info, 1) };
        }
        let Some(init) = table.init_cond else {
            return std::ptr::null_mut();
        };
        let identity = std::ptr::without_provenance(identity);
        // SAFETY: any key is allowed; the address is only shown.
        unsafe { init(key, identity) }
    }

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
