//! The descriptor of a plugin library from MySQL 8.0 on, which can refuse to be
//! uninstalled. The library also carries one for MariaDB (`mariadb_stand_by`).
//!
//! A server of MySQL 5.7 takes the library for one of its own (both speak version
//! 4 of the replication interface) and would read the longer descriptor at the
//! wrong places. So the library wants a symbol that only servers with roles have,
//! MySQL 8.0 and MariaDB 10.0.5 and later: an older one refuses to open it.

use super::plugin_log::refuse_by_plugin_log;
use crate::{bindings::*, descriptor::size_of_descriptor};
use std::{
    ffi::{CStr, c_int, c_void},
    sync::atomic::AtomicPtr,
};

/// Service pointers of one library: initialised to the version that is wanted,
/// overwritten by the server when it loads the library.
pub struct Services {
    pub registry: &'static AtomicPtr<c_void>,
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

    /// The server asks `check_uninstall`.
    pub fn set_in_use(&self, _in_use: bool, _shown: bool) {}
}

pub const SIZEOF_DESCRIPTOR: c_int = size_of_descriptor::<st_mysql_plugin>();

unsafe extern "C" {
    /// The virtual functions of `CURRENT_ROLE()`. Never looked at.
    #[link_name = "_ZTV22Item_func_current_role"]
    static ROLES: [usize; 0];
}

/// The descriptors of a library: one, and the element that ends the array.
pub const fn descriptors(plugin: crate::PluginParts) -> [st_mysql_plugin; 2] {
    // SAFETY: the all-zero element is the one that ends the array.
    let mut end: st_mysql_plugin = unsafe { std::mem::zeroed() };
    // No server looks at more of the end than `info`: the place where the symbol
    // is wanted from, see above.
    end.reserved = (&raw const ROLES).cast_mut().cast();
    let descriptor = st_mysql_plugin {
        type_: MYSQL_REPLICATION_PLUGIN as c_int,
        info: plugin.info,
        name: plugin.name.as_ptr(),
        author: plugin.author.as_ptr(),
        descr: plugin.description.as_ptr(),
        license: PLUGIN_LICENSE_GPL as c_int,
        init: Some(plugin.init),
        check_uninstall: Some(plugin.check_uninstall),
        deinit: Some(plugin.deinit),
        version: plugin.version,
        status_vars: plugin.status,
        system_vars: plugin.variables,
        reserved: std::ptr::null_mut(),
        flags: 0,
    };
    [descriptor, end]
}

/// Exports what a server of this series looks for in a plugin library, and makes
/// `SERVICES`. `plugin`: `PluginParts` without `info`.
#[macro_export]
macro_rules! export_declarations {
    ($plugin:expr, stand_by: $stand_by:path) => {
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static plugin_registry_service: ::std::sync::atomic::AtomicPtr<::std::ffi::c_void> =
            ::std::sync::atomic::AtomicPtr::new($crate::compat::WANTED_SERVICE_VERSION);
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static my_plugin_log_service: ::std::sync::atomic::AtomicPtr<::std::ffi::c_void> =
            ::std::sync::atomic::AtomicPtr::new($crate::compat::WANTED_SERVICE_VERSION);

        static SERVICES: $crate::compat::Services = $crate::compat::Services {
            registry: &plugin_registry_service,
            plugin_log: &my_plugin_log_service,
        };

        $crate::export_mysql_descriptors! { $plugin }
        $crate::export_mariadb_stand_by! { $plugin, $stand_by }
    };
}
