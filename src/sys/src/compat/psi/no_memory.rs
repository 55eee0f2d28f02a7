//! Performance schema before it counted memory: MySQL 5.6, and MariaDB.

use crate::{MissingSymbol, compat::Psi};
use std::ffi::CStr;

pub struct PsiMemory;

impl PsiMemory {
    /// Nothing to look up.
    pub fn resolve() -> Result<Self, MissingSymbol> {
        Ok(Self)
    }
}

impl Psi {
    /// 0: not instrumented.
    pub fn register_memory(&self, _: &CStr, _: &'static CStr) -> u32 {
        0
    }

    /// What `memory_free` wants.
    pub fn memory_alloc(&self, _: u32, _: usize) -> u32 {
        0
    }

    pub fn memory_free(&self, _: u32, _: usize) {}
}
