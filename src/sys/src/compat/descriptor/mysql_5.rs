//! The descriptors of a plugin library in MySQL 5.6 and 5.7. The library also carries one for
//! MariaDB (`mariadb_stand_by`).
//!
//! A server of MySQL 8.0 and later takes a library for 5.7 for one of its own and would read the
//! shorter descriptor at the wrong places. So the library wants a service in a version that no
//! server has, under a name that only those servers know: they refuse to open the library.

use super::refuse::refuse_by_print;
use crate::{Ended, Shared, bindings::*, descriptor::descriptors_and_end};
use std::{
    ffi::{CStr, c_int, c_void},
    sync::atomic::{AtomicU64, Ordering},
};

/// What a library and the server share: the descriptors, which the server goes on reading after it
/// has installed the plugins.
pub struct Services {
    /// The library's own descriptors, the main plugin's first.
    pub descriptors: &'static Shared<Ended<st_mysql_plugin, 2>>,
}

/// The plugins that the server does not uninstall while replicas are connected or a receiver runs:
/// it asks their status rows (sql/sql_plugin.cc, mysql_uninstall_plugin), and has a better error
/// for that than our way has.
const ASKED: [&CStr; 2] = [c"rpl_semi_sync_master", c"rpl_semi_sync_slave"];

impl Services {
    /// Says in the error log why the plugin is not to be installed.
    ///
    /// # Safety
    /// In `init`.
    pub unsafe fn refuse(&self, _: *mut c_void, reason: &CStr) {
        // SAFETY: a server of the series.
        unsafe { refuse_by_print(reason) };
    }

    /// Whether UNINSTALL PLUGIN of the main plugin is to be refused, and whether the status row that
    /// the server may ask tells the same. The server looks at the descriptor's flags each time. Any
    /// thread.
    pub fn set_in_use(&self, in_use: bool, shown: bool) {
        let descriptor = self.descriptors.as_ptr().cast::<st_mysql_plugin>();
        // SAFETY: the library's own first descriptor; nobody changes its name, and nobody but us,
        // here, its flags.
        let (name, flags) = unsafe {
            (
                CStr::from_ptr((*descriptor).name),
                AtomicU64::from_ptr(&raw mut (*descriptor).flags),
            )
        };
        let said_by_row = shown && ASKED.contains(&name);
        let wanted = if in_use && !said_by_row {
            PLUGIN_OPT_NO_UNINSTALL
        } else {
            0
        };
        flags.store(wanted.into(), Ordering::Release);
    }
}

/// No service has this version.
pub const NO_SERVICE_VERSION: *mut c_void = std::ptr::without_provenance_mut(0xFF00);

/// The descriptors of a library. Nobody asks `check_uninstall` here.
pub const fn descriptors<const N: usize>(
    plugins: [crate::PluginParts; N],
) -> Ended<st_mysql_plugin, N> {
    descriptors_and_end!(st_mysql_plugin of plugin in plugins {
        reserved: std::ptr::null_mut(),
        flags: 0,
    })
}

/// Exports what a server of this series looks for in a plugin library, and makes `SERVICES`.
/// The plugins: `PluginParts` without `info`; `$stand_by`: the main plugin's `init` in MariaDB.
#[macro_export]
macro_rules! export_declarations {
    ([$main:expr, $operator:expr], stand_by: $stand_by:path) => {
        // MySQL 8.0 and later refuse this version, and with it the library.
        $crate::export_service_pointer! {
            plugin_registry_service = $crate::compat::NO_SERVICE_VERSION
        }
        static SERVICES: $crate::compat::Services = $crate::compat::Services {
            descriptors: &_mysql_plugin_declarations_,
        };

        $crate::export_mysql_descriptors! { $crate::compat::descriptors, [$main, $operator] }
        $crate::export_mariadb_stand_by! { $main, $stand_by }
    };
}
