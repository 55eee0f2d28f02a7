//! As much of the layer over the server as the product's files name, and as much of a server.

use crate::sync::c;
use loom::sync::Mutex;
use semisync_sys::{self as sys, compat::OldStage};
use std::{cell::RefCell, ffi::c_void, rc::Rc};

#[derive(Clone, Copy)]
pub struct Server;

pub struct Symbols {
    pub session: SessionSymbols,
}

pub struct SessionSymbols;

impl Server {
    pub fn symbols(self) -> Symbols {
        Symbols {
            session: SessionSymbols,
        }
    }
}

impl SessionSymbols {
    /// # Safety
    /// None: addresses are kept. So below.
    pub unsafe fn enter_cond(
        &self,
        cond: *mut sys::mysql_cond_t,
        mutex: *mut sys::mysql_mutex_t,
        _: *const c_void,
        _: &mut OldStage,
    ) {
        if let Some(waits_on) = waits_on() {
            *waits_on.lock().expect("nobody panics") = Some((mutex, cond));
        }
    }

    /// # Safety
    /// See above.
    pub unsafe fn exit_cond(&self, _: &OldStage) {
        if let Some(waits_on) = waits_on() {
            *waits_on.lock().expect("nobody panics") = None;
        }
    }
}

/// What the session waits on, under the server's `LOCK_current_cond`.
type WaitsOn = Mutex<Option<(*mut sys::mysql_mutex_t, *mut sys::mysql_cond_t)>>;

thread_local! {
    /// Of one execution. None: nobody kills.
    static WAITS_ON: RefCell<Option<Rc<WaitsOn>>> = const { RefCell::new(None) };
}

fn waits_on() -> Option<Rc<WaitsOn>> {
    WAITS_ON.with_borrow(Clone::clone)
}

/// An execution begins in which somebody is killed, or one in which nobody is.
pub fn watch(kills: bool) {
    WAITS_ON.set(kills.then(Rc::default));
}

/// As KILL after its flag (sql/sql_class.cc, `THD::awake`).
pub fn broadcast() {
    let Some(waits_on) = waits_on() else {
        return;
    };
    let locked = waits_on.lock().expect("nobody panics");
    if let Some((mutex, cond)) = *locked {
        // SAFETY: addresses, of which the memory is not touched.
        unsafe {
            let mutex = &raw mut (*mutex).mutex;
            c::pthread_mutex_lock(mutex);
            c::pthread_cond_signal(&raw mut (*cond).cond);
            c::pthread_mutex_unlock(mutex);
        }
    }
    drop(locked);
}

pub mod session {
    pub fn is_there(_: super::Server) -> bool {
        true
    }
}

pub mod psi {
    pub struct Stage;

    impl Stage {
        pub fn as_ptr(&self) -> *const std::ffi::c_void {
            std::ptr::null()
        }
    }
}

pub mod instruments {
    #[derive(Default)]
    pub struct Cond;

    impl Cond {
        pub fn wait<R>(&self, sleep: impl FnOnce() -> R) -> R {
            sleep()
        }
    }

    #[derive(Default)]
    pub struct Memory;

    pub struct Held;

    impl Memory {
        pub fn hold(&self, _: usize) -> Held {
            Held
        }
    }
}

pub mod failpoint {
    pub fn fails(_: &str) -> bool {
        false
    }
}
