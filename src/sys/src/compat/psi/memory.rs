//! Performance schema counts memory: MySQL 5.7 and later. Of an instrument without
//! counts per thread, so that it does not matter who frees what another allocated.

use crate::{
    bindings::PSI_memory_info,
    compat::{COUNTED_GLOBALLY, Psi, psi_info},
};
use std::{ffi::CStr, ptr::null_mut};

impl Psi {
    /// The key of the instrument `name`; 0: not instrumented. The same name gets the
    /// same key.
    pub fn register_memory(&self, category: &CStr, name: &'static CStr) -> u32 {
        let mut key = 0;
        let mut info = psi_info!(PSI_memory_info, &mut key, name, COUNTED_GLOBALLY);
        if let Some(register) = self.memory().register_memory {
            // SAFETY: one description, of which the server copies what it keeps.
            unsafe { register(category.as_ptr(), &mut info, 1) };
        }
        key
    }

    /// What `memory_free` wants: 0 if the instrument is not enabled.
    pub fn memory_alloc(&self, key: u32, size: usize) -> u32 {
        let mut owner = null_mut();
        match self.memory().memory_alloc {
            // SAFETY: any key is allowed; nobody owns what is counted globally.
            Some(alloc) => unsafe { alloc(key, size, &mut owner) },
            None => 0,
        }
    }

    pub fn memory_free(&self, key: u32, size: usize) {
        if let Some(free) = self.memory().memory_free {
            // SAFETY: any key is allowed.
            unsafe { free(key, size, null_mut()) };
        }
    }
}
