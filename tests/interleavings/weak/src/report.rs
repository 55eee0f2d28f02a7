//! The command line, and what it prints.

use crate::{
    models::{MODELS, Model},
    server, sync,
};
use loom::model::Builder;
use std::process::{Command, ExitCode};

const HELP: &str = "\
usage: weak-memory [--list | --planted | MODEL [BUG]]

Runs each model in all orders; with --planted each bug on purpose, which must be found.
";

pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => all(MODELS.iter().map(holds)),
        ["--planted"] => {
            let bugs = |model: &'static Model| model.planted.iter().map(move |bug| (model, *bug));
            all(MODELS
                .iter()
                .flat_map(bugs)
                .map(|(model, bug)| finds(model, bug)))
        }
        ["--list"] => {
            for Model {
                name,
                claim,
                planted,
                ..
            } in MODELS
            {
                println!("{name}\n    {claim}");
                planted
                    .iter()
                    .for_each(|bug| println!("    planted: {bug}"));
            }
            ExitCode::SUCCESS
        }
        [name, bugs @ ..] if MODELS.iter().any(|model| model.name == *name) => {
            bugs.iter()
                .for_each(|bug| semisync_interleaved::planted::plant(bug));
            let models = MODELS.iter().filter(|model| model.name == *name);
            models.for_each(check);
            ExitCode::SUCCESS
        }
        _ => {
            print!("{HELP}");
            ExitCode::from(2)
        }
    }
}

fn all(results: impl Iterator<Item = bool>) -> ExitCode {
    // Each of them says what it finds.
    match results.fold(true, |good, result| good && result) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Runs it in this process, in all orders.
fn check(model: &Model) {
    let executions = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = std::sync::Arc::clone(&executions);
    let run = model.run;
    let mut builder = Builder::new();
    // `LOOM_MAX_PREEMPTIONS`, if it is set.
    builder.preemption_bound = builder.preemption_bound.or(model.preemptions);
    builder.max_branches = 10_000;
    builder.check(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        sync::begin();
        server::watch(false);
        run();
        sync::begin();
    });
    println!("{}", executions.load(std::sync::atomic::Ordering::Relaxed));
}

/// In a process of its own: how many executions there were, or what it says.
fn run(model: &Model, bug: Option<&str>) -> Result<String, String> {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).arg(model.name).args(bug).output();
    let output = output.expect("a process");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

fn holds(model: &Model) -> bool {
    match run(model, None) {
        Ok(executions) => {
            let orders = match model.preemptions {
                None => "all orders".to_owned(),
                Some(most) => format!("all orders with {most} preemptions at most"),
            };
            println!(
                "ok      {:<44} {executions:>8} executions, {orders}",
                model.name
            );
            true
        }
        Err(words) => {
            eprintln!("FAILED  {}:\n{words}", model.name);
            false
        }
    }
}

fn finds(model: &Model, bug: &str) -> bool {
    match run(model, Some(bug)) {
        Ok(executions) => {
            eprintln!(
                "FAILED  {}: {bug} was not found in {executions} executions",
                model.name
            );
            false
        }
        Err(words) if words.contains("deadlock") || words.contains("not counted") => {
            println!("found   {:<44} {bug}", model.name);
            true
        }
        Err(words) => {
            eprintln!(
                "FAILED  {}: with {bug} it says something else:\n{words}",
                model.name
            );
            false
        }
    }
}
