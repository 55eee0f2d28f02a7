//! The descriptor that a library exports, and the handle that `init` gets.
//!
//! `export_plugin!` goes into a cdylib once. It exports the descriptor and the
//! two service pointers that the server fills in when it loads the library.

use crate::sys;
use std::{
    ffi::{CStr, CString, c_int, c_void},
    sync::atomic::{AtomicPtr, Ordering},
};

/// The server's handle of this plugin (`st_plugin_int *`): argument of `init`
/// and `deinit`, wanted by every registration.
pub struct Handle {
    pub(crate) raw: *mut c_void,
    services: &'static Services,
}

/// Service pointers of one library: initialised to the version that is wanted,
/// overwritten by the server when it loads the library.
pub struct Services {
    pub registry: &'static AtomicPtr<c_void>,
    pub plugin_log: &'static AtomicPtr<c_void>,
}

/// A service of the server's component registry, given back when dropped: the
/// server complains at its end about one that is not.
pub(crate) struct Service<T> {
    table: *const T,
    registry: *const sys::mysql_registry,
    release: Option<unsafe extern "C" fn(*const sys::mysql_registry) -> c_int>,
}

// SAFETY: tables of functions that any thread may call.
unsafe impl<T> Send for Service<T> {}

impl Handle {
    /// # Safety
    /// `raw` is what the server passed to `init` or `deinit` of this library,
    /// and the services are those that the same library exports.
    pub unsafe fn new(raw: *mut c_void, services: &'static Services) -> Self {
        Self { raw, services }
    }

    /// Logs through the one service that is the same in every series; for what
    /// has to be said before the series is known to fit.
    pub(crate) fn refuse(&self, reason: &str) {
        let service = self.services.plugin_log.load(Ordering::Acquire);
        let service = service.cast::<sys::my_plugin_log_service_t>();
        if service.is_null() {
            return;
        }
        let text = CString::new(reason).unwrap_or_default();
        let mut handle = self.raw;
        // SAFETY: the server replaced the exported pointer by the address of
        // the service when it loaded the library, before `init`.
        if let Some(message) = unsafe { (*service).message } {
            // SAFETY: wants the address of a variable that holds the handle;
            // format and argument fit.
            unsafe {
                message(
                    &mut handle,
                    sys::MY_ERROR_LEVEL,
                    c"%s".as_ptr(),
                    text.as_ptr(),
                )
            };
        }
    }

    /// The service `name`, whose layout is `T`; None: the server has none.
    pub(crate) fn service<T>(&self, name: &CStr) -> Option<Service<T>> {
        let registries = self.services.registry.load(Ordering::Acquire);
        let registries = registries.cast::<sys::plugin_registry_service_t>();
        if registries.is_null() {
            return None;
        }
        // SAFETY: as in `refuse`.
        let (acquire, release) = unsafe { ((*registries).acquire?, (*registries).release) };
        // SAFETY: no argument, answers with the registry or null.
        let registry = unsafe { acquire() };
        if registry.is_null() {
            return None;
        }
        let mut service = Service {
            table: std::ptr::null(),
            registry,
            release,
        };
        let mut found = std::ptr::null_mut();
        // SAFETY: the registry is acquired; 0 means that `found` was set.
        let failed = unsafe { (*registry).acquire?(name.as_ptr(), &mut found) };
        if failed != 0 || found.is_null() {
            return None;
        }
        service.table = found.cast_const().cast();
        Some(service)
    }
}

impl<T> Service<T> {
    pub(crate) fn table(&self) -> *const T {
        self.table
    }
}

impl<T> Drop for Service<T> {
    fn drop(&mut self) {
        if !self.table.is_null() {
            // SAFETY: acquired in `Handle::service`, released once.
            unsafe {
                if let Some(release) = (*self.registry).release {
                    release(self.table.cast_mut().cast());
                }
            }
        }
        if let Some(release) = self.release {
            // SAFETY: as above.
            unsafe { release(self.registry) };
        }
    }
}

