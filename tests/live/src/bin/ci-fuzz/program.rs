//! The programs of `fuzz/`: how they are built and started.
//!
//! The compiler marks the edges between pieces of code for libFuzzer (`sancov-module`), as
//! cargo-fuzz would ask it to; nothing of that needs a nightly compiler. AddressSanitizer does:
//! RUSTC_BOOTSTRAP=1 makes the stable compiler accept its option.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use semisync_live_tests::console::{Ended, OrStop, Output, Stop, run, step};
use semisync_live_tests::{repository, target_dir};

use crate::figures::Figures;
use crate::found::Fault;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Zsanitizer=address",
    // Addresses in a report have lines.
    "-Cforce-frame-pointers=yes",
];
/// Two minutes on two busy cores.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
/// No input takes a second: this one hangs.
const HANGS: &str = "-timeout=60";
/// zstd may ask for a window of 8 MiB; nothing else of ours is large.
const LARGEST: &str = "-malloc_limit_mb=16";
const LONGEST: &str = "-max_len=4096";

pub struct Programs {
    bin: PathBuf,
    /// Logs, found inputs.
    dir: PathBuf,
}

/// What came of a run.
pub struct Run {
    pub figures: Figures,
    pub fault: Option<Fault>,
}

/// The programs of this source tree.
pub fn build_ours() -> Result<Programs, Stop> {
    step("Building the fuzz targets");
    build(&repository(), &target_dir().join("fuzz"))
}

/// The programs of a source tree, built into a directory.
pub fn build(tree: &Path, dir: &Path) -> Result<Programs, Stop> {
    fs::create_dir_all(dir).or_stop(dir.display())?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "-p", "semisync-fuzz", "--features", "libfuzzer"]);
    cargo.args(["--bins", "--profile", "fuzz", "--target", TRIPLE]);
    cargo.arg("--manifest-path").arg(tree.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(dir);
    cargo.env("RUSTFLAGS", FLAGS.join(" "));
    cargo.env("RUSTC_BOOTSTRAP", "1");
    if std::env::var_os("CXX").is_none() {
        cargo.env("CXX", "clang++"); // ci/setup --host installs clang
    }
    let log = dir.join("build.log");
    let ended = run(&mut cargo, BUILD_LIMIT, Output::Logged(&log))?;
    let failed = ended.or_failed(format!("the fuzz targets do not build ({})", log.display()));
    failed.map_err(|stop| stop.remedy("a C++ compiler is wanted: ci/setup --host"))?;
    Ok(Programs {
        bin: dir.join(TRIPLE).join("fuzz"),
        dir: dir.to_owned(),
    })
}

impl Programs {
    /// Where a search keeps its new inputs.
    pub fn found_corpus(&self, target: &str) -> PathBuf {
        self.dir.join("corpus").join(target)
    }

    fn found_faults(&self, target: &str) -> PathBuf {
        self.dir.join("found").join(target)
    }

    pub fn log(&self, target: &str) -> PathBuf {
        self.dir.join(format!("{target}.log"))
    }

    /// Each input of a directory, once.
    pub fn replay(&self, target: &str, corpus: &Path) -> Result<Run, Stop> {
        let arguments = ["-runs=0".to_owned(), corpus.display().to_string()];
        self.run(target, &arguments, 0, false)
    }

    /// One input. The log says what the input means, where its bytes do not.
    pub fn one(&self, target: &str, input: &Path) -> Result<Run, Stop> {
        self.run(target, &[input.display().to_string()], 0, true)
    }

    pub fn search(
        &self,
        target: &str,
        corpora: &[PathBuf],
        seconds: u64,
        seed: u32,
    ) -> Result<Run, Stop> {
        let mut arguments = vec![
            format!("-max_total_time={seconds}"),
            format!("-seed={seed}"),
        ];
        for corpus in corpora {
            fs::create_dir_all(corpus).or_stop(corpus.display())?;
            arguments.push(corpus.display().to_string());
        }
        self.run(target, &arguments, seconds, false)
    }

    fn run(
        &self,
        target: &str,
        arguments: &[String],
        seconds: u64,
        tells: bool,
    ) -> Result<Run, Stop> {
        let faults = self.found_faults(target);
        fs::create_dir_all(&faults).or_stop(faults.display())?;
        let log = self.log(target);
        fs::write(&log, "").or_stop(log.display())?; // of this run alone
        let begun = Instant::now();
        let mut command = self.command(target);
        command.arg(format!("-artifact_prefix={}/", faults.display()));
        command.args(arguments);
        if tells {
            command.env("SEMISYNC_FUZZ_TELL", "1");
        }
        let ended = run(&mut command, patience(seconds), Output::Kept(&log))?;
        let text = fs::read(&log).or_stop(log.display())?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let figures = Figures::of(target, &text, begun.elapsed());
        let fault = match &ended {
            Ended::By(status) if status.success() => None,
            _ => Some(Fault::of(target, &text, &ended, &log)),
        };
        Ok(Run { figures, fault })
    }

    fn command(&self, target: &str) -> Command {
        let mut command = Command::new(self.bin.join(format!("fuzz-{target}")));
        command.args([HANGS, LARGEST, LONGEST, "-print_final_stats=1"]);
        // A panic tells its place, and ASan tells the frames of what it finds.
        command.env("RUST_BACKTRACE", "0");
        command
    }

    /// Replaces `kept` by the fewest inputs that reach the edges that these and those found reach.
    pub fn merge(&self, target: &str, kept: &Path) -> Result<(), Stop> {
        let fewest = self.dir.join("fewest").join(target);
        if fewest.exists() {
            fs::remove_dir_all(&fewest).or_stop(fewest.display())?;
        }
        let found = self.found_corpus(target);
        for dir in [&fewest, &found] {
            fs::create_dir_all(dir).or_stop(dir.display())?;
        }
        let mut command = self.command(target);
        // Edges alone: how often they are taken would keep five times as many.
        command.args(["-merge=1", "-use_counters=0"]);
        command.args([&fewest, kept, &found]);
        let log = self.log(target);
        let ended = run(&mut command, patience(300), Output::Kept(&log))?;
        ended.or_failed(format!(
            "{target}: libFuzzer did not merge ({})",
            log.display()
        ))?;
        for old in files(kept)? {
            if !has_name_of_a_person(&old) {
                fs::remove_file(&old).or_stop(old.display())?;
            }
        }
        for new in files(&fewest)? {
            let name = new.file_name().unwrap_or_default();
            fs::copy(&new, kept.join(name)).or_stop(new.display())?;
        }
        Ok(())
    }
}

/// libFuzzer calls an input by its hash. What people have named tells of a fault that once was.
fn has_name_of_a_person(input: &Path) -> bool {
    let name = input.file_name().unwrap_or_default().to_string_lossy();
    name.len() != 40 || !name.chars().all(|c| c.is_ascii_hexdigit())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, Stop> {
    let entries = fs::read_dir(dir).or_stop(dir.display())?;
    let path = |entry: std::io::Result<fs::DirEntry>| entry.map(|entry| entry.path());
    entries
        .map(path)
        .collect::<Result<_, _>>()
        .or_stop(dir.display())
}

/// Longer than the search itself, for the replay before it and on a busy machine.
fn patience(seconds: u64) -> Duration {
    Duration::from_secs(seconds * 2 + 300)
}
