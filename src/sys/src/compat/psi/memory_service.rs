//! Where MySQL 8.0 and later have what counts memory for performance schema: a service of its own.

use crate::{
    bindings::{PSI_FLAG_ONLY_GLOBAL_STAT, PSI_memory_service},
    symbols::symbols,
};

/// The flag of a memory instrument without counts per thread.
pub(in crate::compat) const COUNTED_GLOBALLY: u32 = PSI_FLAG_ONLY_GLOBAL_STAT;

symbols! {
    pub(crate) struct PsiMemory {
        /// As the services of `Psi`.
        service: *const *const PSI_memory_service = c"psi_memory_service";
    }
}

impl PsiMemory {
    pub(in crate::compat) fn functions(&self) -> &PSI_memory_service {
        // SAFETY: the table always exists, for as long as the server.
        unsafe { &**self.service }
    }
}
