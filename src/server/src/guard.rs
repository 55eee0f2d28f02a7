//! The one way from the server into Rust: no panic passes it.
//!
//! Every `extern "C"` function is `guard(callback, answer_after_a_panic, || body)`.
//! What happens after a panic is up to the side (`on_panic`): it switches
//! semi-sync off and says so in the error log. Only the first panic since
//! `arm` is reported, so that a hook that runs for every event cannot fill the
//! log.

use crate::{callback::Callback, failpoint};
use std::{
    ffi::c_int,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

static REPORTED: AtomicBool = AtomicBool::new(false);
static ON_PANIC: Mutex<Option<fn(Callback)>> = Mutex::new(None);

/// Sets what a panic leads to, and makes the next one be reported.
pub fn arm(on_panic: fn(Callback)) {
    *ON_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(on_panic);
    REPORTED.store(false, Ordering::Release);
}

/// Runs `body`; after a panic the side is told and `after_panic` is the answer.
pub(crate) fn guard<T>(callback: Callback, after_panic: T, body: impl FnOnce() -> T) -> T {
    let run = || {
        failpoint::hit(callback);
        body()
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => value,
        Err(payload) => {
            // Dropping an arbitrary payload could panic again.
            std::mem::forget(payload);
            report(callback);
            after_panic
        }
    }
}

/// A hook that answers the server with success, whatever happens in it.
pub(crate) fn hook(callback: Callback, body: impl FnOnce()) -> c_int {
    guard(callback, (), body);
    0
}

#[cold]
fn report(callback: Callback) {
    if REPORTED.swap(true, Ordering::AcqRel) {
        return;
    }
    let on_panic = *ON_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(on_panic) = on_panic {
        // A panic in here leaves nothing more to say.
        let _ = catch_unwind(|| on_panic(callback)).map_err(std::mem::forget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn a_panic_is_answered_and_reported_once() {
        static REPORTS: AtomicU32 = AtomicU32::new(0);
        arm(|callback| {
            assert_eq!(callback, Callback::AfterSync);
            REPORTS.fetch_add(1, Ordering::Relaxed);
        });
        for _ in 0..3 {
            assert_eq!(guard(Callback::AfterSync, 7, || panic!("on purpose")), 7);
        }
        assert_eq!(guard(Callback::AfterSync, 7, || 1), 1);
        assert_eq!(REPORTS.load(Ordering::Relaxed), 1);
    }
}
