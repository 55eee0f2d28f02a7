//! Faults on purpose, in builds made for the tests only (`ci/build --failpoints`). The
//! server's environment says which: `SEMISYNC_FAILPOINT=<hook>` makes a hook panic at its
//! first call, `SEMISYNC_STALL=<hook>:<file>` makes it wait until the file is gone, and
//! `SEMISYNC_FAIL=<call>` makes a call of the system fail.

#[cfg(semisync_failpoints)]
mod told {
    use crate::callback::Callback;
    use std::{env::var, fs, path::Path, sync::Once, thread, time::Duration};

    /// Every hook comes by here.
    pub fn hit(callback: Callback) {
        let hook = callback.name();
        static FIRST: Once = Once::new();
        stall(hook);
        if var("SEMISYNC_FAILPOINT").as_deref() == Ok(hook) {
            let mut first = false;
            FIRST.call_once(|| first = true);
            assert!(!first, "semisync_failpoint {hook}");
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

#[cfg(not(semisync_failpoints))]
mod told {
    #[inline(always)]
    pub fn hit(_: crate::callback::Callback) {}

    #[inline(always)]
    pub fn fails(_call: &'static str) -> bool {
        false
    }
}

pub use told::{fails, hit};
