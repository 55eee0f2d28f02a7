//! The network layer of a session in MySQL 8.4 and later, which exports both steps of the way. Only
//! the classic protocol has one: not the X protocol, nor what the server runs for itself.

use crate::{
    bindings::{NET, THD},
    symbols::symbols,
};
use std::ffi::c_void;

symbols! {
    /// The way to the current session, and from there to its network layer.
    pub struct Connections {
        current_thd: unsafe extern "C" fn() -> *mut THD = c"_Z19thd_get_current_thdv";
        is_classic: unsafe extern "C" fn(*const THD) -> bool
            = c"_ZNK3THD19is_classic_protocolEv";
        /// Only of a session that `is_classic`.
        get_protocol_classic: unsafe extern "C" fn(*mut THD) -> *mut c_void
            = c"_ZN3THD20get_protocol_classicEv";
        get_net: unsafe extern "C" fn(*mut c_void) -> *mut NET
            = c"_ZN16Protocol_classic7get_netEv";
    }
}

impl Connections {
    /// # Safety
    /// The session of the current thread.
    pub(in crate::compat) unsafe fn net_of(&self, thd: *mut THD) -> *mut NET {
        // SAFETY: each answer is checked before the next call.
        unsafe {
            if !(self.is_classic)(thd) {
                return std::ptr::null_mut();
            }
            let protocol = (self.get_protocol_classic)(thd);
            if protocol.is_null() {
                return std::ptr::null_mut();
            }
            (self.get_net)(protocol)
        }
    }
}
