//! Before there were stages (MySQL 5.5, MariaDB 5.5): what a session is doing is a message, and a
//! thread without a session does not say.

use crate::compat::Psi;
use std::ffi::{CStr, c_char};

/// A stage. Ours alone: no server sees it.
pub struct StageInfo {
    /// The message of a session that is in the stage.
    pub name: *const c_char,
}

/// A stage called `name`.
pub const fn stage(name: &'static CStr) -> StageInfo {
    StageInfo {
        name: name.as_ptr(),
    }
}

impl Psi {
    /// There is nothing to register.
    ///
    /// # Safety
    /// None.
    pub unsafe fn register_stage(&self, _: &CStr, _: *mut StageInfo) {}

    /// There is nothing to show.
    ///
    /// # Safety
    /// None.
    pub unsafe fn start_stage(&self, _: *const StageInfo, _: &CStr) {}
}
