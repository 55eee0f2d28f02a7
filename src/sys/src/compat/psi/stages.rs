//! Stages by way of the one table of performance schema: MySQL 5.6 and 5.7, MariaDB 10.0 and later.

use crate::{bindings::PSI_stage_info, compat::Psi};
use std::ffi::CStr;

/// What a thread is doing, as the process list shows it. The server keeps its address.
pub type StageInfo = PSI_stage_info;

/// A stage called `name`, not registered yet.
pub const fn stage(name: &'static CStr) -> StageInfo {
    StageInfo {
        key: 0,
        name: name.as_ptr(),
        flags: 0,
    }
}

impl Psi {
    /// The server writes the key into the stage; the same name gets the same key.
    ///
    /// # Safety
    /// `stage` is static.
    pub unsafe fn register_stage(&self, category: &CStr, stage: *mut StageInfo) {
        if let Some(register) = self.table().and_then(|table| table.register_stage) {
            // SAFETY: a list of one.
            unsafe { register(category.as_ptr(), [stage].as_mut_ptr(), 1) };
        }
    }

    /// Shows the stage as what the current thread is doing, in the file `file`.
    ///
    /// # Safety
    /// `stage` was registered, or its key is 0.
    pub unsafe fn start_stage(&self, stage: *const StageInfo, file: &CStr) {
        if let Some(start) = self.table().and_then(|table| table.start_stage) {
            // SAFETY: any key is allowed.
            unsafe { start((*stage).key, file.as_ptr(), 0) };
        }
    }
}
