//! Performance schema counts our locks, our waits and our memory.
//!
//! While it does not (it need not be there, and by default it counts neither locks
//! nor waits) a lock costs two looks at a byte more. An instrument is made at the
//! first installation and never given back: a hook may be inside while the plugin
//! goes. Nothing is locked by performance schema, so its calls may be made under any
//! lock of ours.

use crate::{psi::CATEGORY, server::Server, sync, sys};
use semisync_sys::compat::Psi;
use std::{
    ffi::CStr,
    mem::zeroed,
    ops::{Deref, DerefMut},
    ptr::NonNull,
    sync::OnceLock,
};

/// Where a wait happens, as `events_waits_current` shows it.
const SOURCE: &CStr = c"semisync";

/// One of performance schema's own structures, for as long as the server lives.
struct Instance<T> {
    psi: &'static Psi,
    raw: NonNull<T>,
}

// SAFETY: made to be reported to by any thread, at the same time.
unsafe impl<T> Send for Instance<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Instance<T> {}

/// A lock whose waits performance schema can count.
#[derive(Default)]
pub struct Mutex<T> {
    instance: OnceLock<Instance<sys::PSI_mutex>>,
    inner: sync::Mutex<T>,
}

pub struct MutexGuard<'m, T> {
    mutex: &'m Mutex<T>,
    inner: sync::MutexGuard<'m, T>,
}

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self {
            instance: OnceLock::new(),
            inner: sync::Mutex::new(value),
        }
    }

    /// Makes performance schema know the lock as `name`, if it does not yet.
    pub fn instrument(&'static self, server: Server, name: &'static CStr) {
        if self.instance.get().is_none() {
            let psi = &server.symbols().psi;
            let raw = psi.new_mutex(CATEGORY, name, (&raw const self.inner).addr());
            if let Some(raw) = NonNull::new(raw) {
                let _ = self.instance.set(Instance { psi, raw });
            }
        }
    }

    /// The instance, if performance schema wants to know of it at this moment.
    fn observed(&self) -> Option<&Instance<sys::PSI_mutex>> {
        let instance = self.instance.get()?;
        // SAFETY: made by `new_mutex`.
        unsafe { Psi::is_mutex_enabled(instance.raw.as_ptr()) }.then_some(instance)
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        let inner = match self.observed() {
            None => self.inner.lock(),
            Some(instance) => self.lock_observed(instance),
        };
        MutexGuard { mutex: self, inner }
    }

    #[inline(never)]
    fn lock_observed(&self, instance: &Instance<sys::PSI_mutex>) -> sync::MutexGuard<'_, T> {
        // SAFETY: plain numbers, for the server to fill in.
        let mut state: sys::PSI_mutex_locker_state = unsafe { zeroed() };
        let (psi, raw) = (instance.psi, instance.raw.as_ptr());
        // SAFETY: an instance that is enabled; the state lives until the end below.
        let locker = unsafe { psi.start_mutex_wait(&mut state, raw, SOURCE) };
        let inner = self.inner.lock();
        if !locker.is_null() {
            // SAFETY: started above.
            unsafe { psi.end_mutex_wait(locker) };
        }
        inner
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if let Some(instance) = self.mutex.observed() {
            // SAFETY: held, until `inner` is dropped.
            unsafe { instance.psi.unlock_mutex(instance.raw.as_ptr()) };
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// Something that threads sleep on, as performance schema counts it; what it really
/// is, is up to the sleeper.
#[derive(Default)]
pub struct Cond {
    instance: OnceLock<Instance<sys::PSI_cond>>,
}

impl Cond {
    /// As [`Mutex::instrument`].
    pub fn instrument(&'static self, server: Server, name: &'static CStr) {
        if self.instance.get().is_none() {
            let psi = &server.symbols().psi;
            let raw = psi.new_cond(CATEGORY, name, std::ptr::from_ref(self).addr());
            if let Some(raw) = NonNull::new(raw) {
                let _ = self.instance.set(Instance { psi, raw });
            }
        }
    }

    /// Calls `sleep`, which sleeps on this.
    pub fn wait<R>(&self, sleep: impl FnOnce() -> R) -> R {
        let Some(instance) = self.instance.get() else {
            return sleep();
        };
        let (psi, raw) = (instance.psi, instance.raw.as_ptr());
        // SAFETY: made by `new_cond`.
        if !unsafe { Psi::is_cond_enabled(raw) } {
            return sleep();
        }
        // SAFETY: plain numbers, for the server to fill in.
        let mut state: sys::PSI_cond_locker_state = unsafe { zeroed() };
        // SAFETY: an instance that is enabled; the state lives until the end below.
        let locker = unsafe { psi.start_cond_wait(&mut state, raw, SOURCE) };
        let result = sleep();
        if !locker.is_null() {
            // SAFETY: started above.
            unsafe { psi.end_cond_wait(locker) };
        }
        result
    }
}

/// A kind of memory, as performance schema counts it.
#[derive(Default)]
pub struct Memory {
    instrument: OnceLock<(&'static Psi, u32)>,
}

/// Memory that is counted until this is dropped.
#[derive(Default)]
pub struct Held {
    size: usize,
    /// None: it was not counted when it was allocated, so that it is not at its end.
    counted: Option<(&'static Psi, u32)>,
}

impl Memory {
    /// As [`Mutex::instrument`].
    pub fn instrument(&self, server: Server, name: &'static CStr) {
        let psi = &server.symbols().psi;
        let key = psi.register_memory(CATEGORY, name);
        if key != 0 {
            let _ = self.instrument.set((psi, key));
        }
    }

    /// Counts `size` bytes that were allocated just now.
    pub fn hold(&self, size: usize) -> Held {
        let counted = self.instrument.get().and_then(|(psi, key)| {
            let key = psi.memory_alloc(*key, size);
            (key != 0).then_some((*psi, key))
        });
        Held { size, counted }
    }
}

impl Held {
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((psi, key)) = self.counted {
            psi.memory_free(key, self.size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_needed_of_a_server_without_performance_schema() {
        let mutex = Mutex::new(1);
        *mutex.lock() += 1;
        assert_eq!(*mutex.lock(), 2);
        assert_eq!(Cond::default().wait(|| 3), 3);
        assert_eq!(Memory::default().hold(4).size(), 4);
    }
}
