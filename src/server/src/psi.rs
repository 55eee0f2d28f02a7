//! Performance schema: stages (what a thread is doing, as the process list
//! shows it) and threads (rows of `performance_schema.threads`).

use crate::{callback::Callback, guard::guard, server::Server, sync::c};
use semisync_sys::Shared;
use semisync_sys::compat::{self, StageInfo};
use std::{
    ffi::{CStr, c_int, c_void},
    sync::atomic::{AtomicU32, Ordering},
};

pub(crate) const CATEGORY: &CStr = c"semisync";

/// A stage, in static memory because the server keeps its address.
pub struct Stage(Shared<StageInfo>);

impl Stage {
    pub const fn new(name: &'static CStr) -> Self {
        Self(Shared::new(compat::stage(name)))
    }

    pub(crate) fn as_ptr(&'static self) -> *const StageInfo {
        self.0.as_ptr()
    }

    /// Registers the stage; the server writes its key. Registering the same
    /// name again answers with the same key.
    pub fn register(&'static self, server: Server) {
        // SAFETY: static.
        unsafe {
            server
                .symbols()
                .psi
                .register_stage(CATEGORY, self.0.as_ptr())
        };
    }

    /// Shows the stage as what the current thread is doing.
    pub fn enter(&'static self, server: Server) {
        // SAFETY: the key was written by `register` before any thread of ours
        // began; 0 is allowed.
        unsafe { server.symbols().psi.start_stage(self.0.as_ptr(), CATEGORY) };
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
        let key = self.key.as_ptr();
        let psi = &server.symbols().psi;
        // SAFETY: the key is static.
        unsafe { psi.register_thread(CATEGORY, key, self.name, self.os_name) };
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
        let mut thread = 0;
        let key = self.key.load(Ordering::Acquire);
        // SAFETY: `run` takes the box over.
        let error = unsafe {
            let psi = &server.symbols().psi;
            psi.spawn(key, &mut thread, run, start.cast())
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
        match unsafe { c::pthread_join(self.0, std::ptr::null_mut()) } {
            0 => Ok(()),
            error => Err(error),
        }
    }
}

struct Start {
    server: Server,
    body: Box<dyn FnOnce() + Send>,
}

extern "C" fn run(argument: *mut c_void) -> *mut c_void {
    guard(Callback::AckReceiver, std::ptr::null_mut(), || {
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
