//! The commands of one suite: their log, and what came of them.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use semisync_live_tests::console::{self, Ended, OrStop, Output, Stop, say};
use semisync_live_tests::repository;

use crate::junit::{self, Programs, Tests};
use crate::run::Run;
use crate::suites::Suite;

/// What came of one suite.
pub struct Outcome {
    pub suite: Suite,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    pub time: Duration,
    pub tests: Tests,
    pub log: PathBuf,
    /// The JUnit files, where cargo nextest ran the tests.
    pub junit: Vec<PathBuf>,
}

/// Where the words of a suite's commands go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Into the log, and before the reader as they come.
    Shown,
    /// Into the log alone: another suite has the reader's eye.
    Kept,
}

pub struct Record<'a> {
    run: &'a Run,
    words: Words,
    name: String,
    pub log: PathBuf,
    pub junit: Vec<PathBuf>,
    tests: Tests,
    pub failures: Vec<String>,
}

impl<'a> Record<'a> {
    pub fn new(name: &str, run: &'a Run, words: Words) -> Result<Record<'a>, Stop> {
        let name = name.replace(':', "-");
        let log = run.logs.join(format!("{name}.log"));
        File::create(&log).or_stop(log.display())?;
        Ok(Record {
            run,
            words,
            name,
            log,
            junit: Vec::new(),
            tests: Tests::default(),
            failures: Vec::new(),
        })
    }

    /// Runs a command. If it fails, the suite has failed; what follows runs all the same.
    pub fn run(&mut self, command: Command) -> Result<(), Stop> {
        let words = words_of(&command);
        let ended = self.start(command, 1)?;
        if !ended.is_success() {
            self.failed(format!("{words}: {ended}"));
        }
        Ok(())
    }

    pub fn failed(&mut self, why: String) {
        say(&why);
        self.failures.push(why);
    }

    /// The command has the time of so many suites.
    fn start(&mut self, mut command: Command, suites: u32) -> Result<Ended, Stop> {
        self.note(&format!("   $ {}", words_of(&command)))?;
        let output = match self.words {
            Words::Shown => Output::Both(&self.log),
            Words::Kept => Output::Kept(&self.log),
        };
        console::run(&mut command, self.run.limit * suites, output)
    }

    /// A line for the log, and for the reader as the suite's words are.
    pub fn note(&self, line: &str) -> Result<(), Stop> {
        let file = OpenOptions::new().append(true).open(&self.log);
        let written = file.and_then(|mut file| writeln!(file, "{line}"));
        if self.words == Words::Shown {
            println!("{line}");
        }
        written.or_stop(self.log.display())
    }

    /// Runs tests by `cargo nextest run`, in the time of so many suites. Tells what each program
    /// did.
    pub fn nextest(
        &mut self,
        profile: &str,
        arguments: &[&str],
        series: &str,
        suites: u32,
    ) -> Result<Programs, Stop> {
        let written = repository().join(format!("target/nextest/{profile}/junit.xml"));
        if written.exists() {
            fs::remove_file(&written).or_stop(written.display())?; // of an earlier run
        }
        let mut words = vec!["nextest", "run", "--profile", profile];
        words.extend(arguments);
        let ended = self.start(cargo(&words, series), suites)?;
        let programs = if written.exists() {
            self.keep(&written)?
        } else {
            Programs::new()
        };
        let none_failed = programs.iter().all(|(_, tests)| tests.failed == 0);
        if !ended.is_success() && none_failed {
            self.failed(format!("cargo nextest: {ended}"));
        }
        Ok(programs)
    }

    fn keep(&mut self, written: &Path) -> Result<Programs, Stop> {
        let programs = junit::read(written)?;
        for (_, tests) in &programs {
            self.tests.add(tests);
        }
        let number = match self.junit.len() {
            0 => String::new(),
            earlier => format!("-{}", earlier + 1),
        };
        let kept = self.run.logs.join(format!("{}{number}.xml", self.name));
        fs::copy(written, &kept).or_stop(kept.display())?;
        self.junit.push(kept);
        Ok(programs)
    }

    pub fn outcome(self, suite: &Suite, time: Duration) -> Result<Outcome, Stop> {
        let mut tests = self.tests;
        let log = fs::read(&self.log).or_stop(self.log.display())?;
        tests.add(&counted(&String::from_utf8_lossy(&log)));
        let mut failures = self.failures;
        if tests.failed > 0 {
            failures.insert(0, failed_tests(&tests));
        }
        if !self.junit.is_empty() && !tests.ran() {
            failures.push("no test ran".to_owned());
        }
        Ok(Outcome {
            suite: suite.clone(),
            failure: failures.into_iter().next(),
            time,
            tests,
            log: self.log,
            junit: self.junit,
        })
    }
}

pub fn failed_tests(tests: &Tests) -> String {
    match tests.failed {
        1 => "1 test failed".to_owned(),
        number => format!("{number} tests failed"),
    }
}

pub fn cargo(words: &[&str], series: &str) -> Command {
    let mut command = Command::new("cargo");
    command.args(words).env("MYSQL_SERIES", series);
    command
}

/// A command as people would type it.
fn words_of(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        let value = value.unwrap_or_default().to_string_lossy();
        words.push(format!("{}={value}", name.to_string_lossy()));
    }
    words.push(command.get_program().to_string_lossy().into_owned());
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// The sum over the closing lines of runners that write no JUnit file: of `cargo test --doc`, and
/// "3 passed, 1 failed" of our own.
fn counted(log: &str) -> Tests {
    let mut tests = Tests::default();
    for line in log.lines() {
        let counts = match line.strip_prefix("test result: ") {
            Some(rest) => rest.split_once(". ").map_or("", |(_, counts)| counts),
            None => line,
        };
        let words: Vec<&str> = counts
            .split([' ', ',', ';'])
            .filter(|word| !word.is_empty())
            .collect();
        if let [passed, "passed", failed, "failed", ..] = words[..]
            && let (Ok(passed), Ok(failed)) = (passed.parse::<usize>(), failed.parse::<usize>())
        {
            tests.passed += passed;
            tests.failed += failed;
        }
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_summed_up_and_nextest_s_own_is_none() {
        let log = "3 passed, 1 failed\n\
                   test result: ok. 10 passed; 0 failed; 2 ignored; 0 measured\n\
                   Summary [ 1.2s] 40 tests run: 40 passed, 0 skipped\n\
                   it said: 5 passed, 5 failed\n";
        let tests = counted(log);
        assert_eq!((tests.passed, tests.failed), (13, 1));
    }

    #[test]
    fn a_command_is_shown_as_people_type_it() {
        let words = words_of(&cargo(&["fmt", "--check"], "5.6"));
        assert_eq!(words, "MYSQL_SERIES=5.6 cargo fmt --check");
    }
}
