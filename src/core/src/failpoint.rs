//! A place at which a test lets the coordinator panic. The unit tests of
//! `coordinator/panics` plant one panic after the other in all of these places; in a
//! library there is nothing here.

#[cfg(not(test))]
#[inline(always)]
pub fn hit() {}

#[cfg(test)]
pub use planted::{Planted, arm, disarm, hit};

#[cfg(test)]
mod planted {
    use std::cell::Cell;

    /// What a planted panic carries.
    pub struct Planted;

    thread_local! {
        /// How many hits pass before all others panic.
        static PASS: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    /// The first `pass` hits pass. Every later one panics, not only the next: what runs
    /// after a panic must not come by here.
    pub fn arm(pass: usize) {
        PASS.set(pass);
    }

    /// Nothing panics any more. How many hits would have passed yet.
    pub fn disarm() -> usize {
        PASS.replace(usize::MAX)
    }

    pub fn hit() {
        match PASS.get().checked_sub(1) {
            // Without the panic hook, which would print each of thousands.
            None => std::panic::resume_unwind(Box::new(Planted)),
            Some(_) if PASS.get() == usize::MAX => {}
            Some(left) => PASS.set(left),
        }
    }
}
