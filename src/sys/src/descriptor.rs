//! What a library tells a server of its plugins: the descriptors and the symbols by which a server
//! finds them, in every series; and the descriptors for MariaDB, which look alike in all its
//! releases.
//!
//! There is one literal of a descriptor (`descriptors_and_end!`) and one list of exported symbols
//! (`export_descriptors!`). What differs between the three kinds of descriptors is their parameter.

use crate::{Ended, bindings::*};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

/// A function of a plugin that the server calls with its handle of the plugin. 0: success.
type PluginFunction = unsafe extern "C" fn(plugin: *mut c_void) -> c_int;

/// A plugin as its descriptor has it. All that is pointed to is static and, but for the texts,
/// writable: the server writes into variables and reads the descriptor as long as it runs.
#[derive(Clone, Copy)]
pub struct PluginParts {
    /// Points to the version of the replication interface.
    pub info: *mut c_void,
    /// The name in `INSTALL PLUGIN`.
    pub name: &'static CStr,
    /// As `information_schema.plugins` shows it.
    pub author: &'static CStr,
    /// As `information_schema.plugins` shows it.
    pub description: &'static CStr,
    /// 0x0100 is shown as 1.0.
    pub version: c_uint,
    /// Called by INSTALL PLUGIN, or when the server starts.
    pub init: PluginFunction,
    /// Called by UNINSTALL PLUGIN, from MySQL 8.0 on. Not 0: refused.
    pub check_uninstall: PluginFunction,
    /// Called when nobody uses the plugin any more after UNINSTALL PLUGIN, or when the server ends.
    pub deinit: PluginFunction,
    /// The status rows; a row of zeros ends them.
    pub status: *mut st_mysql_show_var,
    /// The system variables; a null pointer ends them.
    pub variables: *mut *mut st_mysql_sys_var,
}

/// The size of a descriptor, as a server wants to know it.
#[allow(clippy::cast_possible_truncation)] // a compile-time constant near 100
pub(crate) const fn size_of_descriptor<T>() -> c_int {
    size_of::<T>() as c_int
}

/// The descriptors of a library, and the element that ends the array: one for each of `$plugins`,
/// of which there are `N`. The fields that not every kind of descriptor has come last; `$plugin`
/// names the plugin there.
macro_rules! descriptors_and_end {
    (
        $descriptor:ident of $plugin:ident in $plugins:ident {
            $($field:ident: $value:expr),* $(,)?
        }
    ) => {{
        // SAFETY: the all-zero element is the one that ends the array.
        const END: $descriptor = unsafe { std::mem::zeroed() };
        let mut descriptors = [END; N];
        let mut at = 0;
        while at < $plugins.len() {
            let $plugin = &$plugins[at];
            descriptors[at] = $descriptor {
                type_: MYSQL_REPLICATION_PLUGIN as c_int,
                info: $plugin.info,
                name: $plugin.name.as_ptr(),
                author: $plugin.author.as_ptr(),
                descr: $plugin.description.as_ptr(),
                license: PLUGIN_LICENSE_GPL as c_int,
                init: Some($plugin.init),
                deinit: Some($plugin.deinit),
                version: $plugin.version,
                status_vars: $plugin.status,
                system_vars: $plugin.variables,
                $($field: $value),*
            };
            at += 1;
        }
        $crate::Ended(descriptors, END)
    }};
}
pub(crate) use descriptors_and_end;

/// `sizeof(struct st_maria_plugin)`.
pub const SIZEOF_MARIADB_DESCRIPTOR: c_int = size_of_descriptor::<st_maria_plugin>();

/// What MariaDB shows as the plugin's version.
const VERSION_INFO: *const c_char = c"1.0".as_ptr();

/// The descriptors of a library for MariaDB. Nobody asks `check_uninstall` there.
pub const fn mariadb_descriptors<const N: usize>(
    plugins: [PluginParts; N],
) -> Ended<st_maria_plugin, N> {
    self::descriptors_and_end!(st_maria_plugin of plugin in plugins {
        version_info: VERSION_INFO,
        maturity: MariaDB_PLUGIN_MATURITY_STABLE,
    })
}

/// Exports the three symbols by which a server finds the descriptors of a library: the version of
/// the descriptor, its size, and an array of descriptors, which `$descriptors` makes of an array of
/// [`PluginParts`].
///
/// `$plugin`: the parts of each plugin without `info`, which points to `$info`, the version of the
/// replication interface.
#[doc(hidden)] // of `export_declarations!`
#[macro_export]
macro_rules! export_descriptors {
    (
        $descriptors:path, [$($plugin:expr),+], $info:ident = $replication_version:expr;
        $interface_version:ident = $version:expr;
        $sizeof_descriptor:ident = $size:expr;
        $declarations:ident: $descriptor:ty;
    ) => {
        static $info: $crate::Shared<::std::ffi::c_int> =
            $crate::Shared::new($replication_version as ::std::ffi::c_int);

        /// The version of the descriptor.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static $interface_version: ::std::ffi::c_int = $version as ::std::ffi::c_int;
        /// The size of a descriptor, in bytes.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static $sizeof_descriptor: ::std::ffi::c_int = $size;
        /// The descriptors, and the element that ends the array.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static $declarations: $crate::Shared<
            $crate::Ended<$descriptor, { [$(stringify!($plugin)),+].len() }>,
        > = $crate::Shared::new($descriptors([$(
            $crate::PluginParts {
                info: $info.as_ptr().cast(),
                ..$plugin
            }
        ),+]));
    };
}

/// Exports the descriptors that a MariaDB server looks for. It looks for them before it looks for
/// MySQL's. `$plugins`: [`PluginParts`] of each plugin without `info`; then the version of the
/// replication interface.
#[doc(hidden)] // of `export_declarations!`
#[macro_export]
macro_rules! export_mariadb_descriptors {
    ($plugins:tt, $replication_version:expr) => {
        $crate::export_descriptors! {
            $crate::mariadb_descriptors, $plugins, MARIADB_INFO = $replication_version;
            _maria_plugin_interface_version_ = $crate::MARIA_PLUGIN_INTERFACE_VERSION;
            _maria_sizeof_struct_st_plugin_ = $crate::SIZEOF_MARIADB_DESCRIPTOR;
            _maria_plugin_declarations_: $crate::st_maria_plugin;
        }
    };
}

/// A library for MySQL in a MariaDB server: one plugin, by the name of the library's main plugin
/// (`$plugin`), without variables and without hooks. `$stand_by`: its `init`.
#[doc(hidden)] // of `export_declarations!`
#[macro_export]
macro_rules! export_mariadb_stand_by {
    ($plugin:expr, $stand_by:path) => {
        unsafe extern "C" fn nothing_to_do(_: *mut ::std::ffi::c_void) -> ::std::ffi::c_int {
            0
        }
        $crate::export_mariadb_descriptors! {
            [$crate::PluginParts {
                init: $stand_by,
                deinit: nothing_to_do,
                status: ::std::ptr::null_mut(),
                variables: ::std::ptr::null_mut(),
                ..$plugin
            }],
            $crate::MARIA_REPLICATION_INTERFACE_VERSION
        }
    };
}