/// A name put together from literals at compile time, as a C string.
#[macro_export]
macro_rules! c_text {
    ($($part:tt),+) => {
        match ::std::ffi::CStr::from_bytes_with_nul(::std::concat!($($part),+, "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("a name contains NUL"),
        }
    };
}

/// `info` of the descriptor.
#[repr(transparent)]
pub struct Info(pub c_int);

pub const REPLICATION_INFO: Info = Info(0x0400);
const _: () = assert!(REPLICATION_INFO.0 as u32 == sys::MYSQL_REPLICATION_INTERFACE_VERSION);

/// Exports a plugin library: descriptor, interface version, service pointers.
///
/// `init`, `check_uninstall` and `deinit` get a [`Handle`] and answer 0 for
/// success; they run under the guard.
#[macro_export]
macro_rules! export_plugin {
    (
        name: $name:expr, description: $description:expr,
        init: $init:path, check_uninstall: $check:path, deinit: $deinit:path,
        status: $status:expr, variables: $variables:expr $(,)?
    ) => {
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static plugin_registry_service: ::std::sync::atomic::AtomicPtr<::std::ffi::c_void> =
            ::std::sync::atomic::AtomicPtr::new($crate::plugin::WANTED_SERVICE_VERSION);
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static my_plugin_log_service: ::std::sync::atomic::AtomicPtr<::std::ffi::c_void> =
            ::std::sync::atomic::AtomicPtr::new($crate::plugin::WANTED_SERVICE_VERSION);

        static SERVICES: $crate::plugin::Services = $crate::plugin::Services {
            registry: &plugin_registry_service,
            plugin_log: &my_plugin_log_service,
        };

        unsafe extern "C" fn plugin_init(raw: *mut ::std::ffi::c_void) -> ::std::ffi::c_int {
            $crate::guard::guard("init", 1, || {
                // SAFETY: the server's argument; the services are this library's.
                $init(&unsafe { $crate::plugin::Handle::new(raw, &SERVICES) })
            })
        }
        unsafe extern "C" fn plugin_check_uninstall(
            _: *mut ::std::ffi::c_void,
        ) -> ::std::ffi::c_int {
            $crate::guard::guard("check_uninstall", 1, || $check())
        }
        unsafe extern "C" fn plugin_deinit(raw: *mut ::std::ffi::c_void) -> ::std::ffi::c_int {
            $crate::guard::guard("deinit", 1, || {
                // SAFETY: as in plugin_init.
                $deinit(&unsafe { $crate::plugin::Handle::new(raw, &SERVICES) })
            })
        }

        static INFO: $crate::Shared<$crate::plugin::Info> =
            $crate::Shared::new($crate::plugin::REPLICATION_INFO);

        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _mysql_plugin_interface_version_: ::std::ffi::c_int =
            $crate::plugin::INTERFACE_VERSION;
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _mysql_sizeof_struct_st_plugin_: ::std::ffi::c_int =
            $crate::plugin::SIZEOF_DESCRIPTOR;
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static _mysql_plugin_declarations_: $crate::Shared<[$crate::sys::st_mysql_plugin; 2]> =
            $crate::Shared::new([
                $crate::plugin::descriptor(
                    INFO.as_ptr(),
                    $name,
                    $description,
                    [plugin_init, plugin_check_uninstall, plugin_deinit],
                    $status,
                    $variables,
                ),
                $crate::plugin::END_OF_DESCRIPTORS,
            ]);
    };
}

pub const WANTED_SERVICE_VERSION: *mut c_void =
    std::ptr::without_provenance_mut(sys::SERVICE_VERSION as usize);
pub const INTERFACE_VERSION: c_int = 0x010B;
const _: () = assert!(INTERFACE_VERSION as u32 == sys::MYSQL_PLUGIN_INTERFACE_VERSION);
#[allow(clippy::cast_possible_truncation)] // a compile-time constant of 112
pub const SIZEOF_DESCRIPTOR: c_int = size_of::<sys::st_mysql_plugin>() as c_int;

/// The descriptor of a replication plugin, version 1.0 as stock's.
pub const fn descriptor(
    info: *mut Info,
    name: &'static CStr,
    description: &'static CStr,
    [init, check_uninstall, deinit]: [unsafe extern "C" fn(*mut c_void) -> c_int; 3],
    status_vars: *mut sys::st_mysql_show_var,
    system_vars: *mut *mut sys::st_mysql_sys_var,
) -> sys::st_mysql_plugin {
    sys::st_mysql_plugin {
        type_: sys::MYSQL_REPLICATION_PLUGIN as c_int,
        info: info.cast(),
        name: name.as_ptr(),
        author: c"The semi-sync in Rust project".as_ptr(),
        descr: description.as_ptr(),
        license: sys::PLUGIN_LICENSE_GPL as c_int,
        init: Some(init),
        check_uninstall: Some(check_uninstall),
        deinit: Some(deinit),
        version: 0x0100,
        status_vars,
        system_vars,
        reserved: std::ptr::null_mut(),
        flags: 0,
    }
}

/// The all-zero element that ends the array.
pub const END_OF_DESCRIPTORS: sys::st_mysql_plugin = sys::st_mysql_plugin {
    type_: 0,
    info: std::ptr::null_mut(),
    name: std::ptr::null(),
    author: std::ptr::null(),
    descr: std::ptr::null(),
    license: 0,
    init: None,
    check_uninstall: None,
    deinit: None,
    version: 0,
    status_vars: std::ptr::null_mut(),
    system_vars: std::ptr::null_mut(),
    reserved: std::ptr::null_mut(),
    flags: 0,
};
