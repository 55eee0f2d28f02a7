//! The current session's wait, shown as a stage; the caller's place in the source is passed too.
//! MySQL 5.7 and later, MariaDB 10.0 and later.

use crate::{
    bindings::{THD, mysql_cond_t, mysql_mutex_t},
    compat::{StageInfo, THD_ENTER_COND, THD_EXIT_COND},
    symbols::symbols,
};
use std::ffi::{CStr, c_char, c_int};

symbols! {
    /// How the current session's wait is shown to the server.
    pub struct Session {
        /// The mutex must be held; KILL then locks it and broadcasts the condition.
        enter: unsafe extern "C" fn(
            thd: *mut THD,
            cond: *mut mysql_cond_t,
            mutex: *mut mysql_mutex_t,
            stage: *const StageInfo,
            old: *mut StageInfo,
            function: *const c_char,
            file: *const c_char,
            line: c_int,
        ) = THD_ENTER_COND;
        exit: unsafe extern "C" fn(
            thd: *mut THD,
            stage: *const StageInfo,
            function: *const c_char,
            file: *const c_char,
            line: c_int,
        ) = THD_EXIT_COND;
    }
}

/// What the session was doing before it waited.
pub type OldStage = StageInfo;

const FUNCTION: &CStr = c"wait";
const FILE: &CStr = c"semisync";

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
        // SAFETY: the caller's promise.
        unsafe {
            (self.enter)(
                thd,
                cond,
                mutex,
                stage,
                old,
                FUNCTION.as_ptr(),
                FILE.as_ptr(),
                0,
            )
        };
    }

    /// Shows again what the session was doing before `enter_cond`.
    ///
    /// # Safety
    /// After `enter_cond`, in the same thread. The mutex: see `EXIT_COND_UNLOCKS`.
    pub unsafe fn exit_cond(&self, old: *const OldStage) {
        // SAFETY: the caller's promise.
        unsafe {
            (self.exit)(
                std::ptr::null_mut(),
                old,
                FUNCTION.as_ptr(),
                FILE.as_ptr(),
                0,
            )
        };
    }
}
