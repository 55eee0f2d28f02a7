//! What was asked for.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use semisync_live_tests::arguments::Arguments;
use semisync_live_tests::console::Stop;

/// As `fuzz/src/lib.rs` has them. What is slow comes first.
pub const TARGETS: [&str; 5] = [
    "coordinator",
    "acknowledgements",
    "files",
    "settings",
    "events",
];

pub const USAGE: &str = "\
usage: ci/fuzz [--help] [OPTION...] [TARGET...]

Looks for inputs for which the pure logic gives a wrong answer. The targets are coordinator,
acknowledgements, files, settings and events; fuzz/src/lib.rs says what each compares. First every
input of fuzz/corpus/TARGET is tried, which is free of chance. Then libFuzzer makes new inputs,
guided by the code that they reach; all is built with AddressSanitizer, overflow checks and debug
assertions.
An input that a target fails on is printed, and kept in target/fuzz/found/TARGET.
For programs: target/fuzz.json has executions, edges of code and time for each target.
  --seconds N    how long each target is fuzzed (default 60); 0: only what is kept
  --jobs N       how many targets at once (default 2)
  --seed N       libFuzzer's seed (default: a new one). The time decides too how far a search gets
  --input FILE   tries this one input of the one TARGET, as often as you like
  --keep         adds the inputs that earlier runs have found to fuzz/corpus, and takes out those
                 that reach nothing new
  --self-test    plants faults in a copy of the source, one after the other, and says which inputs
                 find each: those that are kept, or how soon a search
  --coverage     says which lines of src/core the inputs that are kept reach (wants llvm-cov of the
                 compiler's LLVM, which ci/setup --llvm installs)
";

#[derive(PartialEq, Eq, Debug)]
pub enum Work {
    Search,
    Input(PathBuf),
    Keep,
    SelfTest,
    Coverage,
}

#[derive(PartialEq, Eq, Debug)]
pub struct Options {
    pub work: Work,
    pub targets: Vec<String>,
    pub seconds: u64,
    pub jobs: usize,
    pub seed: u32,
}

/// In seconds.
const A_WEEK: u64 = 7 * 24 * 3600;

impl Options {
    pub fn from(arguments: Vec<String>) -> Result<Options, Stop> {
        let mut options = Options {
            work: Work::Search,
            targets: Vec::new(),
            seconds: 60,
            jobs: 2,
            seed: fresh_seed(),
        };
        let mut arguments = Arguments::new(arguments);
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--seconds" => options.seconds = arguments.number(&option, 0..=A_WEEK)?,
                "--jobs" => options.jobs = arguments.number(&option, 1..=1024)?,
                "--seed" => options.seed = arguments.number(&option, 1..=u32::MAX)?,
                "--input" => options.work = Work::Input(PathBuf::from(arguments.value(&option)?)),
                "--keep" => options.work = Work::Keep,
                "--self-test" => options.work = Work::SelfTest,
                "--coverage" => options.work = Work::Coverage,
                target if TARGETS.contains(&target) => options.targets.push(option),
                _ if option.starts_with('-') => {
                    return Err(Stop::misused(format!("unknown option '{option}'")));
                }
                _ => {
                    let targets = TARGETS.join(", ");
                    let why = format!("there is no target '{option}' (there are: {targets})");
                    return Err(Stop::misused(why));
                }
            }
        }
        if matches!(options.work, Work::Input(_)) && options.targets.len() != 1 {
            return Err(Stop::misused("--input wants one target"));
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.map(str::to_owned).to_vec();
        }
        Ok(options)
    }
}

/// libFuzzer takes 0 for none.
fn fresh_seed() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| since.subsec_micros() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, Stop> {
        Options::from(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn without_arguments_all_targets_are_fuzzed_for_a_minute() {
        let all = options("").expect("options");
        assert_eq!(all.targets, TARGETS);
        assert_eq!((all.work, all.seconds, all.jobs), (Work::Search, 60, 2));
        assert_ne!(all.seed, 0);
    }

    #[test]
    fn an_input_is_of_one_target() {
        let one = options("--input x events").expect("options");
        assert_eq!(one.work, Work::Input("x".into()));
        assert_eq!(one.targets, ["events"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for line in [
            "--seconds",
            "--seconds x",
            "--jobs 0",
            "--seed 0",
            "--input x",
            "--input x events settings",
            "--fast",
            "event",
        ] {
            assert!(matches!(options(line), Err(Stop::Misused(_))), "{line}");
        }
    }
}
