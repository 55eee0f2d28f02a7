//! Performance schema before MySQL 8.0, and of MariaDB: one table, which may be missing when
//! performance schema is off.

use crate::{
    bindings::{PSI_FLAG_GLOBAL, PSI_cond, PSI_mutex, PSI_server_v1, PSI_thread_info},
    compat::{PsiMemory, psi_info},
    symbols::symbols,
};
use std::ffi::{CStr, c_int, c_void};

symbols! {
    /// Performance schema: the functions by which the server is told what threads do.
    pub struct Psi {
        /// Address of the pointer to the table; the pointer may be null.
        server: *const *const PSI_server_v1 = c"PSI_server";
        + memory: PsiMemory;
    }
}

impl Psi {
    /// The table, if there is one.
    pub(in crate::compat) fn table(&self) -> Option<&PSI_server_v1> {
        // SAFETY: the symbol is the address of a pointer that is null or points to a table which
        // lives as long as the server.
        unsafe { (*self.server).as_ref() }
    }

    pub(in crate::compat) fn mutexes(&self) -> Option<&PSI_server_v1> {
        self.table()
    }

    pub(in crate::compat) fn conds(&self) -> Option<&PSI_server_v1> {
        self.table()
    }

    /// Always true: the server looks by itself whether an instance is enabled.
    ///
    /// # Safety
    /// None.
    pub unsafe fn is_mutex_enabled(_: *const PSI_mutex) -> bool {
        true
    }

    /// As `is_mutex_enabled`.
    ///
    /// # Safety
    /// None.
    pub unsafe fn is_cond_enabled(_: *const PSI_cond) -> bool {
        true
    }

    /// Makes the server know a kind of thread, and writes its key.
    ///
    /// # Safety
    /// `key` is static.
    pub unsafe fn register_thread(&self, category: &CStr, key: *mut u32, name: &CStr, _: &CStr) {
        let mut info = psi_info!(PSI_thread_info, key, name, PSI_FLAG_GLOBAL as c_int);
        if let Some(register) = self.table().and_then(|table| table.register_thread) {
            // SAFETY: one description, of which the server copies what it keeps.
            unsafe { register(category.as_ptr(), &mut info, 1) };
        }
    }

    /// Starts a joinable thread of the kind `key`; an errno, or 0.
    ///
    /// # Safety
    /// `start` may be called with `argument` in another thread.
    pub unsafe fn spawn(
        &self,
        key: u32,
        thread: *mut libc::pthread_t,
        start: extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> c_int {
        // SAFETY: default attributes.
        unsafe {
            match self.table().and_then(|table| table.spawn_thread) {
                Some(spawn) => spawn(key, thread, std::ptr::null(), Some(start), argument),
                None => libc::pthread_create(thread, std::ptr::null(), start, argument),
            }
        }
    }
}
