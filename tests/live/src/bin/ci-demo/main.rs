//! Semi-sync to look at: a source and replicas on this machine, a write that waits for a replica, a
//! replica that stops, the fallback to asynchronous replication, and the return. Then what operators
//! have beside that: they see for whom a commit waits, end the wait, and decide who counts.
//! `ci/demo` runs it.
//!
//! All that is shown is checked as well: the demo fails when something does not come out as it
//! says.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what was asked for, setting up, the end |
//! | `stage.rs` | the servers, and what is shown of them |
//! | `story.rs` | what happens, and what must be true of it |
//! | `operators.rs` | the same of what operators see, end and decide |
//! | `table.rs` | rows as the server's own client prints them |

mod operators;
mod stage;
mod story;
mod table;

use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::process::{Command, ExitCode};
use std::time::Duration;

use semisync_live_tests::console::{Output, Program, Stop, run, say, step};
use semisync_live_tests::{Names, dist_dir_of, known_series, process, product, repository};

use stage::Stage;

const USAGE: &str = "\
usage: ci/demo [--help] [--keep] [--names old|new] [SERIES]

Gets a server (ci/setup), builds the libraries (ci/build), starts a source and two replicas whose
option files load the plugins, shows what semi-synchronous replication does, and then what operators
see, end and decide. SERIES is that of MySQL: $MYSQL_SERIES or 9.7 unless given.
  --keep           leaves the servers running and prints how to connect and how to end them
  --names old|new  master and slave, or source and replica (default new)
With SEMISYNC_DIST set, the libraries there are used as they are.
";

/// Downloading and building, on a slow machine too.
const SETTING_UP: Duration = Duration::from_secs(3600);

struct Plan {
    series: String,
    names: Names,
    keep: bool,
}

impl Plan {
    fn from(arguments: Vec<String>) -> Result<Plan, Stop> {
        let mut plan = Plan {
            series: env::var("MYSQL_SERIES").unwrap_or_else(|_| "9.7".to_owned()),
            names: Names::New,
            keep: false,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--keep" => plan.keep = true,
                "--names" => plan.names = names(&arguments.next().unwrap_or_default())?,
                option if option.starts_with("--names=") => {
                    plan.names = names(&option["--names=".len()..])?;
                }
                option if option.starts_with('-') => {
                    return Err(Stop::misused(format!("unknown option '{option}'")));
                }
                _ => plan.series = argument,
            }
        }
        let known = known_series();
        if !known.contains(&plan.series) {
            let known = known.join(" ");
            let why = format!(
                "no such server series: '{}' (there are: {known})",
                plan.series
            );
            return Err(Stop::misused(why));
        }
        if !plan.series.starts_with(|c: char| c.is_ascii_digit()) {
            let why = format!("the demo is of MySQL's servers, not of {}", plan.series);
            return Err(Stop::misused(why));
        }
        Ok(plan)
    }
}

fn names(word: &str) -> Result<Names, Stop> {
    match word {
        "old" => Ok(Names::Old),
        "new" => Ok(Names::New),
        other => Err(Stop::misused(format!(
            "--names wants old or new, not '{other}'"
        ))),
    }
}

fn main() -> ExitCode {
    let program = Program {
        name: "ci/demo",
        usage: USAGE.to_owned(),
    };
    program.run(|arguments| {
        let plan = Plan::from(arguments)?;
        step(format!(
            "Semi-synchronous replication: {} with plugins written in Rust",
            product(&plan.series)
        ));
        set_up(&plan)?;
        demonstrate(&plan)?;
        Ok("all of it came out as shown".to_owned())
    })
}

/// The server and the libraries.
fn set_up(plan: &Plan) -> Result<(), Stop> {
    let script = |name: &str, what_it_says: &str| {
        let mut command = Command::new(repository().join("ci").join(name));
        let ended = run(command.arg(&plan.series), SETTING_UP, Output::Shown)?;
        let failed = ended.or_failed(format!("ci/{name} did not end well"));
        failed.map_err(|stop| stop.remedy(format!("read above {what_it_says}")))
    };
    script("setup", "what is missing")?;
    let plugins = dist_dir_of(&plan.series, "");
    if env::var_os("SEMISYNC_DIST").is_some() {
        let plugins = plugins.display();
        step(format!(
            "The libraries in {plugins} (SEMISYNC_DIST), as they are"
        ));
    } else {
        script("build", "what is wrong")?;
    }
    for library in [plan.names.source_library(), plan.names.replica_library()] {
        if !plugins.join(&library).exists() {
            let reason = format!("there is no {library} in {}", plugins.display());
            let remedy = "ci/build makes it, unless SEMISYNC_DIST names another directory";
            return Err(Stop::failed(reason).remedy(remedy));
        }
    }
    Ok(())
}

/// The servers, from their start to their end. When the demo fails, the ends of their error logs
/// are shown.
fn demonstrate(plan: &Plan) -> Result<(), Stop> {
    let stage = caught(|| Stage::start(&plan.series, plan.names, plan.keep))?;
    let mut told = caught(|| {
        story::tell(&stage)?;
        operators::tell(&stage)
    });
    if told.is_ok() && !plan.keep {
        step("Ending the servers");
        told = caught(|| stage.end());
    }
    // Of servers that an interrupt has ended there is nothing to say.
    if told.is_err() && !process::all_ended() {
        stage.show_ends_of_logs();
    }
    if plan.keep {
        stage.say_how_to_go_on();
    } else if told.is_ok() {
        say("what they wrote is removed; ci/demo --keep leaves them running");
    }
    told
}

/// The harness fails as a test does, by a panic; here its words are a reason to stop.
fn caught<T>(work: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(usual);
    result.unwrap_or_else(|words| {
        let words = match words.downcast::<String>() {
            Ok(words) => *words,
            Err(words) => words
                .downcast_ref::<&str>()
                .map_or("a panic", |words| words)
                .to_owned(),
        };
        Err(Stop::failed(words))
    })
}
