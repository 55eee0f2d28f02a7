//! Which commands a suite is made of, and what runs at the same time.
//!
//! The live suites of one series are one command. [`Place`] says what runs beside what. What a
//! suite beside others says goes to its log alone.

use std::process::Command;
use std::thread;
use std::time::Instant;

use semisync_live_tests::console::{Stop, say, seconds, step};
use semisync_live_tests::{known_series, product};

use crate::junit::{Programs, Tests};
use crate::lint;
use crate::record::{Outcome, Record, Words, cargo, failed_tests};
use crate::run::Run;
use crate::suites::{ALSO, Kind, Place, Suite};

/// The libraries' packages and what is below them: what differs between series.
const OF_A_SERIES: [&str; 8] = [
    "semisync-sys",
    "semisync-server",
    "semisync-source-side",
    "semisync-replica-side",
    "semisync_master",
    "semisync_slave",
    "semisync_source",
    "semisync_replica",
];

pub fn run(suites: &[Suite], run: &Run) -> Result<Vec<Outcome>, Stop> {
    let at = |place: Place| -> Vec<&Suite> {
        let here = suites.iter().filter(|suite| suite.place() == place);
        here.collect()
    };
    let (second, live) = (at(Place::Second), at(Place::Live));
    let beside_second = at(Place::BesideSecond);
    let rows = [at(Place::BesideLive(0)), at(Place::BesideLive(1))];
    let mut first = at(Place::First);
    // What would run beside nothing is shown.
    if live.is_empty() {
        first.extend(rows.iter().flatten());
        if second.is_empty() {
            first.extend(&beside_second);
        }
    }
    let is_shown = |suites: &[&Suite]| suites.iter().all(|suite| first.contains(suite));
    let mut outcomes = one_by_one(&first, run)?;
    thread::scope(|scope| {
        let mut beside = Vec::new();
        let mut begin = |row| {
            if !is_shown(row) {
                beside.push(scope.spawn(move || all_beside(row, run)));
            }
        };
        begin(&beside_second);
        outcomes.extend(one_by_one(&second, run)?);
        rows.iter().for_each(|row| begin(row));
        outcomes.extend(all_live(&live, run)?);
        for row in beside {
            outcomes.extend(row.join().expect("no panic beside other suites")?);
        }
        Ok::<_, Stop>(())
    })?;
    outcomes.sort_by_key(|outcome| suites.iter().position(|suite| *suite == outcome.suite));
    Ok(outcomes)
}

fn one_by_one(suites: &[&Suite], run: &Run) -> Result<Vec<Outcome>, Stop> {
    let mut outcomes = Vec::new();
    for suite in suites {
        step(format!("Suite {}: {}", suite.name, suite.about()));
        outcomes.push(one_suite(suite, run, Words::Shown)?);
    }
    Ok(outcomes)
}

/// The live suites, one series after the other.
fn all_live(suites: &[&Suite], run: &Run) -> Result<Vec<Outcome>, Stop> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for suite in suites {
        if outcomes.iter().any(|outcome| outcome.suite == **suite) {
            continue; // It was in one command with an earlier suite.
        }
        let Some(series) = suite.series() else {
            continue;
        };
        let together = suites.iter().filter(|one| one.series() == Some(series));
        let together: Vec<&Suite> = together.copied().collect();
        outcomes.extend(live(&together, series, run)?);
    }
    Ok(outcomes)
}

