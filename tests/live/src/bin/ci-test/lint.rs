//! The suite `lint`: what tools can say of the source without running it.

use semisync_live_tests::console::Stop;

use crate::record::{Record, cargo};

pub fn run(record: &mut Record, series: &str) -> Result<(), Stop> {
    record.run(cargo(&["fmt", "--all", "--check"], series))?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    record.run(cargo(&clippy, series))
}
