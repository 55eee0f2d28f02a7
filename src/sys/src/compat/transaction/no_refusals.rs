//! MySQL 5.6 and MariaDB ask nobody before they write a transaction to the binary log.

use crate::{bindings::THD, compat::Sessions, symbols::MissingSymbol};
use std::ffi::{CStr, c_int, c_ulong};

/// Whether the server asks before it writes a transaction to the binary log.
pub const HAS_BEFORE_COMMIT: bool = false;

/// Refuses nothing.
pub struct Refusals;

impl Refusals {
    pub(crate) fn resolve() -> Result<Self, MissingSymbol> {
        Ok(Self)
    }

    /// No.
    ///
    /// # Safety
    /// None.
    pub unsafe fn is_refusable(&self, _: *mut THD, _: &Sessions) -> bool {
        false
    }

    /// Nothing.
    ///
    /// # Safety
    /// None.
    pub unsafe fn refuse(&self, _: c_ulong, _: &CStr) -> c_int {
        0
    }
}

/// The privileges of the current session's account: nobody asks for them where nothing is refused.
pub struct Privileges;

impl Privileges {
    pub(crate) fn resolve() -> Result<Self, MissingSymbol> {
        Ok(Self)
    }

    /// No.
    ///
    /// # Safety
    /// None.
    pub unsafe fn writes_when_read_only(&self, _: *mut THD) -> bool {
        false
    }
}
