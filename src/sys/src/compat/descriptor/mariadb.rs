//! The descriptor of a plugin library in MariaDB, as MariaDB's own plugins have
//! it. There is none for MySQL: its servers refuse the library.

use super::refusal::refuse_by_print;
use crate::bindings::*;
use std::ffi::{CStr, c_void};

/// What a library has of the server: nothing.
pub struct Services;

impl Services {
    /// # Safety
    /// In `init`.
    pub unsafe fn refuse(&self, _: *mut c_void, reason: &CStr) {
        // SAFETY: a MariaDB server.
        unsafe { refuse_by_print(reason) };
    }

    /// UNINSTALL PLUGIN goes through, whoever depends on the plugin.
    pub fn set_in_use(&self, _in_use: bool, _shown: bool) {}
}

/// The descriptors of a library: one, and the element that ends the array.
pub const fn descriptors(plugin: crate::PluginParts) -> [st_maria_plugin; 2] {
    let _ = plugin.check_uninstall; // nobody asks
    crate::mariadb_descriptors(plugin)
}

/// Exports what a server of this series looks for in a plugin library, and makes
/// `SERVICES`. `plugin`: `PluginParts` without `info`.
#[macro_export]
macro_rules! export_declarations {
    ($plugin:expr, stand_by: $stand_by:path) => {
        static SERVICES: $crate::compat::Services = $crate::compat::Services;
        $crate::export_mariadb_descriptors! { $plugin, $crate::MYSQL_REPLICATION_INTERFACE_VERSION }
    };
}
