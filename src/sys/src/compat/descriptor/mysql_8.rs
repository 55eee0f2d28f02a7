//! The descriptors of a plugin library from MySQL 8.0 on; a plugin can refuse to be uninstalled. The
//! library also carries one for MariaDB (`mariadb_stand_by`).
//!
//! A server of MySQL 5.7 takes the library for one of its own (both speak version 4 of the
//! replication interface) and would read the longer descriptor at the wrong places. So the library
//! wants a symbol that only servers with roles have, MySQL 8.0 and MariaDB 10.0.5 and later: an
//! older one refuses to open the library.

use super::refuse::refuse_by_plugin_log;
use crate::{Ended, bindings::*, descriptor::descriptors_and_end};
use std::{
    ffi::{CStr, c_int, c_void},
    sync::atomic::AtomicPtr,
};

/// Service pointers of one library: initialised to the version that is wanted, overwritten by the
/// server when it loads the library.
pub struct Services {
    /// The component registry: a `plugin_registry_service_t`.
    pub registry: &'static AtomicPtr<c_void>,
    /// The plain plugin log: a `my_plugin_log_service_t`.
    pub plugin_log: &'static AtomicPtr<c_void>,
}

impl Services {
    /// Says in the error log why the plugin `handle` is not to be installed.
    ///
    /// # Safety
    /// In `init` of the library whose services these are.
    pub unsafe fn refuse(&self, handle: *mut c_void, reason: &CStr) {
        // SAFETY: the caller's promise.
        unsafe { refuse_by_plugin_log(self.plugin_log, handle, reason) };
    }

    /// Nothing to do: the server asks `check_uninstall`.
    pub fn set_in_use(&self, _in_use: bool, _shown: bool) {}
}

unsafe extern "C" {
    /// The virtual functions of `CURRENT_ROLE()`. Never looked at.
    #[link_name = "_ZTV22Item_func_current_role"]
    static ROLES: [usize; 0];
}

/// The descriptors of a library.
pub const fn descriptors<const N: usize>(
    plugins: [crate::PluginParts; N],
) -> Ended<st_mysql_plugin, N> {
    let mut descriptors = descriptors_and_end!(st_mysql_plugin of plugin in plugins {
        check_uninstall: Some(plugin.check_uninstall),
        reserved: std::ptr::null_mut(),
        flags: 0,
    });
    // No server looks at more of the end than `info`: the place where the symbol is wanted from,
    // see above.
    descriptors.1.reserved = (&raw const ROLES).cast_mut().cast();
    descriptors
}

/// Exports what a server of this series looks for in a plugin library, and makes `SERVICES`.
/// The plugins: `PluginParts` without `info`; `$stand_by`: the main plugin's `init` in MariaDB.
#[macro_export]
macro_rules! export_declarations {
    ([$main:expr, $operator:expr], stand_by: $stand_by:path) => {
        $crate::export_service_pointer! {
            plugin_registry_service = $crate::compat::WANTED_SERVICE_VERSION
        }
        $crate::export_service_pointer! {
            my_plugin_log_service = $crate::compat::WANTED_SERVICE_VERSION
        }
        static SERVICES: $crate::compat::Services = $crate::compat::Services {
            registry: &plugin_registry_service,
            plugin_log: &my_plugin_log_service,
        };

        $crate::export_mysql_descriptors! { $crate::compat::descriptors, [$main, $operator] }
        $crate::export_mariadb_stand_by! { $main, $stand_by }
    };
}
