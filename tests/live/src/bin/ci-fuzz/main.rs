//! The program behind `ci/fuzz`: looks for inputs for which the pure logic is wrong.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what is done, in which order, and the verdict |
//! | `options.rs` | what is asked for |
//! | `planted.rs` | faults on purpose, which the fuzzer must find |
//! | `coverage.rs` | which lines of the pure logic the corpora reach |
//! | `search.rs` | targets run for a time, some at once, and what is told of them |
//! | `found.rs` | an input for which a target failed, told so that people can repeat it |
//! | `figures.rs` | what libFuzzer says of a run |
//! | `program.rs` | the programs of `fuzz/`: how they are built and started |

mod coverage;
mod figures;
mod found;
mod options;
mod planted;
mod program;
mod search;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use semisync_live_tests::console::{OrStop, Program, Stop, say, step};
use semisync_live_tests::{repository, target_dir};
use serde_json::Value;

use figures::Figures;
use options::{Options, Work};
use program::Programs;
use search::Search;

fn main() -> ExitCode {
    let program = Program {
        name: "ci/fuzz",
        usage: options::USAGE.to_owned(),
    };
    program.run(|arguments| {
        let options = Options::from(arguments)?;
        match &options.work {
            Work::Search => search(&options),
            Work::Input(file) => one_input(&options, file),
            Work::Keep => keep(&options),
            Work::SelfTest => planted::find(&options),
            Work::Coverage => coverage::measure(&options.targets),
        }
    })
}

fn search(options: &Options) -> Result<String, Stop> {
    let programs = program::build_ours()?;
    replay(&programs, &options.targets)?;
    if options.seconds == 0 {
        return Ok("every input that is kept is answered rightly".to_owned());
    }
    step(format!(
        "Searching for {} s each, {} at once, with the seed {}",
        options.seconds, options.jobs, options.seed
    ));
    let searches = options.targets.iter().map(|target| Search {
        target: target.clone(),
        corpora: vec![programs.found_corpus(target), corpus(target)],
        seconds: options.seconds,
        seed: options.seed,
    });
    let ended = search::run(&programs, searches.collect(), options.jobs)?;
    let (figures, faults): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    for figures in &figures {
        say(figures);
    }
    write_json(options, &figures)?;
    let faults: Vec<_> = faults.into_iter().flatten().collect();
    if faults.is_empty() {
        let runs: u64 = figures.iter().map(|figures| figures.runs).sum();
        return Ok(format!("passed: {runs} inputs, and no wrong answer"));
    }
    faults.iter().for_each(found::tell);
    let targets: Vec<_> = faults.iter().map(|fault| fault.target.as_str()).collect();
    Err(Stop::failed(format!(
        "found a fault: {}",
        targets.join(", ")
    )))
}

/// No chance is in this: an input that is kept was answered rightly once.
fn replay(programs: &Programs, targets: &[String]) -> Result<(), Stop> {
    step("Replaying the inputs that are kept");
    for target in targets {
        let ended = programs.replay(target, &corpus(target))?;
        say(&ended.figures);
        if let Some(fault) = ended.fault {
            found::tell(&fault);
            return Err(Stop::failed(format!(
                "{target} fails on an input that is kept"
            )));
        }
    }
    Ok(())
}

fn one_input(options: &Options, file: &Path) -> Result<String, Stop> {
    let programs = program::build_ours()?;
    let target = &options.targets[0];
    let ended = programs.one(target, file)?;
    print!(
        "{}",
        fs::read_to_string(programs.log(target)).unwrap_or_default()
    );
    match ended.fault {
        None => Ok(format!("{target} answers {} rightly", file.display())),
        Some(fault) => {
            found::tell(&fault);
            Err(Stop::failed(format!(
                "{target} fails on {}",
                file.display()
            )))
        }
    }
}

/// The smallest set of inputs that reaches what all reach together.
fn keep(options: &Options) -> Result<String, Stop> {
    let programs = program::build_ours()?;
    step("The fewest inputs that reach the same code");
    for target in &options.targets {
        let kept = corpus(target);
        let before = count(&kept)?;
        programs.merge(target, &kept)?;
        say(format!("{target}: {before} -> {} inputs", count(&kept)?));
    }
    Ok("fuzz/corpus has them; look at the difference and commit it".to_owned())
}

fn corpus(target: &str) -> PathBuf {
    repository().join("fuzz/corpus").join(target)
}

fn count(dir: &Path) -> Result<usize, Stop> {
    Ok(fs::read_dir(dir).or_stop(dir.display())?.count())
}

fn write_json(options: &Options, figures: &[Figures]) -> Result<(), Stop> {
    let json = target_dir().join("fuzz.json");
    let text = serde_json::json!({
        "seed": options.seed,
        "seconds": options.seconds,
        "targets": figures.iter().map(Figures::json).collect::<Vec<Value>>(),
    });
    fs::write(&json, format!("{text:#}\n")).or_stop(json.display())
}
