//! The program behind `ci/test`: all that the project claims, tested.
//!
//! `suites.rs` says which suites there are and `needs.rs` makes what they need. `plan.rs` and
//! `lint.rs` say of which commands a suite is made, `record.rs` runs them, and `report.rs` tells
//! the outcome. The output of each command passes through and is kept in a file.

mod junit;
mod lint;
mod needs;
mod plan;
mod record;
mod report;
mod run;
mod suites;

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use semisync_live_tests::console::{OrStop, Program, Stop};
use semisync_live_tests::{repository, target_dir};

use run::Run;
use suites::{ALSO, Catalogue};

/// What a suite may take before it is ended, in seconds.
const LIMIT: u64 = 1500;

fn usage() -> String {
    let also = ALSO.join(" ");
    let report = "target/test-report.json";
    format!(
        "\
usage: ci/test [--help] [--list] [SUITE...]

Runs the suites named, or all of them. Makes first what they need: tools, servers, libraries.
  --list   names the suites; live and {first}:live stand for all that need servers of a series
The live suites run in MySQL 9.7, and under names such as {first}:commit in the other servers that
can be had everywhere ({also}). MYSQL_SERIES=SERIES runs them in that series instead, whose server
directory you have put into $SEMISYNC_SERVERS, and leaves out what is not about that series.
cargo nextest runs the tests. .config/nextest.toml says how many run at once, and after which time
a test that hangs is ended. The live suites of one series run in one go, so the times of their
rows add up to more than the run takes. Beside them run demo, docker and package, and fuzz beside
the suites before. Any other command that runs longer than $SEMISYNC_SUITE_LIMIT seconds (default
{LIMIT}, for each suite in it) is ended and has failed.
For programs: {report} has the verdict, and for each suite its counts, the names
of the tests that failed, its log, and its JUnit files (target/test-logs/*.xml) with all tests.
Exit status: 0 all passed, 1 some did not, 2 wrong usage.",
        first = ALSO[0],
    )
}

fn main() -> ExitCode {
    let program = Program {
        name: "ci/test",
        usage: usage(),
    };
    if std::env::args().nth(1).as_deref() == Some("--list") {
        return program.tell(|| Catalogue::from_environment().list());
    }
    program.run(test)
}

fn test(arguments: Vec<String>) -> Result<String, Stop> {
    let begun = Instant::now();
    let catalogue = Catalogue::from_environment();
    let suites = catalogue.choose(&arguments)?;
    let logs = target_dir().join("test-logs");
    fs::create_dir_all(&logs).or_stop(logs.display())?;
    let run = Run {
        catalogue,
        limit: limit()?,
        logs,
    };
    std::env::set_current_dir(repository()).or_stop("the source tree")?;
    needs::of(&suites, &run.catalogue).make(&run.catalogue)?;
    report::forget_not_applicable()?;
    let results = plan::run(&suites, &run)?;
    report::tell(&results, &run, begun)
}

fn limit() -> Result<Duration, Stop> {
    let Some(text) = std::env::var_os("SEMISYNC_SUITE_LIMIT") else {
        return Ok(Duration::from_secs(LIMIT));
    };
    let text = text.to_string_lossy();
    match text.parse::<u64>() {
        Ok(seconds @ 1..) => Ok(Duration::from_secs(seconds)),
        _ => Err(Stop::misused(format!(
            "SEMISYNC_SUITE_LIMIT wants seconds, not '{text}'"
        ))),
    }
}
