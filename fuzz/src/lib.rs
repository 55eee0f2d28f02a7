//! What may be fed with any bytes: each target is a function that panics where the answer is wrong,
//! and not only where the code under test panics. It compares the answer with that of a second,
//! plain way to get it.
//!
//! | target | input | compared with |
//! |---|---|---|
//! | `acknowledgements` | what a replica writes to its connection, in every framing | a reader that has all bytes at once |
//! | `events` | a packet to a replica, the event in it, a statement | the format's tables, by offsets |
//! | `settings` | texts of the quorum and of the members, and who is connected | a second reading of the grammar |
//! | `files` | what happens to the binary log, and to one connection that is sent it | lists of all flushes and all files |
//! | `coordinator` | what happens to a source, step by step | the naive model of `src/core/tests/model` |
//!
//! `corpus/TARGET/` has inputs that reach all code that was ever reached. `tests/corpus.rs` replays
//! them, without a fuzzer. `fuzz_targets/` has the programs for libFuzzer.

#![forbid(unsafe_code)]

mod acknowledgements;
mod bytes;
mod coordinator;
mod events;
mod files;
mod model;
mod settings;

pub use acknowledgements::acknowledgements;
pub use coordinator::coordinator;
pub use events::events;
pub use files::files;
pub use settings::settings;

/// A name, and what takes any bytes.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: [Target; 5] = [
    ("acknowledgements", acknowledgements),
    ("events", events),
    ("settings", settings),
    ("files", files),
    ("coordinator", coordinator),
];
