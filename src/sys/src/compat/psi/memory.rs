//! Performance schema counts memory: MySQL 5.7 and later. Of an instrument without counts per
//! thread, so that it does not matter who frees what another allocated.

use crate::{
    bindings::PSI_memory_info,
    compat::{COUNTED_GLOBALLY, PsiMemory, psi_info},
};
use std::{ffi::CStr, ptr::null_mut};

impl PsiMemory {
    pub(in crate::compat) fn register(&self, category: &CStr, name: &'static CStr) -> u32 {
        let mut key = 0;
        let mut info = psi_info!(PSI_memory_info, &mut key, name, COUNTED_GLOBALLY);
        if let Some(register) = self.functions().register_memory {
            // SAFETY: one description, of which the server copies what it keeps.
            unsafe { register(category.as_ptr(), &mut info, 1) };
        }
        key
    }

    pub(in crate::compat) fn alloc(&self, key: u32, size: usize) -> u32 {
        let mut owner = null_mut();
        match self.functions().memory_alloc {
            // SAFETY: any key is allowed; nobody owns what is counted globally.
            Some(alloc) => unsafe { alloc(key, size, &mut owner) },
            None => 0,
        }
    }

    pub(in crate::compat) fn free(&self, key: u32, size: usize) {
        if let Some(free) = self.functions().memory_free {
            // SAFETY: any key is allowed.
            unsafe { free(key, size, null_mut()) };
        }
    }
}
