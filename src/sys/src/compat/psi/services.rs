//! Performance schema of MySQL 8.0 and later: one service per kind of thing.

use crate::{
    bindings::{
        PSI_FLAG_SINGLETON, PSI_FLAG_THREAD_SYSTEM, PSI_cond, PSI_cond_service, PSI_mutex,
        PSI_mutex_service, PSI_stage_info, PSI_stage_service, PSI_thread_info, PSI_thread_service,
    },
    compat::PsiMemory,
    symbols::symbols,
};
use std::{
    ffi::{CStr, c_int, c_void},
    sync::atomic::{AtomicU8, Ordering},
};

symbols! {
    /// Performance schema: the functions by which the server is told what threads do.
    pub struct Psi {
        /// Address of the pointer to the current service table, which always exists (a table of
        /// functions that do nothing without performance schema).
        stages: *const *const PSI_stage_service = c"psi_stage_service";
        threads: *const *const PSI_thread_service = c"psi_thread_service";
        mutexes: *const *const PSI_mutex_service = c"psi_mutex_service";
        conds: *const *const PSI_cond_service = c"psi_cond_service";
        /// Never called: that it exists, under a name which spells its arguments, tells that
        /// threads are described and started as the declarations have it. Early releases of 8.0
        /// did so in another way.
        starts_numbered_threads [optional]: *const c_void
            = c"_Z19pfs_spawn_thread_vcjjP16my_thread_handlePK14pthread_attr_tPFPvS4_ES4_";
        + memory: PsiMemory;
    }
}

/// What a thread is doing, as the process list shows it. The server keeps its address.
pub type StageInfo = PSI_stage_info;

/// A stage called `name`, not registered yet.
pub const fn stage(name: &'static CStr) -> StageInfo {
    StageInfo {
        key: 0,
        name: name.as_ptr(),
        flags: 0,
        documentation: c"".as_ptr(),
    }
}

impl Psi {
    pub(in crate::compat) fn mutexes(&self) -> Option<&PSI_mutex_service> {
        // SAFETY: the table exists (see above), for as long as the server.
        unsafe { (*self.mutexes).as_ref() }
    }

    pub(in crate::compat) fn conds(&self) -> Option<&PSI_cond_service> {
        // SAFETY: as above.
        unsafe { (*self.conds).as_ref() }
    }

    /// Whether anything may be reported of the instance. Changes at any time.
    ///
    /// # Safety
    /// Of `new_mutex`.
    pub unsafe fn is_mutex_enabled(mutex: *const PSI_mutex) -> bool {
        // SAFETY: instances are never unmapped; the server writes a byte there.
        unsafe { AtomicU8::from_ptr((&raw const (*mutex).enabled).cast_mut().cast()) }
            .load(Ordering::Relaxed)
            != 0
    }

    /// As `is_mutex_enabled`.
    ///
    /// # Safety
    /// Of `new_cond`.
    pub unsafe fn is_cond_enabled(cond: *const PSI_cond) -> bool {
        // SAFETY: as above.
        unsafe { AtomicU8::from_ptr((&raw const (*cond).enabled).cast_mut().cast()) }
            .load(Ordering::Relaxed)
            != 0
    }

    /// The server writes the key into the stage; the same name gets the same key.
    ///
    /// # Safety
    /// `stage` is static.
    pub unsafe fn register_stage(&self, category: &CStr, stage: *mut StageInfo) {
        // SAFETY: a list of one; the table exists (see above).
        unsafe {
            if let Some(register) = (**self.stages).register_stage {
                register(category.as_ptr(), [stage].as_mut_ptr(), 1);
            }
        }
    }

    /// Shows the stage as what the current thread is doing, in the file `file`.
    ///
    /// # Safety
    /// `stage` was registered, or its key is 0.
    pub unsafe fn start_stage(&self, stage: *const StageInfo, file: &CStr) {
        // SAFETY: as above; any key is allowed.
        unsafe {
            if let Some(start) = (**self.stages).start_stage {
                start((*stage).key, file.as_ptr(), 0);
            }
        }
    }

    /// Makes the server know a kind of thread, and writes its key. `os_name`: as `top -H` shows it.
    ///
    /// # Safety
    /// `key` is static.
    pub unsafe fn register_thread(
        &self,
        category: &CStr,
        key: *mut u32,
        name: &CStr,
        os_name: &CStr,
    ) {
        if self.starts_numbered_threads.is_none() {
            return;
        }
        let mut info = PSI_thread_info {
            key,
            name: name.as_ptr(),
            os_name: os_name.as_ptr(),
            flags: PSI_FLAG_SINGLETON | PSI_FLAG_THREAD_SYSTEM,
            volatility: 0,
            documentation: c"".as_ptr(),
        };
        // SAFETY: one description, of which the server copies what it keeps.
        unsafe {
            if let Some(register) = (**self.threads).register_thread {
                register(category.as_ptr(), &mut info, 1);
            }
        }
    }

    /// Starts a joinable thread of the kind `key`; an errno, or 0.
    ///
    /// # Safety
    /// `start` may be called with `argument` in another thread.
    pub unsafe fn spawn(
        &self,
        key: u32,
        thread: *mut libc::pthread_t,
        start: extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> c_int {
        // SAFETY: default attributes; the table exists.
        unsafe {
            match (**self.threads).spawn_thread {
                Some(spawn) if self.starts_numbered_threads.is_some() => {
                    spawn(key, 0, thread, std::ptr::null(), Some(start), argument)
                }
                _ => libc::pthread_create(thread, std::ptr::null(), start, argument),
            }
        }
    }
}