/// Says of each suite when it begins and how it ended.
fn all_beside(suites: &[&Suite], run: &Run) -> Result<Vec<Outcome>, Stop> {
    let mut outcomes = Vec::new();
    for suite in suites {
        let about = suite.about();
        step(format!("Beside the others: suite {}: {about}", suite.name));
        let outcome = one_suite(suite, run, Words::Kept)?;
        let verdict = outcome.failure.as_deref().unwrap_or("passed");
        let time = seconds(outcome.time);
        step(format!(
            "Beside the others: suite {}: {verdict} ({time})",
            suite.name
        ));
        say(format!("its words: {}", outcome.log.display()));
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn one_suite(suite: &Suite, run: &Run, words: Words) -> Result<Outcome, Stop> {
    let begun = Instant::now();
    let mut record = Record::new(&suite.name, run, words)?;
    let series = run.catalogue.series.as_str();
    let also = ALSO[0];
    match suite.kind {
        Kind::Lint => lint::run(&mut record, series)?,
        Kind::Core => {
            record.nextest("ci", &["-p", "semisync-core"], series, 1)?;
            // The examples in the documentation, which nextest does not run.
            record.run(cargo(&["test", "-p", "semisync-core", "--doc"], series))?;
        }
        Kind::Units => {
            let all = [
                "--workspace",
                "--exclude",
                "semisync-core",
                "--lib",
                "--bins",
            ];
            record.nextest("ci", &all, series, 1)?;
            // What other series have instead.
            let differing = ["-p", "semisync-sys", "-p", "semisync-server", "--lib"];
            record.nextest("ci", &differing, also, 1)?;
        }
        Kind::Series => {
            // As users install them: the other suites and the packages take these.
            record.run(building(&["ci/build", "--portable", "all"], run))?;
            for other in known_series().iter().filter(|one| *one != series) {
                let mut words = vec!["clippy"];
                words.extend(OF_A_SERIES.iter().flat_map(|package| ["-p", package]));
                words.extend(["--", "-D", "warnings"]);
                record.run(cargo(&words, other))?;
            }
        }
        Kind::Abi => record.run(script(&["ci/abi"]))?,
        Kind::Instructions => record.run(script(&["ci/instructions"]))?,
        Kind::Interleavings => {
            record.run(script(&["ci/interleavings", "--iterations", "100"]))?;
        }
        Kind::Memcheck => record.run(script(&["ci/memcheck"]))?,
        Kind::Fuzz => {
            record.nextest("ci", &["-p", "semisync-fuzz"], series, 1)?;
            // The same search each time, as far as its end by the clock lets it. Not at a low
            // priority: beside twelve busy processes the replay was 500 times slower then, and what
            // takes long counts as a hang.
            record.run(script(&["ci/fuzz", "--seed", "1", "--seconds", "60"]))?;
        }
        Kind::Package => record.run(building(&["ci/package", "--test"], run))?,
        Kind::Docker => record.run(script(&["ci/docker"]))?,
        Kind::Demo => {
            record.run(script(&["ci/demo", "--names", "new"]))?;
            record.run(script(&["ci/demo", "--names", "old"]))?;
            record.run(script(&["ci/demo", "--names", "old", also]))?;
        }
        Kind::Live { .. } => unreachable!("live suites run together"),
    }
    record.outcome(suite, begun.elapsed())
}

/// All live suites of one series at once. A test is a process of its own, so no suite has to wait
/// for the last test of another.
fn live(suites: &[&Suite], series: &str, run: &Run) -> Result<Vec<Outcome>, Stop> {
    step(format!("Live suites in {}", product(series)));
    let mut arguments = vec!["-p", "semisync-live-tests"];
    for suite in suites {
        say(format!("{:<20} {}", suite.name, suite.about()));
        if let Kind::Live { test, .. } = &suite.kind {
            arguments.extend(["--test", test]);
        }
    }
    let mut record = Record::new(&format!("live-{series}"), run, Words::Shown)?;
    let count = u32::try_from(suites.len()).unwrap_or(u32::MAX);
    let programs = record.nextest("live", &arguments, series, count)?;
    // When nextest itself failed or was ended, every suite has failed: nobody knows which tests it
    // left out.
    let blame = record.failures.first();
    let outcome = |suite: &&Suite| {
        let tests = tests_of(suite, &programs);
        let failure = match blame {
            _ if tests.failed > 0 => Some(failed_tests(&tests)),
            None if !tests.ran() => Some("no test ran".to_owned()),
            blame => blame.cloned(),
        };
        Outcome {
            suite: (*suite).clone(),
            failure,
            time: tests.time,
            tests,
            log: record.log.clone(),
            junit: record.junit.clone(),
        }
    };
    Ok(suites.iter().map(outcome).collect())
}

fn tests_of(suite: &Suite, programs: &Programs) -> Tests {
    let mut sum = Tests::default();
    if let Kind::Live { test, .. } = &suite.kind {
        let program = format!("semisync-live-tests::{test}");
        let own = programs.iter().filter(|(name, _)| *name == program);
        own.for_each(|(_, tests)| sum.add(tests));
    }
    sum
}

fn script(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// A script that builds the libraries of all series.
fn building(words: &[&str], run: &Run) -> Command {
    let mut command = script(words);
    command.env("SEMISYNC_QUICK", run.catalogue.quick());
    command
}
