//! Faults on purpose, in builds made for the tests only (`ci/build --failpoints`). The
//! server's environment says which: `SEMISYNC_FAILPOINT=<hook>` makes a hook panic at its
//! first call, `SEMISYNC_FAILPOINT=@<file>` whenever the file names it (there `state` means a
//! change under the lock of the source's state),
//! `SEMISYNC_STALL=<hook>:<file>` makes it wait until the file is gone, and
//! `SEMISYNC_FAIL=<call>` makes a call of the system fail.

#[cfg(all(semisync_failpoints, not(semisync_interleaved)))]
mod told {
    use crate::callback::Callback;
    use std::{
        env::var,
        fs,
        path::Path,
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::Duration,
    };

    /// Every hook comes by here.
    pub fn hit(callback: Callback) {
        let hook = callback.name();
        stall(hook);
        assert!(!is_to_panic(hook), "semisync_failpoint {hook}");
    }

    /// As `hit`, for a place that is not a callback.
    pub fn hit_inside(place: &str) {
        assert!(!is_to_panic(place), "semisync_failpoint {place}");
    }

    /// The hook takes away the file that names it, so that it panics once.
    fn is_to_panic(hook: &str) -> bool {
        static FIRST: AtomicBool = AtomicBool::new(true);
        let told = var("SEMISYNC_FAILPOINT").unwrap_or_default();
        match told.strip_prefix('@') {
            Some(file) => {
                fs::read_to_string(file).is_ok_and(|named| named == hook)
                    && fs::remove_file(file).is_ok()
            }
            None => told == hook && FIRST.swap(false, Ordering::Relaxed),
        }
    }

    /// That a thread has come is shown by a second file, with `.reached` behind its name.
    fn stall(hook: &'static str) {
        let Ok(told) = var("SEMISYNC_STALL") else {
            return;
        };
        let file = told.strip_prefix(hook);
        let Some(file) = file.and_then(|rest| rest.strip_prefix(':')) else {
            return;
        };
        while Path::new(file).exists() {
            let _ = fs::write(format!("{file}.reached"), "");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether a call is to fail: `duplicate` (a descriptor), `watch` (by epoll).
    pub fn fails(call: &'static str) -> bool {
        var("SEMISYNC_FAIL").as_deref() == Ok(call)
    }
}

/// The scenarios of tests/interleavings say which hook is to panic.
#[cfg(semisync_interleaved)]
mod told {
    use crate::{callback::Callback, sync::come_by};

    pub fn hit(callback: Callback) {
        come_by(callback.name());
    }

    pub fn hit_inside(place: &str) {
        come_by(place);
    }

    pub fn fails(_call: &'static str) -> bool {
        false
    }
}

#[cfg(not(any(semisync_failpoints, semisync_interleaved)))]
mod told {
    #[inline(always)]
    pub fn hit(_: crate::callback::Callback) {}

    #[inline(always)]
    pub fn hit_inside(_place: &str) {}

    #[inline(always)]
    pub fn fails(_call: &'static str) -> bool {
        false
    }
}

pub use told::hit_inside;
pub(crate) use told::{fails, hit};
