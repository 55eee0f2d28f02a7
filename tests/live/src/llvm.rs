//! The LLVM of the compiler: its tools must be of the same version.

use std::process::Command;

use crate::console::{Stop, text_of};

/// What installs them.
pub const REMEDY: &str = "as root: ci/setup --llvm";

/// "LLVM version: 22.1.2": 22.
pub fn version() -> Result<String, Stop> {
    let words = text_of(Command::new("rustc").arg("-vV"))?;
    let version = words
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "));
    let major = version.and_then(|version| version.split('.').next());
    major
        .map(str::to_owned)
        .ok_or_else(|| Stop::failed("rustc does not tell its LLVM's version"))
}
