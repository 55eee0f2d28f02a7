//! The network layer of a session in MySQL 5.6: searched for, and checked by the
//! function that tells a session's descriptor.

use super::net_in_thd::net_in;
use crate::{
    bindings::{NET, THD},
    symbols::symbols,
};
use std::ffi::c_int;

symbols! {
    pub struct Connections {
        current_thd: unsafe extern "C" fn() -> *mut THD = c"_Z19thd_get_current_thdv";
        thd_get_fd: unsafe extern "C" fn(*mut THD) -> c_int = c"_Z10thd_get_fdP3THD";
    }
}

impl Connections {
    /// The session that the current thread serves; null: none.
    ///
    /// # Safety
    /// In a thread of the server.
    pub unsafe fn current_session(&self) -> *mut THD {
        // SAFETY: the caller's promise.
        unsafe { (self.current_thd)() }
    }

    /// The NET of the session that the current thread serves; null: none.
    ///
    /// # Safety
    /// In a thread of the server that serves a client.
    pub unsafe fn current_net(&self) -> *mut NET {
        // SAFETY: the current session.
        unsafe {
            let thd = (self.current_thd)();
            if thd.is_null() {
                return std::ptr::null_mut();
            }
            let net = net_in(thd.cast());
            if net.is_null() || (*net).fd != (self.thd_get_fd)(thd) {
                return std::ptr::null_mut();
            }
            net
        }
    }
}
