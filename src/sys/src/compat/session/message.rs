//! The current session's wait, shown as a message: before there were stages (MySQL 5.5, MariaDB
//! 5.5).

use crate::{
    bindings::{THD, mysql_cond_t, mysql_mutex_t},
    compat::StageInfo,
    symbols::symbols,
};
use std::ffi::c_char;

symbols! {
    /// How the current session's wait is shown to the server.
    pub struct Session {
        /// The mutex must be held; KILL then locks it and broadcasts the condition. Answers with
        /// the old message.
        enter: unsafe extern "C" fn(
            thd: *mut THD,
            cond: *mut mysql_cond_t,
            mutex: *mut mysql_mutex_t,
            message: *const c_char,
        ) -> *const c_char = c"thd_enter_cond";
        exit: unsafe extern "C" fn(thd: *mut THD, message: *const c_char) = c"thd_exit_cond";
    }
}

/// What the session was doing before it waited.
pub type OldStage = *const c_char;

/// `thd_exit_cond` unlocks the mutex itself.
pub const EXIT_COND_UNLOCKS: bool = true;

impl Session {
    /// Shows `stage` as what the session is doing, and makes KILL know what it sleeps on.
    ///
    /// # Safety
    /// In a session's thread; the mutex is held; mutex and condition live until `exit_cond`. `old`
    /// takes what `exit_cond` wants.
    pub unsafe fn enter_cond(
        &self,
        cond: *mut mysql_cond_t,
        mutex: *mut mysql_mutex_t,
        stage: *const StageInfo,
        old: *mut OldStage,
    ) {
        let thd = std::ptr::null_mut(); // the current one
        // SAFETY: the caller's promise; the stage is static.
        unsafe { *old = (self.enter)(thd, cond, mutex, (*stage).name) };
    }

    /// Shows again what the session was doing before `enter_cond`.
    ///
    /// # Safety
    /// After `enter_cond`, in the same thread; the mutex is held.
    pub unsafe fn exit_cond(&self, old: *const OldStage) {
        // SAFETY: the caller's promise.
        unsafe { (self.exit)(std::ptr::null_mut(), *old) };
    }
}
