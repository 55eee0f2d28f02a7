//! The network layer of a session in MySQL 5.6: searched for, and checked by the function that
//! tells a session's descriptor.

use super::net_in_thd::net_in;
use crate::{
    bindings::{NET, THD},
    symbols::symbols,
};
use std::ffi::c_int;

symbols! {
    /// The way to the current session, and from there to its network layer.
    pub struct Connections {
        current_thd: unsafe extern "C" fn() -> *mut THD = c"_Z19thd_get_current_thdv";
        thd_get_fd: unsafe extern "C" fn(*mut THD) -> c_int = c"_Z10thd_get_fdP3THD";
    }
}

impl Connections {
    /// # Safety
    /// The session of the current thread.
    pub(in crate::compat) unsafe fn net_of(&self, thd: *mut THD) -> *mut NET {
        // SAFETY: the current session.
        unsafe {
            let net = net_in(thd.cast());
            if net.is_null() || (*net).fd != (self.thd_get_fd)(thd) {
                return std::ptr::null_mut();
            }
            net
        }
    }
}
