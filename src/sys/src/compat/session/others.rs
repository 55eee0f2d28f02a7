//! What other sessions do, in MySQL 5.7 and later.

use crate::{
    bindings::THD,
    compat::{DO_FOR_ALL_THD, THD_QUERY_SAFE},
    symbols::symbols,
};
use std::ffi::c_char;

symbols! {
    /// What other sessions of the server do.
    pub struct Sessions {
        /// Calls a function for each session, under the server's `LOCK_thd_list`.
        for_all: unsafe extern "C" fn(visit: unsafe extern "C" fn(*mut THD, u64), argument: u64)
            = DO_FOR_ALL_THD;
        /// Copies the text of the statement that a session runs, and a NUL; answers with its
        /// length.
        query: unsafe extern "C" fn(thd: *mut THD, buffer: *mut c_char, size: usize) -> usize
            = THD_QUERY_SAFE;
    }
}

impl Sessions {
    /// Shows every session of the server, which lives as long as `visit` looks at it. `visit` must
    /// not panic.
    ///
    /// # Safety
    /// In a thread of the server that holds no lock which somebody wants who holds the server's
    /// `LOCK_thd_list`.
    pub unsafe fn for_each(&self, mut visit: &mut dyn FnMut(*mut THD)) {
        unsafe extern "C" fn call(thd: *mut THD, visit: u64) {
            #[allow(clippy::cast_possible_truncation)] // an address
            let visit = std::ptr::with_exposed_provenance_mut(visit as usize);
            let visit: *mut &mut dyn FnMut(*mut THD) = visit;
            // SAFETY: what `for_each` has handed out and does not use meanwhile.
            unsafe { (*visit)(thd) };
        }
        let visit = (&raw mut visit).expose_provenance();
        // SAFETY: the function is called before this returns.
        unsafe { (self.for_all)(call, visit as u64) };
    }

    /// The beginning of the statement that a session runs.
    ///
    /// # Safety
    /// A session that lives, as in `for_each`.
    pub unsafe fn statement<'b>(&self, thd: *mut THD, buffer: &'b mut [u8]) -> &'b [u8] {
        // SAFETY: as many bytes as the buffer has.
        let length = unsafe { (self.query)(thd, buffer.as_mut_ptr().cast(), buffer.len()) };
        buffer.get(..length).unwrap_or_default()
    }
}
