//! What the run came to: the last words for people, and target/test-report.json for programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use semisync_live_tests::console::{OrStop, Stop, say, step};
use semisync_live_tests::{product, servers_dir, target_dir};
use serde_json::{Value, json};

use crate::junit::Failure;
use crate::record::Outcome;
use crate::run::Run;

/// The lists that `needs!` of the live tests writes, one for each series.
fn not_applicable() -> Result<Vec<PathBuf>, Stop> {
    let target = target_dir();
    let entries = fs::read_dir(&target).or_stop(target.display())?;
    let is_list = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("not-applicable-") && name.ends_with(".txt")
    };
    let mut lists: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_list)
        .collect();
    lists.sort();
    Ok(lists)
}

/// Before a run: the tests append to these lists.
pub fn forget_not_applicable() -> Result<(), Stop> {
    for list in not_applicable()? {
        fs::remove_file(&list).or_stop(list.display())?;
    }
    Ok(())
}

/// Tells the outcome; the text is the verdict.
pub fn tell(outcomes: &[Outcome], run: &Run, begun: Instant) -> Result<String, Stop> {
    let series = run.catalogue.series.as_str();
    let version = fs::read_to_string(servers_dir().join(series).join("version"));
    let version = version.map_or_else(|_| "none".to_owned(), |text| text.trim().to_owned());
    let report = target_dir().join("test-report.json");
    let text = for_programs(outcomes, series, &version, begun.elapsed());
    fs::write(&report, format!("{text:#}\n")).or_stop(report.display())?;

    tell_last_words(outcomes)?;
    for list in not_applicable()? {
        tell_not_applicable(&list)?;
    }
    tell_failures(outcomes);
    step(format!("Suites ({}: {version})", product(series)));
    println!(
        "   {:<20} {:>10}  {:>6} {:>6}",
        "suite", "time", "passed", "failed"
    );
    for outcome in outcomes {
        println!("   {}", row(outcome));
    }
    say(format!("logs: {}", run.logs.display()));
    say(format!("for programs: {}", report.display()));
    let sum = |count: fn(&Outcome) -> usize| outcomes.iter().map(count).sum::<usize>();
    let passed = sum(|outcome| outcome.tests.passed);
    let failed = sum(|outcome| outcome.tests.failed);
    println!("\n{passed} passed, {failed} failed");

    let bad: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.failure.is_some())
        .map(|outcome| outcome.suite.name.as_str())
        .collect();
    if bad.is_empty() {
        return Ok("passed".to_owned());
    }
    Err(Stop::failed(bad.join(" ")))
}

fn row(outcome: &Outcome) -> String {
    let tests = &outcome.tests;
    let verdict = match &outcome.failure {
        None => "passed".to_owned(),
        Some(why) => format!("FAILED: {why}"),
    };
    let seconds = outcome.time.as_secs_f64();
    let name = &outcome.suite.name;
    format!(
        "{name:<20} {seconds:>8.1} s  {:>6} {:>6}  {verdict}",
        tests.passed, tests.failed
    )
}

fn tell_not_applicable(list: &PathBuf) -> Result<(), Stop> {
    let text = fs::read_to_string(list).or_stop(list.display())?;
    let name = list.file_stem().unwrap_or_default().to_string_lossy();
    let series = name.trim_start_matches("not-applicable-");
    step(format!("Tests that do not apply to {}", product(series)));
    // Each once: a suite may have run twice.
    for line in text.lines().collect::<BTreeSet<&str>>() {
        say(line);
    }
    Ok(())
}

/// How the runners and scripts closed, one after the other: their own words are far above by now.
fn tell_last_words(outcomes: &[Outcome]) -> Result<(), Stop> {
    step("What each suite said last");
    let mut logs: Vec<&PathBuf> = outcomes.iter().map(|outcome| &outcome.log).collect();
    logs.dedup();
    for log in logs {
        let text = fs::read(log).or_stop(log.display())?;
        let name = log.file_stem().unwrap_or_default().to_string_lossy();
        for line in String::from_utf8_lossy(&text)
            .lines()
            .filter(|line| is_last_word(line))
        {
            say(format!("{name}: {}", line.trim()));
        }
    }
    Ok(())
}

fn is_last_word(line: &str) -> bool {
    let of_script = |name: &str| line.starts_with(&format!("ci/{name}: "));
    line.trim_start().starts_with("Summary [")
        || ["abi", "build", "demo", "docker", "package"]
            .into_iter()
            .any(of_script)
}

/// How many lines of a failed test's reason are told, and of the log of a suite that failed
/// otherwise.
const REASON: usize = 8;
const LOG: usize = 30;

fn tell_failures(outcomes: &[Outcome]) {
    if outcomes.iter().all(|outcome| outcome.failure.is_none()) {
        return;
    }
    step("What failed");
    for outcome in outcomes {
        let name = &outcome.suite.name;
        let Some(why) = &outcome.failure else {
            continue;
        };
        say(format!("{name}: {why} (see {})", outcome.log.display()));
        for test in &outcome.tests.failures {
            say(format!("{name}: {}", test.name));
            let reason = test.reason.lines().take(REASON);
            reason.for_each(|line| say(format!("    {line}")));
        }
        if outcome.tests.failures.is_empty() {
            // Where the reader has nothing but these last words, the log is out of reach.
            let log = fs::read(&outcome.log).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let lines: Vec<_> = log.lines().collect();
            let last = lines.iter().skip(lines.len().saturating_sub(LOG));
            last.for_each(|line| say(format!("    {line}")));
        }
    }
}

fn for_programs(outcomes: &[Outcome], series: &str, version: &str, time: Duration) -> Value {
    let tenths = |time: Duration| (time.as_secs_f64() * 10.0).round() / 10.0;
    let suite = |outcome: &Outcome| {
        json!({
            "name": outcome.suite.name,
            "verdict": if outcome.failure.is_none() { "passed" } else { "failed" },
            "reason": outcome.failure,
            "seconds": tenths(outcome.time),
            "tests_passed": outcome.tests.passed,
            "tests_failed": outcome.tests.failed,
            "failed": names_of(&outcome.tests.failures),
            "log": outcome.log,
            "junit": outcome.junit,
        })
    };
    let passed = outcomes.iter().all(|outcome| outcome.failure.is_none());
    json!({
        "verdict": if passed { "passed" } else { "failed" },
        "series": series,
        "server": version,
        "seconds": tenths(time),
        "suites": outcomes.iter().map(suite).collect::<Vec<_>>(),
    })
}

fn names_of(failures: &[Failure]) -> Vec<&str> {
    failures.iter().map(|test| test.name.as_str()).collect()
}
