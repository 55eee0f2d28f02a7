//! Chance: all of it comes from the execution's seed.

use std::cell::Cell;

thread_local! {
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// An execution begins.
pub(crate) fn seed(seed: u64) {
    RANDOM.set(seed);
}

/// One of `choices`, by the execution's seed.
pub fn pick(choices: usize) -> usize {
    let choices = u64::try_from(choices).unwrap_or(u64::MAX).max(1);
    usize::try_from(random() % choices).unwrap_or_default()
}

/// SplitMix64.
pub(crate) fn random() -> u64 {
    let state = RANDOM.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    RANDOM.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
