//! The network layer of a session in MariaDB: the session is kept under a thread key, its NET is
//! searched for.

use super::net_in_thd::net_in;
use crate::{
    bindings::{NET, THD},
    symbols::symbols,
};

symbols! {
    /// The way to the current session, and from there to its network layer.
    pub struct Connections {
        /// Key of the session of each thread.
        thr_thd: *const libc::pthread_key_t = c"THR_THD";
    }
}

impl Connections {
    /// The session that the current thread serves; null: none.
    ///
    /// # Safety
    /// In a thread of the server.
    pub unsafe fn current_session(&self) -> *mut THD {
        // SAFETY: the server made the key before it made its first session.
        unsafe { libc::pthread_getspecific(*self.thr_thd) }.cast()
    }

    /// # Safety
    /// The session of the current thread.
    pub(in crate::compat) unsafe fn net_of(&self, thd: *mut THD) -> *mut NET {
        // SAFETY: the caller's promise.
        unsafe { net_in(thd.cast()) }
    }
}
