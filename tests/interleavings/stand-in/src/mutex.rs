//! A lock, as `parking_lot` has it: without poisoning, and whoever comes first gets it.

use crate::{
    late,
    sleep::{On, block, wake_one},
    task::step,
};
use std::{
    cell::{Cell, UnsafeCell},
    ops::{Deref, DerefMut},
};

/// As the one of `parking_lot`.
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    locked: Cell<bool>,
    value: UnsafeCell<T>,
}

/// As the one of `parking_lot`.
pub struct MutexGuard<'m, T: ?Sized>(&'m Mutex<T>);

// SAFETY: tasks run in one thread of the system, one at a time between two steps; `locked` keeps
// them apart beyond that.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self {
            locked: Cell::new(false),
            value: UnsafeCell::new(value),
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    pub fn lock(&self) -> MutexGuard<'_, T> {
        step();
        while self.locked.get() {
            block(self.on(), None);
        }
        late::barrier();
        self.locked.set(true);
        MutexGuard(self)
    }

    fn on(&self) -> On {
        On("a lock of ours", (&raw const self.locked).addr())
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        late::barrier();
        self.0.locked.set(false);
        wake_one(self.0.on());
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: locked by this guard.
        unsafe { &*self.0.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: locked by this guard, which is borrowed alone.
        unsafe { &mut *self.0.value.get() }
    }
}
