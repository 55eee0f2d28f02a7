//! What happens, for people, if they want to see it.

use crate::{clock, thread};
use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

static TRACES: AtomicBool = AtomicBool::new(false);

pub fn set_traces(traces: bool) {
    TRACES.store(traces, Ordering::Relaxed);
}

/// Shows what the current thread does.
pub fn trace(what: fmt::Arguments<'_>) {
    if TRACES.load(Ordering::Relaxed) {
        let micros = clock::elapsed().as_micros();
        eprintln!("{micros:>9} us  {:<20} {what}", thread::name());
    }
}
