//! A source and two replicas as containers on a network of their own, with the libraries put in the
//! way a user would (docker/Dockerfile): three published guides as typed, commits that wait for
//! both replicas, and a failover under load. `ci/docker` runs it. Everything shown is checked.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what was asked for, and the order of things |
//! | `run.rs` | one run: its commands, its log, and that nothing of it stays |
//! | `engines.rs`, `engine.rs` | which Docker engine; one of our own where none answers |
//! | `image.rs` | the image with the libraries |
//! | `servers.rs` | the servers in containers: their start, their options, their ends, their logs |
//! | `sql.rs` | what is typed at them, and what they are asked |
//! | `checks.rs` | what must be true, and how often it was |
//! | `guides.rs` | the guides, as typed |
//! | `failover.rs` | two replicas, and the loss of the source |

mod checks;
mod engine;
mod engines;
mod failover;
mod guides;
mod image;
mod run;
mod servers;
mod sql;

use std::env;
use std::process::ExitCode;

use semisync_live_tests::console::{OnInterrupt, Program, Stop, say, step};
use semisync_live_tests::{Names, dist_dir_of, product};

use run::Run;
use servers::{ALL, Servers};

const USAGE: &str = "\
usage: ci/docker [--help] [--image IMAGE] [SERIES]

Puts the libraries of $SEMISYNC_DIST/SERIES (default dist/9.7; 5.7, 8.0, 8.4 or 9.7) into an image
and runs the guides, AFTER_SYNC with two replicas and a failover in containers.
  --image IMAGE   the image to put them in. Default: the official mysql:SERIES; where no registry
                  can be reached, for 9.7, an image made from the packages in
                  $SEMISYNC_SERVERS/9.7 (ci/setup)
An engine that answers is used and left as it was (DOCKER_HOST counts). Where none answers, root
gets one: Debian's docker.io is installed if need be, and a dockerd runs with all it has in a
temporary directory while this program does.
";

/// Those of which there are official images.
const SERIES: [&str; 4] = ["5.7", "8.0", "8.4", "9.7"];

struct Plan {
    series: String,
    image: Option<String>,
}

impl Plan {
    fn from(arguments: Vec<String>) -> Result<Plan, Stop> {
        let mut plan = Plan {
            series: env::var("MYSQL_SERIES").unwrap_or_else(|_| "9.7".to_owned()),
            image: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--image" => {
                    let image = arguments.next().filter(|image| !image.is_empty());
                    let why = "--image wants the name of an image";
                    plan.image = Some(image.ok_or_else(|| Stop::misused(why))?);
                }
                option if option.starts_with('-') => {
                    return Err(Stop::misused(format!("unknown option '{option}'")));
                }
                _ => plan.series = argument,
            }
        }
        if !SERIES.contains(&plan.series.as_str()) {
            let (all, wanted) = (SERIES.join(", "), &plan.series);
            let why = format!("there are official images of {all}, not of '{wanted}'");
            return Err(Stop::misused(why));
        }
        Ok(plan)
    }
}

fn main() -> ExitCode {
    let program = Program {
        name: "ci/docker",
        usage: USAGE.to_owned(),
    };
    program.run(|arguments| {
        let plan = Plan::from(arguments)?;
        let product = product(&plan.series);
        step(format!(
            "Semi-sync in containers: {product} with plugins written in Rust"
        ));
        for library in Names::BOTH.into_iter().flat_map(Names::libraries) {
            let dir = dist_dir_of(&plan.series, "");
            if !dir.join(&library).exists() {
                let stop = Stop::failed(format!("there is no {library} in {}", dir.display()));
                return Err(stop.remedy(format!("ci/build {} makes it", plan.series)));
            }
        }
        let run = Run::new()?;
        let interrupted = run.clone();
        let _on_interrupt = OnInterrupt::then(move || {
            interrupted.clear_away();
            eprintln!("\nthe containers are removed");
        });
        let servers = Servers::new(&run, &plan.series);
        let result = run_all(&plan, &run, &servers);
        if result.is_err() {
            servers.show_ends_of_logs();
            run.show_end_of_log();
        }
        run.clear_away();
        let (passed, failed) = (servers.passed(), usize::from(result.is_err()));
        println!("\n{passed} passed, {failed} failed");
        result.map(|()| "passed".to_owned())
    })
}

fn run_all(plan: &Plan, run: &Run, servers: &Servers) -> Result<(), Stop> {
    step("A Docker engine");
    engines::find_or_start(run)?;

    step("An image with the libraries, and three servers in containers");
    image::make(run, &plan.series, plan.image.as_deref())?;
    servers.start_all()?;
    let version = servers.sql("source", "SELECT @@version")?;
    let (all, network) = (ALL.join(" "), run.name());
    say(format!(
        "MySQL {version}: {all}, on the network {network}, which leads nowhere else"
    ));

    guides::overview(servers)?;
    guides::lossless_with_figures(servers)?;
    guides::setting_up_a_pair(servers)?;
    failover::both_replicas(servers)?;
    failover::failover(servers)
}
