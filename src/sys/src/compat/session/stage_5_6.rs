//! The current session's wait, shown as a stage, in MySQL 5.6.

use crate::{
    bindings::{THD, mysql_cond_t, mysql_mutex_t},
    compat::StageInfo,
    symbols::symbols,
};

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
        ) = c"thd_enter_cond";
        exit: unsafe extern "C" fn(thd: *mut THD, stage: *const StageInfo) = c"thd_exit_cond";
    }
}

/// What the session was doing before it waited.
pub type OldStage = StageInfo;

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
        // SAFETY: the caller's promise.
        unsafe { (self.enter)(thd, cond, mutex, stage, old) };
    }

    /// Shows again what the session was doing before `enter_cond`.
    ///
    /// # Safety
    /// After `enter_cond`, in the same thread; the mutex is held.
    pub unsafe fn exit_cond(&self, old: *const OldStage) {
        // SAFETY: the caller's promise.
        unsafe { (self.exit)(std::ptr::null_mut(), old) };
    }
}
