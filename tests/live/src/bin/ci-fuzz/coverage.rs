//! Which lines of the pure logic the inputs that are kept reach. The compiler counts them, and the
//! tools of the compiler's own LLVM read the counts.

use std::process::Command;
use std::time::Duration;
use std::{fs, path::PathBuf};

use semisync_live_tests::console::{OrStop, Output, Stop, run, step, text_of};
use semisync_live_tests::{llvm, repository, target_dir};

const LIMIT: Duration = Duration::from_secs(1800);

pub fn measure(targets: &[String]) -> Result<String, Stop> {
    let version = llvm::version()?;
    let tool = |name: &str| format!("{name}-{version}");
    let there_is = text_of(Command::new(tool("llvm-cov")).arg("--version"));
    there_is.map_err(|stop| stop.remedy(llvm::REMEDY))?;

    step("Replaying the inputs that are kept, with counters");
    let dir = target_dir().join("fuzz-coverage");
    let counts = dir.join("counts");
    if counts.exists() {
        fs::remove_dir_all(&counts).or_stop(counts.display())?;
    }
    let test = build(&dir)?;
    for target in targets {
        let mut replay = Command::new(&test);
        replay.args(["--exact", target]);
        replay.env(
            "LLVM_PROFILE_FILE",
            counts.join(format!("{target}.profraw")),
        );
        run(&mut replay, LIMIT, Output::Shown)?.or_failed(format!("the replay of {target}"))?;
    }
    let all = counts.join("all.profdata");
    let mut merge = Command::new(tool("llvm-profdata"));
    merge.args(["merge", "--sparse", "-o"]).arg(&all);
    for target in targets {
        merge.arg(counts.join(format!("{target}.profraw")));
    }
    text_of(&mut merge)?;
    let mut report = Command::new(tool("llvm-cov"));
    report
        .arg("report")
        .arg(&test)
        .arg(format!("--instr-profile={}", all.display()));
    report.args(["--show-branch-summary=false", "--sources"]);
    report.arg(repository().join("src/core/src"));
    print!("{}", text_of(&mut report)?);
    Ok("the lines of src/core that the inputs of fuzz/corpus reach".to_owned())
}

/// The test that replays the corpora.
fn build(dir: &std::path::Path) -> Result<PathBuf, Stop> {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "test",
        "-p",
        "semisync-fuzz",
        "--test",
        "corpus",
        "--no-run",
    ]);
    cargo
        .args(["--message-format", "json", "--target-dir"])
        .arg(dir);
    cargo
        .arg("--manifest-path")
        .arg(repository().join("Cargo.toml"));
    cargo.env("RUSTFLAGS", "-Cinstrument-coverage");
    // What is built to build runs too, and leaves counts of its own.
    cargo.env("LLVM_PROFILE_FILE", "/dev/null");
    let messages = text_of(&mut cargo)?;
    let program = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_test = message["target"]["name"] == "corpus";
        is_test.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    program.ok_or_else(|| Stop::failed("cargo does not tell where the test is"))
}
