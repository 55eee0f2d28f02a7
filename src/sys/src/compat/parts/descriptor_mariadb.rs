//! The descriptor of a plugin library in MariaDB, as MariaDB's own plugins have
//! it. There is none for MySQL: its servers refuse the library.

use crate::{bindings::*, symbols::look_up};
use std::ffi::{CStr, c_char, c_void};

/// UNINSTALL PLUGIN goes through, whoever depends on the plugin.
pub const CAN_REFUSE_UNINSTALL: bool = false;

/// No service is wanted.
pub struct Services;

impl Services {
    /// Says in the error log why the plugin is not to be installed.
    ///
    /// # Safety
    /// In `init`.
    pub unsafe fn refuse(&self, _: *mut c_void, reason: &CStr) {
        // SAFETY: the type of the function in every release of MariaDB.
        let print: Result<unsafe extern "C" fn(*const c_char, ...), _> =
            unsafe { look_up(c"_Z15sql_print_errorPKcz") };
        if let Ok(print) = print {
            // SAFETY: a format with one string.
            unsafe { print(c"%s".as_ptr(), reason.as_ptr()) };
        }
    }

    /// After `deinit`: there is nothing.
    pub fn give_back(&self) {}
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
