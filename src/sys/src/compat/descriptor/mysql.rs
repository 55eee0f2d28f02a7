//! The descriptors of a MySQL server: the symbols by which the server finds them.

use crate::{bindings::st_mysql_plugin, descriptor::size_of_descriptor};
use std::ffi::c_int;

/// `sizeof(struct st_mysql_plugin)`.
pub const SIZEOF_DESCRIPTOR: c_int = size_of_descriptor::<st_mysql_plugin>();

/// Exports the descriptors that a MySQL server looks for. `$descriptors` makes them of
/// `PluginParts`; `$plugins`: the parts of each plugin without `info`.
#[doc(hidden)] // of `export_declarations!`
#[macro_export]
macro_rules! export_mysql_descriptors {
    ($descriptors:path, $plugins:tt) => {
        $crate::export_descriptors! {
            $descriptors, $plugins,
                INFO = $crate::MYSQL_REPLICATION_INTERFACE_VERSION;
            _mysql_plugin_interface_version_ = $crate::MYSQL_PLUGIN_INTERFACE_VERSION;
            _mysql_sizeof_struct_st_plugin_ = $crate::compat::SIZEOF_DESCRIPTOR;
            _mysql_plugin_declarations_: $crate::st_mysql_plugin;
        }
    };
}

/// Exports a pointer that a MySQL server looks for when it loads the library: it reads the version
/// of a service that the library wants, and writes the service's address there.
#[doc(hidden)] // of `export_declarations!`
#[macro_export]
macro_rules! export_service_pointer {
    ($service:ident = $wanted_version:expr) => {
        /// Wants a service of the server.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static $service: ::std::sync::atomic::AtomicPtr<::std::ffi::c_void> =
            ::std::sync::atomic::AtomicPtr::new($wanted_version);
    };
}
