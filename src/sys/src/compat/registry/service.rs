//! The services of MySQL 8.0 and later: tables of functions, which its component registry gives out
//! by their names.

use crate::{bindings::*, compat::Services};
use std::{
    ffi::{CStr, c_int, c_void},
    sync::atomic::Ordering,
};

/// A service of the server's component registry. It is given back when this is dropped: the server
/// complains at its end about one that is not.
pub(in crate::compat) struct Service {
    table: *const c_void,
    registry: *const mysql_registry,
    release: Option<unsafe extern "C" fn(*const mysql_registry) -> c_int>,
}

// SAFETY: tables of functions that any thread may call.
unsafe impl Send for Service {}
// SAFETY: as above.
unsafe impl Sync for Service {}

impl Service {
    /// The service `name`; None: the server does not have it.
    ///
    /// # Safety
    /// The services are those that the library exports; the server has filled
    /// them in, as it has before `init`.
    pub(in crate::compat) unsafe fn acquire(services: &Services, name: &CStr) -> Option<Self> {
        let registries = services.registry.load(Ordering::Acquire);
        let registries = registries.cast::<plugin_registry_service_t>();
        if registries.is_null() {
            return None;
        }
        // SAFETY: the caller's promise; no argument, answers with the registry or null.
        let (registry, release) = unsafe { ((*registries).acquire?(), (*registries).release) };
        if registry.is_null() {
            return None;
        }
        let mut service = Self {
            table: std::ptr::null(),
            registry,
            release,
        };
        let mut found = std::ptr::null_mut();
        // SAFETY: the registry is acquired; 0 means that `found` was set.
        let failed = unsafe { (*registry).acquire?(name.as_ptr(), &mut found) };
        if failed != 0 || found.is_null() {
            return None;
        }
        service.table = found.cast_const();
        Some(service)
    }

    /// Its functions, as a structure of the type that belongs to the name.
    pub(in crate::compat) fn table<T>(&self) -> *const T {
        self.table.cast()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !self.table.is_null() {
            // SAFETY: acquired in `acquire`, released once.
            unsafe {
                if let Some(release) = (*self.registry).release {
                    release(self.table.cast_mut());
                }
            }
        }
        if let Some(release) = self.release {
            // SAFETY: as above.
            unsafe { release(self.registry) };
        }
    }
}
