//! The network layer of a session in MySQL 5.7 and 8.0, where the way from the session to its
//! protocol is an inline function, so not exported.
//!
//! `Protocol_classic::get_net()` is exported, and all that it does is to add the offset of
//! `THD::net` to its member `m_thd` (sql/protocol_classic.cc). Where that member lies differs; so
//! the function is given a stand-in all of whose words are the session. Whether the answer is right
//! is checked by the function that tells a session's descriptor.

use crate::{
    bindings::{NET, THD},
    symbols::symbols,
};
use std::ffi::c_int;

symbols! {
    /// The way to the current session, and from there to its network layer.
    pub struct Connections {
        current_thd: unsafe extern "C" fn() -> *mut THD = c"_Z19thd_get_current_thdv";
        get_net: unsafe extern "C" fn(*const StandIn) -> *mut NET
            = c"_ZN16Protocol_classic7get_netEv";
        thd_get_fd: unsafe extern "C" fn(*mut THD) -> c_int = c"_Z10thd_get_fdP3THD";
    }
}

/// More words than `Protocol_classic` has in front of `m_thd`.
type StandIn = [*mut THD; 64];

impl Connections {
    /// # Safety
    /// The session of the current thread.
    pub(in crate::compat) unsafe fn net_of(&self, thd: *mut THD) -> *mut NET {
        // SAFETY: see above; the NET that comes back lies within the session, and in every release
        // has its descriptor behind its buffers.
        unsafe {
            let net = (self.get_net)(&[thd; 64]);
            if net.is_null() || (*net).vio.is_null() || (*net).fd != (self.thd_get_fd)(thd) {
                return std::ptr::null_mut();
            }
            net
        }
    }
}
