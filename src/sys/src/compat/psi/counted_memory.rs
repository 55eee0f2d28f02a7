//! Performance schema: memory that it counts, where the server does so.

use crate::compat::Psi;
use std::ffi::CStr;

impl Psi {
    /// The key of the instrument `name`; 0: not instrumented. The same name gets the same key.
    pub fn register_memory(&self, category: &CStr, name: &'static CStr) -> u32 {
        self.memory.register(category, name)
    }

    /// Counts `size` bytes that were allocated. Answers with the key that `memory_free` wants; 0 if
    /// the instrument is not enabled. Any thread.
    pub fn memory_alloc(&self, key: u32, size: usize) -> u32 {
        self.memory.alloc(key, size)
    }

    /// Counts `size` bytes that were freed; `key`: the answer of `memory_alloc`. Any thread.
    pub fn memory_free(&self, key: u32, size: usize) {
        self.memory.free(key, size);
    }
}
