//! Before there were stages (MySQL 5.5, MariaDB 5.5): what a session is doing is
//! a message, and a thread without a session does not say.

use crate::compat::Psi;
use std::ffi::{CStr, c_char};

/// Ours alone: no server sees it.
pub struct StageInfo {
    pub name: *const c_char,
}

pub const fn stage(name: &'static CStr) -> StageInfo {
    StageInfo {
        name: name.as_ptr(),
    }
}

impl Psi {
    /// # Safety
    /// None: there is nothing to register.
    pub unsafe fn register_stage(&self, _: &CStr, _: *mut StageInfo) {}

    /// # Safety
    /// None: there is nothing to show.
    pub unsafe fn start_stage(&self, _: *const StageInfo, _: &CStr) {}
}
