//! The suite `lint`: what tools can say of the source without running it. Every check is a kept
//! tool's, but for the one for circles between modules (`tests/circles`, which says why).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::console::{OrStop, Stop};

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
    record.run(cargo(&clippy, series))?;
    let mut doc = cargo(&["doc", "--workspace", "--no-deps"], series);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    record.run(doc)?;
    // The advisories come from GitHub: the public workflow checks them.
    record.run(cargo(
        &["deny", "check", "licenses", "bans", "sources"],
        series,
    ))?;
    record.run(cargo(&["shear"], series))?;
    record.run(cargo(&["run", "-q", "-p", "semisync-circles"], series))?;
    let mut shellcheck = Command::new("shellcheck");
    shellcheck.args(scripts()?);
    record.run(shellcheck)
}

/// Every shell script of ours.
fn scripts() -> Result<Vec<PathBuf>, Stop> {
    let mut found = Vec::new();
    for dir in [".ci", "ci", "docker", "packaging"] {
        collect_scripts(Path::new(dir), &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect_scripts(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Stop> {
    for entry in fs::read_dir(dir).or_stop(dir.display())? {
        let path = entry.or_stop(dir.display())?.path();
        if path.is_dir() {
            collect_scripts(&path, found)?;
            continue;
        }
        let text = fs::read(&path).or_stop(path.display())?;
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let first = String::from_utf8_lossy(first);
        let is_script = first.starts_with("#!") && first.ends_with("sh");
        if is_script || first.starts_with("# shellcheck shell=") {
            found.push(path);
        }
    }
    Ok(())
}
