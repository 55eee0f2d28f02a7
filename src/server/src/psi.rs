//! Performance schema: stages (what a thread is doing, as the process list
//! shows it) and threads (rows of `performance_schema.threads`).

use crate::{Server, Shared, sys};
use std::{
    ffi::{CStr, c_int, c_void},
    sync::atomic::{AtomicU32, Ordering},
};

const CATEGORY: &CStr = c"semisync";

/// A stage, in static memory because the server keeps its address.
pub struct Stage(Shared<sys::PSI_stage_info>);

impl Stage {
    pub const fn new(name: &'static CStr) -> Self {
        Self(Shared::new(sys::PSI_stage_info {
            key: 0,
            name: name.as_ptr(),
            flags: 0,
            documentation: c"".as_ptr(),
        }))
    }

    pub(crate) fn as_ptr(&'static self) -> *const sys::PSI_stage_info {
        self.0.as_ptr()
    }

    /// Registers the stage; the server writes its key. Registering the same
    /// name again answers with the same key.
    pub fn register(&'static self, server: Server) {
        let mut list = [self.0.as_ptr()];
        // SAFETY: the symbol is the address of a pointer to the service table,
        // which always exists (a no-op table without performance schema).
        let service = unsafe { &**server.symbols().psi_stage_service };
        if let Some(register) = service.register_stage {
            // SAFETY: a list of one stage, which is static.
            unsafe { register(CATEGORY.as_ptr(), list.as_mut_ptr(), 1) };
        }
    }

    /// Shows the stage as what the current thread is doing.
    pub fn enter(&'static self, server: Server) {
        // SAFETY: as in `register`.
        let service = unsafe { &**server.symbols().psi_stage_service };
        if let Some(start) = service.start_stage {
            // SAFETY: the key was written by `register` before any thread of
            // ours began; 0 is allowed.
            unsafe { start((*self.0.as_ptr()).key, c"semisync".as_ptr(), 0) };
        }
    }
}

/// A kind of thread, as performance schema knows it.
pub struct ThreadKind {
    key: AtomicU32,
    name: &'static CStr,
    os_name: &'static CStr,
}

/// A running thread of ours. Joined by [`Thread::join`]; not detached otherwise.
pub struct Thread(libc::pthread_t);

impl ThreadKind {
    /// `os_name`: what `top -H` shows.
    pub const fn new(name: &'static CStr, os_name: &'static CStr) -> Self {
        Self {
            key: AtomicU32::new(0),
            name,
            os_name,
        }
    }

    pub fn register(&'static self, server: Server) {
        let mut info = sys::PSI_thread_info {
            key: self.key.as_ptr(),
            name: self.name.as_ptr(),
            os_name: self.os_name.as_ptr(),
            flags: sys::PSI_FLAG_SINGLETON | sys::PSI_FLAG_THREAD_SYSTEM,
            volatility: 0,
            documentation: c"".as_ptr(),
        };
        // SAFETY: as for stages.
        let service = unsafe { &**server.symbols().psi_thread_service };
        if let Some(register) = service.register_thread {
            // SAFETY: one description, of which the server copies what it keeps.
            unsafe { register(CATEGORY.as_ptr(), &mut info, 1) };
        }
    }

    /// Starts a thread that runs `body`. The error is an errno.
    pub fn spawn(
        &'static self,
        server: Server,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<Thread, c_int> {
        let start = Box::into_raw(Box::new(Start {
            server,
            body: Box::new(body),
        }));
        // SAFETY: as for stages.
        let service = unsafe { &**server.symbols().psi_thread_service };
        let Some(spawn) = service.spawn_thread else {
            // SAFETY: nobody else has the pointer.
            drop(unsafe { Box::from_raw(start) });
            return Err(libc::ENOSYS);
        };
        let mut thread = 0;
        let key = self.key.load(Ordering::Acquire);
        // SAFETY: default attributes (joinable); `run` takes the box over.
        let error = unsafe {
            spawn(
                key,
                0,
                &mut thread,
                std::ptr::null(),
                Some(run),
                start.cast(),
            )
        };
        if error != 0 {
            // SAFETY: no thread was made, so the box is still ours.
            drop(unsafe { Box::from_raw(start) });
            return Err(error);
        }
        Ok(Thread(thread))
    }
}

impl Thread {
    /// Waits for the end of the thread. The error is an errno.
    pub fn join(self) -> Result<(), c_int> {
        // SAFETY: joinable, and joined once because `self` is consumed.
        match unsafe { libc::pthread_join(self.0, std::ptr::null_mut()) } {
            0 => Ok(()),
            error => Err(error),
        }
    }
}

struct Start {
    server: Server,
    body: Box<dyn FnOnce() + Send>,
}

unsafe extern "C" fn run(argument: *mut c_void) -> *mut c_void {
    crate::guard::guard("ack_receiver", std::ptr::null_mut(), || {
        // SAFETY: the box that `spawn` made for this thread alone.
        let start = unsafe { Box::from_raw(argument.cast::<Start>()) };
        // SAFETY: first and last thing in a thread that calls server code.
        unsafe { (start.server.symbols().my_thread_init)() };
        (start.body)();
        // SAFETY: as above.
        unsafe { (start.server.symbols().my_thread_end)() };
        std::ptr::null_mut()
    })
}
