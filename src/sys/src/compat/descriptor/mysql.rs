//! The symbols by which a MySQL server finds a library's descriptors.

/// `plugin`: `PluginParts` without `info`.
#[macro_export]
macro_rules! export_mysql_descriptors {
    ($plugin:expr) => {
        static INFO: $crate::Shared<::std::ffi::c_int> =
            $crate::Shared::new($crate::MYSQL_REPLICATION_INTERFACE_VERSION as ::std::ffi::c_int);

        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _mysql_plugin_interface_version_: ::std::ffi::c_int =
            $crate::MYSQL_PLUGIN_INTERFACE_VERSION as ::std::ffi::c_int;
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _mysql_sizeof_struct_st_plugin_: ::std::ffi::c_int =
            $crate::compat::SIZEOF_DESCRIPTOR;
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _mysql_plugin_declarations_: $crate::Shared<[$crate::st_mysql_plugin; 2]> =
            $crate::Shared::new($crate::compat::descriptors($crate::PluginParts {
                info: INFO.as_ptr().cast(),
                ..$plugin
            }));
    };
}
