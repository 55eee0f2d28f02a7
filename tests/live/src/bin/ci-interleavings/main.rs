//! The program behind `ci/interleavings`: the source side's own code in many orders of its threads,
//! and bugs on purpose that must be found.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what is asked for, and the verdict |
//! | `copy.rs` | a copy of the sources with all bugs on purpose |
//! | `build.rs` | the programs of tests/interleavings, built of the sources or of the copy |

mod build;
mod copy;

use std::process::ExitCode;

use semisync_live_tests::console::{Program, Stop, step};
use semisync_live_tests::repository;

/// Executions of each scenario.
const ITERATIONS: &str = "300";
/// In so many executions a bug on purpose must be found.
const AT_MOST: &str = "6000";

fn usage() -> String {
    format!(
        "\
usage: ci/interleavings [--help] [--bugs-only | --no-bugs] [OPTION]... [SCENARIO]...

Runs the source side's own code under a scheduler that decides at each step which thread goes on,
has loom try all orders of how sessions sleep and are woken (unless scenarios or a seed are named),
and then the same with bugs on purpose (tests/interleavings/planted), each of which must be found.
A scenario that fails prints its seed, and the command that shows the same once more.
  --list           the scenarios, their claims and their bugs
  --iterations N   executions of each scenario (default: {ITERATIONS})
  --minutes N      as many as are done in this time, all scenarios together
  --seed N         the first seed (default: 1); one execution, unless --iterations says more
  --jobs N         processes at a time (default: one for each core)
  --trace          one execution, and all that happens in it
  --json           the figures for programs, a line for each
  --bugs-only      the bugs alone, each in at most {AT_MOST} executions
  --no-bugs        without them; so it is with --seed, --trace and --list"
    )
}

fn main() -> ExitCode {
    let program = Program {
        name: "ci/interleavings",
        usage: usage(),
    };
    program.run(|arguments| {
        let is_ours = |one: &String| one == "--bugs-only" || one == "--no-bugs";
        let (ours, mut words): (Vec<_>, Vec<_>) = arguments.into_iter().partition(is_ours);
        let has = |words: &[String], wanted: &str| words.iter().any(|one| one == wanted);
        let (bugs_only, no_bugs) = (has(&ours, "--bugs-only"), has(&ours, "--no-bugs"));
        if bugs_only && no_bugs {
            return Err(Stop::misused(
                "--bugs-only and --no-bugs exclude each other",
            ));
        }
        let is_one = ["--seed", "--trace", "--list"]
            .iter()
            .any(|one| has(&words, one));
        let says_how_many = ["--iterations", "--minutes"]
            .iter()
            .any(|one| has(&words, one));
        if !says_how_many && !is_one {
            words.extend(["--iterations", ITERATIONS].map(str::to_owned));
        }
        if !bugs_only {
            holds(&words)?;
        }
        if !no_bugs && (bugs_only || !is_one) {
            finds(&words)?;
        }
        Ok("passed".to_owned())
    })
}

/// Every scenario's claim holds.
fn holds(words: &[String]) -> Result<(), Stop> {
    step("The source side in many orders of its threads");
    let programs = build::programs(&repository())?;
    programs.run(words, "a claim is broken, see above")?;
    if is_for_all(words) {
        step("How threads are woken, in all orders, by loom");
        programs.run_weak_memory(&[], "a claim is broken, see above")?;
    }
    Ok(())
}

/// No scenario is named, and no single execution is wanted.
fn is_for_all(words: &[String]) -> bool {
    let numbers = ["--iterations", "--minutes", "--jobs"];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => {}
            number if numbers.contains(&number) => drop(words.next()),
            _ => return false,
        }
    }
    true
}

/// Every bug on purpose is found.
fn finds(words: &[String]) -> Result<(), Stop> {
    step("The same with bugs on purpose");
    let (copy, bugs) = copy::with_bugs()?;
    let programs = build::programs(&copy)?;
    programs.knows(&bugs)?;
    let mut words = build::without_how_many(words);
    let is_for_all = is_for_all(&words);
    words.extend(["--planted", "--iterations", AT_MOST].map(str::to_owned));
    programs.run(&words, "a bug on purpose was not found, see above")?;
    if is_for_all {
        programs.run_weak_memory(&["--planted"], "a bug on purpose was not found, see above")?;
    }
    Ok(())
}
