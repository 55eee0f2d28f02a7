//! Static memory that the server reads and writes.
//!
//! The server writes into what a plugin hands it (a system variable's `name` is
//! replaced by its full name), so these statics must lie in writable memory,
//! which `UnsafeCell` makes sure of.

use std::cell::UnsafeCell;

/// A static that is handed to the server by address.
#[repr(transparent)]
pub struct Shared<T>(UnsafeCell<T>);

// SAFETY: Rust code only takes the address (`as_ptr`); whoever reads or writes
// through it states why that is sound.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    pub const fn as_ptr(&self) -> *mut T {
        self.0.get()
    }
}
