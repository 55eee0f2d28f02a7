//! The command line, and what it prints.

use crate::{
    run::{Wish, policy, run_many},
    scenario::Scenario,
    scenarios::ALL,
};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

const HELP: &str = "\
usage: interleavings [OPTION]... [SCENARIO]...

Runs each scenario (all, if none is named) in many orders of its threads.

  --list             the scenarios, their claims and planted bugs
  --iterations N     executions of each scenario (default: 1000)
  --minutes N        as many as are done in this time, all scenarios together
  --seed N           the first seed (default: 1); one execution, unless --iterations says more
  --jobs N           processes at a time (default: 2)
  --in-order         stores are seen at once, to tell which bug needs late ones
  --planted          each scenario with each bug on purpose, which must be found
  --trace            one execution, and all that happens in it
  --json             the figures for programs, a line for each
";

#[derive(Default)]
struct Options {
    list: bool,
    iterations: Option<u64>,
    minutes: Option<u64>,
    seed: Option<u64>,
    jobs: Option<u64>,
    planted: bool,
    in_order: bool,
    trace: bool,
    json: bool,
    scenarios: Vec<String>,
}

pub fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(what) => {
            eprintln!("interleavings: {what}; see --help");
            return ExitCode::from(2);
        }
    };
    let chosen: Vec<_> = ALL
        .iter()
        .filter(|scenario| {
            options.scenarios.is_empty()
                || options.scenarios.iter().any(|name| name == scenario.name)
        })
        .collect();
    if let Some(unknown) = options
        .scenarios
        .iter()
        .find(|name| !ALL.iter().any(|scenario| scenario.name == **name))
    {
        eprintln!("interleavings: no scenario '{unknown}'; see --list");
        return ExitCode::from(2);
    }
    let mut good = true;
    for scenario in &chosen {
        if options.list {
            list(scenario);
        } else if options.planted {
            for bug in scenario.planted {
                good &= find(&options, scenario, bug.name, bug.says);
            }
        } else {
            good &= hold(&options, scenario, chosen.len());
        }
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let value = arguments
                .next()
                .ok_or(format!("{argument} wants a number"))?;
            value.parse().map_err(|_| format!("{value} is no number"))
        };
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--list" => options.list = true,
            "--iterations" => options.iterations = Some(number()?),
            "--minutes" => options.minutes = Some(number()?),
            "--seed" => options.seed = Some(number()?),
            "--jobs" => options.jobs = Some(number()?.max(1)),
            "--in-order" => options.in_order = true,
            "--planted" => options.planted = true,
            "--trace" => options.trace = true,
            "--json" => options.json = true,
            name if !name.starts_with('-') => options.scenarios.push(name.to_owned()),
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(Some(options))
}

impl Options {
    fn first(&self) -> u64 {
        self.seed.unwrap_or(1)
    }

    fn count(&self) -> u64 {
        if self.minutes.is_some() {
            return u64::MAX / 2;
        }
        let one = self.seed.is_some() || self.trace;
        self.iterations.unwrap_or(if one { 1 } else { 1000 })
    }

    fn jobs(&self) -> u64 {
        self.jobs.unwrap_or(2).min(self.count())
    }
}

fn list(scenario: &Scenario) {
    println!("{}\n    {}", scenario.name, scenario.claim);
    for public in scenario.public {
        println!("    public: {public}");
    }
    for bug in scenario.planted {
        println!("    planted: {}", bug.name);
    }
}

/// The scenario's claim holds in all executions.
fn hold(options: &Options, scenario: &Scenario, of: usize) -> bool {
    let wish = Wish {
        scenario,
        planted: None,
        traces: options.trace,
        in_order: options.in_order,
        until: options.minutes.map(|minutes| {
            let seconds = 60 * minutes / u64::try_from(of).unwrap_or(1);
            Instant::now() + Duration::from_secs(seconds)
        }),
    };
    let begun = Instant::now();
    let outcome = run_many(wish, options.first(), options.count(), options.jobs());
    let took = begun.elapsed();
    let steps = outcome.steps / outcome.executions.max(1);
    if options.json {
        println!(
            "{{\"scenario\":\"{}\",\"executions\":{},\"steps\":{steps},\"seconds\":{:.1},\
             \"failed\":{}}}",
            scenario.name,
            outcome.executions,
            took.as_secs_f64(),
            outcome.failure.is_some()
        );
    }
    match outcome.failure {
        None => {
            say(
                options,
                format_args!(
                    "ok      {:<44} {:>8} executions of {steps} steps, {}",
                    scenario.name,
                    outcome.executions,
                    seconds(took)
                ),
            );
            true
        }
        Some((seed, words)) => {
            eprintln!(
                "FAILED  {} with seed {seed} ({:?}):\n{words}\n   the same once more: \
                 ci/interleavings --seed {seed} --trace {}",
                scenario.name,
                policy(seed, scenario.steps),
                scenario.name
            );
            false
        }
    }
}

/// The bug is found, by the words that it is known for.
fn find(options: &Options, scenario: &Scenario, bug: &str, says: &[&str]) -> bool {
    let wish = Wish {
        scenario,
        planted: Some(bug),
        traces: options.trace,
        in_order: options.in_order,
        until: None,
    };
    let outcome = run_many(wish, options.first(), options.count(), options.jobs());
    if options.json {
        println!(
            "{{\"scenario\":\"{}\",\"planted\":\"{bug}\",\"executions\":{},\"found\":{}}}",
            scenario.name,
            outcome.executions,
            outcome.failure.is_some()
        );
    }
    match outcome.failure {
        Some((seed, words)) if says.iter().any(|one| words.contains(one)) => {
            say(
                options,
                format_args!(
                    "found   {:<44} {bug}, with seed {seed}, after {} executions",
                    scenario.name, outcome.executions
                ),
            );
            true
        }
        Some((seed, words)) => {
            eprintln!(
                "FAILED  {}: with {bug} seed {seed} fails, but does not say {says:?}:\n{words}",
                scenario.name
            );
            false
        }
        None => {
            eprintln!(
                "FAILED  {}: {bug} was not found in {} executions",
                scenario.name, outcome.executions
            );
            false
        }
    }
}

/// For people.
fn say(options: &Options, line: std::fmt::Arguments<'_>) {
    if !options.json {
        println!("{line}");
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
