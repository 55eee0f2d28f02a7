//! The network layer of the current thread's session.

use crate::{bindings::NET, compat::Connections};

impl Connections {
    /// The NET of the session that the current thread serves. Null: there is none, or it was not
    /// found for certain.
    ///
    /// # Safety
    /// In a thread of the server that serves a client.
    pub unsafe fn current_net(&self) -> *mut NET {
        // SAFETY: the caller's promise.
        let thd = unsafe { self.current_session() };
        if thd.is_null() {
            return std::ptr::null_mut();
        }
        // SAFETY: not null, and the current session.
        unsafe { self.net_of(thd) }
    }
}
