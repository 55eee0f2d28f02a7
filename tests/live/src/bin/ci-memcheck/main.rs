//! The program behind `ci/memcheck`: a source and a replica under valgrind's memcheck, or with
//! ThreadSanitizer, from the installation of the libraries through faults to their uninstallation
//! and the server's end.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what is asked for, and whose a report of memcheck's is |
//! | `valgrind.rs` | how a server runs under valgrind |
//! | `reports.rs` | what valgrind wrote, read: which reports are ours |
//! | `races.rs` | whose a report of ThreadSanitizer's is |
//! | `sanitizer.rs` | libraries that it looks at, and how a server runs with it |
//! | `thread_reports.rs` | what ThreadSanitizer wrote, read |
//! | `story.rs` | what happens to the servers |
//! | `verdict.rs` | what is said of reports, and the verdict |
//!
//! A report is ours if any frame of it is in a library of ours: where the fault is, where the memory
//! was allocated, where it was freed. That is told by the file that the frame is in, so nothing has
//! to be suppressed of what the server does by itself. What is known and no fault stands in
//! `reports.rs` and `thread_reports.rs`, with the reason. Beside our libraries lies one with faults
//! on purpose (`tests/memcheck`). Where these are not reported, the check has failed.

mod races;
mod reports;
mod sanitizer;
mod story;
mod thread_reports;
mod valgrind;
mod verdict;

use std::process::ExitCode;

use semisync_live_tests::arguments::Arguments;
use semisync_live_tests::console::{Program, Stop, step};

use reports::Report;
use valgrind::Valgrind;
use verdict::{Verdict, Whose};

const USAGE: &str = "\
usage: ci/memcheck [--help] [--rounds N] [--races]

Runs a source and a replica of MySQL 9.7 under valgrind's memcheck: the libraries are installed,
replicate, meet faults (broken, lying and silent replicas, killed dumps, timeouts, refused
transactions), are disabled, enabled and uninstalled, and the servers end. Fails if valgrind reports
anything in whose stacks is a frame of our libraries, a leak at the server's end included; and also
if it does not report the faults of tests/memcheck/planted.c. The libraries are those in
$SEMISYNC_DIST (default dist/), which ci/build makes.
  --rounds N   how often all of that (default 1, as in ci/test)
  --races      instead of memcheck, looks for data races and for locks that are taken in two orders:
               builds the libraries with ThreadSanitizer, which sees what our code reads and writes,
               and the locks of all. The server itself is as it is. Fails if a race is reported in
               which our code reads or writes, or a lock of ours, or if a fault of
               tests/memcheck/planted.rs is not reported. ci/setup --llvm installs what it wants
What valgrind wrote is kept in target/memcheck/*.xml, what ThreadSanitizer wrote in target/races.";

fn main() -> ExitCode {
    let program = Program {
        name: "ci/memcheck",
        usage: USAGE.to_owned(),
    };
    program.run(|arguments| {
        let (mut rounds, mut races) = (1, false);
        let mut arguments = Arguments::new(arguments);
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--rounds" => rounds = arguments.number(&option, 1..=1000)?,
                "--races" => races = true,
                _ => return Err(Stop::misused(format!("unknown option '{option}'"))),
            }
        }
        if races {
            return races::check(rounds);
        }
        check(rounds)
    })
}

fn check(rounds: u32) -> Result<String, Stop> {
    let valgrind = Valgrind::prepare()?;
    story::tell(&valgrind, rounds)?;
    step("What valgrind has reported");
    let mut verdict = Verdict::of("valgrind", ["InvalidRead", "Leak_DefinitelyLost"]);
    for server in story::SERVERS {
        let reports = valgrind.reports(server)?;
        let each = reports.iter().map(|one| (one.kind.as_str(), whose(one)));
        verdict.add(server, &each.collect::<Vec<_>>())?;
    }
    verdict.end()
}

fn whose(report: &Report) -> Whose {
    if report.is_planted() {
        return Whose::Planted;
    }
    if !report.is_ours() {
        return Whose::Servers;
    }
    report
        .known()
        .map_or_else(|| Whose::Ours(report.lines()), Whose::Known)
}
