//! What a plugin is to the server: the functions that its descriptor names, and the handle that
//! `init` gets.

use crate::{callback::Callback, guard::guard, library::Part, sys};
#[doc(hidden)]
pub use semisync_sys::compat::Services;
use std::ffi::{CStr, CString, c_int, c_void};

/// The server's handle of this plugin (`st_plugin_int *`): argument of `init`
/// and `deinit`, wanted by every registration.
pub struct Handle {
    pub(crate) raw: *mut c_void,
    pub(crate) services: &'static Services,
    pub(crate) part: Part,
}

impl Handle {
    /// `raw`: what the server passed to `init` or `deinit` of the library of `P`.
    fn of<P: Plugin>(raw: *mut c_void) -> Self {
        Self {
            raw,
            services: P::services(),
            part: P::PART,
        }
    }

    /// Says why the plugin is not to be installed, in a way that needs nothing of
    /// the server's series; for what has to be said before it is known to fit.
    pub(crate) fn refuse(&self, reason: &str) {
        let text = CString::new(reason).unwrap_or_default();
        // SAFETY: called in `init`; handle and services are one library's.
        unsafe { self.services.refuse(self.raw, &text) };
    }
}

/// What a plugin does. Its functions run under the guard.
pub trait Plugin: 'static {
    /// Which plugin of its library.
    const PART: Part;

    /// Of the library that holds the plugin; made by [`export_plugins`].
    #[doc(hidden)]
    fn services() -> &'static Services;

    /// `INSTALL PLUGIN`, or the server's start. In the installing session, or without a
    /// session at the start; variables hold their values already. false: refused, and the
    /// error log says why.
    fn init(plugin: &Handle) -> bool;

    /// Whether `UNINSTALL PLUGIN` may go on; if not, the client has been told why.
    fn check_uninstall() -> bool;

    /// `UNINSTALL PLUGIN`, or the server's end; also called if `init` failed. false: an
    /// observer is still known to the server.
    fn deinit(plugin: &Handle) -> bool;
}

unsafe extern "C" fn init<P: Plugin>(raw: *mut c_void) -> c_int {
    guard(Callback::Init, 1, || {
        let done = P::init(&Handle::of::<P>(raw));
        P::PART.set_installed(done);
        c_int::from(!done)
    })
}

unsafe extern "C" fn check_uninstall<P: Plugin>(_: *mut c_void) -> c_int {
    guard(Callback::CheckUninstall, 1, || {
        c_int::from(!P::check_uninstall())
    })
}

unsafe extern "C" fn deinit<P: Plugin>(raw: *mut c_void) -> c_int {
    let guarded = || {
        guard(Callback::Deinit, None, || {
            Some(c_int::from(!P::deinit(&Handle::of::<P>(raw))))
        })
    };
    // Once more after a panic: the server removes the plugin in any case, and a server
    // that then finds an observer of the plugin (MySQL 5.6) ends every dump.
    let answer = guarded().or_else(guarded).unwrap_or(1);
    P::PART.set_installed(false);
    answer
}

/// What the descriptor of a plugin says, for [`export_plugins`].
#[doc(hidden)]
pub const fn parts<P: Plugin>(
    name: &'static CStr,
    description: &'static CStr,
    status: *mut sys::st_mysql_show_var,
    variables: *mut *mut sys::st_mysql_sys_var,
) -> sys::PluginParts {
    sys::PluginParts {
        info: std::ptr::null_mut(), // each kind of descriptor has its own
        name,
        author: c"The semi-sync in Rust project",
        description,
        version: 0x0100, // as stock's
        init: init::<P>,
        check_uninstall: check_uninstall::<P>,
        deinit: deinit::<P>,
        status,
        variables,
    }
}
