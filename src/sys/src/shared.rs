//! Static memory that the server reads and writes.
//!
//! The server writes into what a plugin hands it: it replaces a system variable's `name` by its
//! full name. So these statics must lie in writable memory, which `UnsafeCell` makes sure of.
//! Arrays end with an element that the server looks for.

use std::cell::UnsafeCell;

/// A static that is handed to the server by address.
#[repr(transparent)]
pub struct Shared<T>(UnsafeCell<T>);

// SAFETY: Rust code only takes the address (`as_ptr`); whoever reads or writes through the address
// states why that is sound.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A static that begins as `value`.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The address that the server gets; the value may change at any time.
    pub const fn as_ptr(&self) -> *mut T {
        self.0.get()
    }
}

/// An array, and the element that ends it for the server.
#[repr(C)]
pub struct Ended<T, const N: usize>(pub [T; N], pub T);
