//! Choices at random, which a seed repeats: what a test does, not when it does it.
//!
//! A random test asks for a seed, prints it, and throws dice of it. `SEMISYNC_SEED` repeats a run.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// An index below `count`.
    pub fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }
}

/// The seed of this run: `SEMISYNC_SEED`, or a new one. It is printed.
pub fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let fresh = since.map_or(0, |since| u64::from(since.subsec_nanos()));
    let seed = number_from_env("SEMISYNC_SEED").unwrap_or(fresh);
    println!("SEMISYNC_SEED={seed}");
    seed
}

/// A number that a person sets in the environment; `None`: it is not set.
pub fn number_from_env(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is {text:?}, no number")))
}
