//! What a library tells a server of its plugin, in every series, and the
//! descriptors for MariaDB, which look alike in all its releases.

use crate::bindings::*;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

type Init = unsafe extern "C" fn(plugin: *mut c_void) -> c_int;

/// A plugin as its descriptor has it.
#[derive(Clone, Copy)]
pub struct PluginParts {
    /// Points to the version of the replication interface.
    pub info: *mut c_void,
    pub name: &'static CStr,
    pub author: &'static CStr,
    pub description: &'static CStr,
    /// 0x0100 is shown as 1.0.
    pub version: c_uint,
    pub init: Init,
    pub check_uninstall: Init,
    pub deinit: Init,
    pub status: *mut st_mysql_show_var,
    pub variables: *mut *mut st_mysql_sys_var,
}

/// The size of a descriptor, as a server wants to know it.
#[allow(clippy::cast_possible_truncation)] // a compile-time constant near 100
pub(crate) const fn size_of_descriptor<T>() -> c_int {
    size_of::<T>() as c_int
}

pub const SIZEOF_MARIADB_DESCRIPTOR: c_int = size_of_descriptor::<st_maria_plugin>();

/// What MariaDB shows as the plugin's version.
const VERSION_INFO: *const c_char = c"1.0".as_ptr();

/// The descriptors of a library: one, and the element that ends the array.
pub const fn mariadb_descriptors(plugin: PluginParts) -> [st_maria_plugin; 2] {
    // SAFETY: the all-zero element is the one that ends the array.
    let end: st_maria_plugin = unsafe { std::mem::zeroed() };
    let descriptor = st_maria_plugin {
        type_: MYSQL_REPLICATION_PLUGIN as c_int,
        info: plugin.info,
        name: plugin.name.as_ptr(),
        author: plugin.author.as_ptr(),
        descr: plugin.description.as_ptr(),
        license: PLUGIN_LICENSE_GPL as c_int,
        init: Some(plugin.init),
        deinit: Some(plugin.deinit),
        version: plugin.version,
        status_vars: plugin.status,
        system_vars: plugin.variables,
        version_info: VERSION_INFO,
        maturity: MariaDB_PLUGIN_MATURITY_STABLE,
    };
    [descriptor, end]
}

/// The symbols by which a MariaDB server finds a library's descriptors. It looks
/// for these before it looks for MySQL's. `plugin`: [`PluginParts`] without `info`; then the version of the
/// replication interface.
#[macro_export]
macro_rules! export_mariadb_descriptors {
    ($plugin:expr, $replication_version:expr) => {
        static MARIADB_INFO: $crate::Shared<::std::ffi::c_int> =
            $crate::Shared::new($replication_version as ::std::ffi::c_int);

        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _maria_plugin_interface_version_: ::std::ffi::c_int =
            $crate::MARIA_PLUGIN_INTERFACE_VERSION as ::std::ffi::c_int;
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _maria_sizeof_struct_st_plugin_: ::std::ffi::c_int =
            $crate::SIZEOF_MARIADB_DESCRIPTOR;
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _maria_plugin_declarations_: $crate::Shared<[$crate::st_maria_plugin; 2]> =
            $crate::Shared::new($crate::mariadb_descriptors($crate::PluginParts {
                info: MARIADB_INFO.as_ptr().cast(),
                ..$plugin
            }));
    };
}

/// A library for MySQL in a MariaDB server: a plugin by the same name, without
/// variables and without hooks. `stand_by`: its `init`.
#[macro_export]
macro_rules! export_mariadb_stand_by {
    ($plugin:expr, $stand_by:path) => {
        unsafe extern "C" fn nothing_to_do(_: *mut ::std::ffi::c_void) -> ::std::ffi::c_int {
            0
        }
        $crate::export_mariadb_descriptors! {
            $crate::PluginParts {
                init: $stand_by,
                deinit: nothing_to_do,
                status: ::std::ptr::null_mut(),
                variables: ::std::ptr::null_mut(),
                ..$plugin
            },
            $crate::MARIA_REPLICATION_INTERFACE_VERSION
        }
    };
}
