//! The session of the current thread, as every MySQL server tells it.

use crate::{bindings::THD, compat::Connections};

impl Connections {
    /// The session that the current thread serves; null: none.
    ///
    /// # Safety
    /// In a thread of the server.
    pub unsafe fn current_session(&self) -> *mut THD {
        // SAFETY: the caller's promise.
        unsafe { (self.current_thd)() }
    }
}
