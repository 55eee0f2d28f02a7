//! The descriptor that a library exports, and the handle that `init` gets.
//!
//! `export_plugin!` goes into a cdylib once. It exports what the server looks
//! for in a plugin library of its series.

use semisync_sys::compat::Services;
use std::ffi::{CString, c_void};

/// The server's handle of this plugin (`st_plugin_int *`): argument of `init`
/// and `deinit`, wanted by every registration.
pub struct Handle {
    pub(crate) raw: *mut c_void,
    pub(crate) services: &'static Services,
}

impl Handle {
    /// # Safety
    /// `raw` is what the server passed to `init` or `deinit` of this library,
    /// and the services are those that the same library exports.
    pub unsafe fn new(raw: *mut c_void, services: &'static Services) -> Self {
        Self { raw, services }
    }

    /// Says why the plugin is not to be installed, in a way that needs nothing of
    /// the server's series; for what has to be said before it is known to fit.
    pub(crate) fn refuse(&self, reason: &str) {
        let text = CString::new(reason).unwrap_or_default();
        // SAFETY: called in `init`; handle and services are one library's.
        unsafe { self.services.refuse(self.raw, &text) };
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

/// Exports a plugin library: descriptor, interface version, service pointers.
///
/// `init`, `check_uninstall` and `deinit` get a [`Handle`] and answer 0 for
/// success; they run under the guard. `side`: the word in the plugin's name.
#[macro_export]
macro_rules! export_plugin {
    (
        name: $name:expr, description: $description:expr,
        init: $init:path, check_uninstall: $check:path, deinit: $deinit:path,
        status: $status:expr, variables: $variables:expr $(,)?
    ) => {
        unsafe extern "C" fn plugin_init(raw: *mut ::std::ffi::c_void) -> ::std::ffi::c_int {
            $crate::guard::guard($crate::callback::Callback::Init, 1, || {
                // SAFETY: the server's argument; the services are this library's.
                $init(&unsafe { $crate::plugin::Handle::new(raw, &SERVICES) })
            })
        }
        unsafe extern "C" fn plugin_check_uninstall(
            _: *mut ::std::ffi::c_void,
        ) -> ::std::ffi::c_int {
            $crate::guard::guard($crate::callback::Callback::CheckUninstall, 1, || $check())
        }
        unsafe extern "C" fn plugin_deinit(raw: *mut ::std::ffi::c_void) -> ::std::ffi::c_int {
            let deinit = || {
                // SAFETY: as in plugin_init.
                Some($deinit(&unsafe {
                    $crate::plugin::Handle::new(raw, &SERVICES)
                }))
            };
            let guarded = || $crate::guard::guard($crate::callback::Callback::Deinit, None, deinit);
            // Once more after a panic: the server removes the plugin in any case, and a server
            // that then finds an observer of the plugin (MySQL 5.6) ends every dump.
            guarded().or_else(guarded).unwrap_or(1)
        }

        const fn plugin() -> $crate::sys::PluginParts {
            $crate::sys::PluginParts {
                info: ::std::ptr::null_mut(), // each kind of descriptor has its own
                name: $name,
                author: c"The semi-sync in Rust project",
                description: $description,
                version: 0x0100, // as stock's
                init: plugin_init,
                check_uninstall: plugin_check_uninstall,
                deinit: plugin_deinit,
                status: $status,
                variables: $variables,
            }
        }
        $crate::sys::export_declarations! { plugin(), stand_by: $crate::stand_by::init }
    };
}
