//! Where MySQL 5.7 has what counts memory for performance schema: with the rest, but so far behind
//! in the table that releases may differ. So by name.

use crate::{
    bindings::{PSI_FLAG_GLOBAL, PSI_memory_info},
    symbols::symbols,
};
use std::ffi::{c_char, c_int, c_uint, c_void};

/// The flag of a memory instrument without counts per thread.
pub(in crate::compat) const COUNTED_GLOBALLY: c_int = PSI_FLAG_GLOBAL.cast_signed();

type Register =
    unsafe extern "C" fn(category: *const c_char, infos: *mut PSI_memory_info, count: c_int);
type Alloc = unsafe extern "C" fn(key: c_uint, size: usize, owner: *mut *mut c_void) -> c_uint;
type Free = unsafe extern "C" fn(key: c_uint, size: usize, owner: *mut c_void);

symbols! {
    pub(crate) struct PsiMemory {
        register_memory [optional]: Register = c"pfs_register_memory_v1";
        /// Answers with the key that `memory_free` wants.
        memory_alloc [optional]: Alloc = c"pfs_memory_alloc_v1";
        memory_free [optional]: Free = c"pfs_memory_free_v1";
    }
}

impl PsiMemory {
    pub(in crate::compat) fn functions(&self) -> &Self {
        self
    }
}
