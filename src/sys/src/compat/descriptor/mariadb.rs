//! The descriptors of a plugin library in MariaDB, as MariaDB's own plugins have them. There is none
//! for MySQL: its servers refuse the library.

use super::refuse::refuse_by_print;
use std::ffi::{CStr, c_void};

/// What a library has of the server: nothing.
pub struct Services;

impl Services {
    /// Says in the error log why the plugin is not to be installed.
    ///
    /// # Safety
    /// In `init`.
    pub unsafe fn refuse(&self, _: *mut c_void, reason: &CStr) {
        // SAFETY: a MariaDB server.
        unsafe { refuse_by_print(reason) };
    }

    /// Nothing to do: UNINSTALL PLUGIN goes through, whoever depends on the main plugin.
    pub fn set_in_use(&self, _in_use: bool, _shown: bool) {}
}

/// Exports what a server of this series looks for in a plugin library, and makes `SERVICES`.
/// The plugins: `PluginParts` without `info`; `$stand_by`: not used, this is a library for MariaDB.
#[macro_export]
macro_rules! export_declarations {
    ([$main:expr, $operator:expr], stand_by: $stand_by:path) => {
        static SERVICES: $crate::compat::Services = $crate::compat::Services;
        $crate::export_mariadb_descriptors! {
            [$main, $operator], $crate::MYSQL_REPLICATION_INTERFACE_VERSION
        }
    };
}
