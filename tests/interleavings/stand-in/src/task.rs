//! The current task: its number, and where it lets others go on.

use shuttle::{
    current,
    sync::atomic::{AtomicBool, Ordering},
};

/// Another task may go on here. Outside of an execution nothing happens.
pub fn step() {
    if try_me().is_some() {
        // Shuttle's atomics ask its scheduler before they do anything.
        AtomicBool::new(false).load(Ordering::SeqCst);
    }
}

/// The number of the current task, if there is one.
pub(crate) fn try_me() -> Option<usize> {
    current::try_get_current_task().map(usize::from)
}

/// The number of the current task.
pub(crate) fn me() -> usize {
    current::me().into()
}
