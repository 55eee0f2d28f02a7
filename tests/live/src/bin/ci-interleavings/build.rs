//! The programs of tests/interleavings, built of a tree of sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use semisync_live_tests::console::{OrStop, Output, Stop, run, text_of};
use semisync_live_tests::target_dir;

/// What is built and run there is a library for this series.
const SERIES: &str = "9.7";
/// So that flags are for the program alone, and what builds it is what other builds have, too.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const CFG: &str = "--cfg semisync_interleaved";
/// It takes minutes where nothing is built yet.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Whoever asks for more than a day interrupts it.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

pub struct Interleavings {
    /// The scenarios.
    file: PathBuf,
    /// What loom looks through.
    weak_memory: PathBuf,
    jobs: String,
}

/// Builds them of the sources in `tree`.
pub fn programs(tree: &Path) -> Result<Interleavings, Stop> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--package", "semisync-interleavings"]);
    cargo.args(["--package", "semisync-weak-memory"]);
    cargo.args(["--target", TARGET, "--manifest-path"]);
    cargo.arg(tree.join("Cargo.toml"));
    cargo.env("CARGO_TARGET_DIR", target_dir());
    cargo.env("MYSQL_SERIES", SERIES).env("RUSTFLAGS", CFG);
    // It runs for longer than it builds, and needs no more than the lines of a panic.
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    let ended = run(&mut cargo, PATIENCE, Output::Shown)?;
    ended.or_failed("the program of tests/interleavings does not build")?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Interleavings {
        file: kept(tree, "interleavings")?,
        weak_memory: kept(tree, "weak-memory")?,
        jobs: cores.to_string(),
    })
}

/// A copy of a program: another tree's has the same place.
fn kept(tree: &Path, program: &str) -> Result<PathBuf, Stop> {
    let dir = target_dir().join(TARGET);
    let built = dir.join("debug").join(program);
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    let file = dir.join(format!("{program}-{name}"));
    std::fs::copy(&built, &file).or_stop(built.display())?;
    Ok(file)
}

impl Interleavings {
    /// Has loom look through all orders. `words`: `--planted`, or nothing.
    pub fn run_weak_memory(&self, words: &[&str], failure: &str) -> Result<(), Stop> {
        let ended = run(
            Command::new(&self.weak_memory).args(words),
            LONGEST,
            Output::Shown,
        )?;
        ended.or_failed(failure)
    }

    /// Runs the scenarios with these arguments. `failure`: what a failure means.
    pub fn run(&self, words: &[String], failure: &str) -> Result<(), Stop> {
        let mut program = Command::new(&self.file);
        if !words.iter().any(|one| one == "--jobs") {
            program.args(["--jobs", &self.jobs]);
        }
        let ended = run(program.args(words), LONGEST, Output::Shown)?;
        ended.or_failed(failure)
    }

    /// Each bug is looked for, by a scenario or by loom, and each that is looked for is there.
    pub fn knows(&self, bugs: &[String]) -> Result<(), Stop> {
        let list_of = |file: &PathBuf| text_of(Command::new(file).arg("--list"));
        let list = [list_of(&self.file)?, list_of(&self.weak_memory)?].join("\n");
        let named = list
            .lines()
            .filter_map(|line| line.trim().strip_prefix("planted: "));
        let named: Vec<&str> = named.collect();
        if let Some(unknown) = bugs.iter().find(|bug| !named.contains(&bug.as_str())) {
            return Err(Stop::failed(format!("nobody looks for the bug {unknown}")));
        }
        if let Some(missing) = named
            .iter()
            .find(|name| !bugs.iter().any(|bug| bug == **name))
        {
            return Err(Stop::failed(format!("there is no planted/{missing}.patch")));
        }
        Ok(())
    }
}

/// The words without those that say how many executions there are to be.
pub fn without_how_many(words: &[String]) -> Vec<String> {
    let mut left = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--iterations" | "--minutes" => drop(words.next()),
            _ => left.push(word.clone()),
        }
    }
    left
}
