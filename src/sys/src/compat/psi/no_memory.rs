//! Performance schema before it counted memory: MySQL 5.6, and MariaDB.

use crate::symbols::MissingSymbol;
use std::ffi::CStr;

pub(crate) struct PsiMemory;

impl PsiMemory {
    /// Nothing to look up.
    pub(crate) fn resolve() -> Result<Self, MissingSymbol> {
        Ok(Self)
    }

    pub(in crate::compat) fn register(&self, _: &CStr, _: &'static CStr) -> u32 {
        0
    }

    pub(in crate::compat) fn alloc(&self, _: u32, _: usize) -> u32 {
        0
    }

    pub(in crate::compat) fn free(&self, _: u32, _: usize) {}
}
