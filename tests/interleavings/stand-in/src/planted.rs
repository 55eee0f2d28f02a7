//! Faults on purpose: bugs, which `planted/*.patch` puts into a copy of the code, each behind its
//! name, and panics at the places that the library has for them (`server/failpoint`).

use std::{cell::Cell, panic::resume_unwind, sync::OnceLock};

static PLANTED: OnceLock<String> = OnceLock::new();

/// Has this process run with the bug `name`. Once, before anything runs.
pub fn plant(name: &str) {
    let _ = PLANTED.set(name.to_owned());
}

/// Whether the bug `name` is to be there.
pub fn planted(name: &str) -> bool {
    PLANTED.get().is_some_and(|planted| planted == name)
}

thread_local! {
    static PANICS_AT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// The next thread that comes by this place panics.
pub fn panic_at(place: &'static str) {
    PANICS_AT.set(Some(place));
}

/// Whether nobody has come by yet.
pub fn is_to_panic() -> bool {
    PANICS_AT.get().is_some()
}

/// A thread comes by this place. Its panic is none that the hook for panics sees: that one takes
/// all others for failures.
pub fn come_by(place: &str) {
    if PANICS_AT.get() == Some(place) {
        PANICS_AT.set(None);
        crate::trace(format_args!("panics on purpose at {place}"));
        resume_unwind(Box::new("on purpose"));
    }
}
