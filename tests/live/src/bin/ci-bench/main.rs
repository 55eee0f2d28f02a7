//! The program behind `ci/bench`: what semi-sync costs, measured so that noise is told from a
//! difference.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what was asked for, setting up, the cells one after the other |
//! | `options.rs` | the arguments |
//! | `cell.rs` | the conditions under which the sides are compared |
//! | `stand.rs` | the servers of all sides, and one side's slice |
//! | `load.rs` | clients that commit |
//! | `counters.rs` | what the servers' threads use |
//! | `turns.rs` | who works when |
//! | `compare.rs` | from turns to figures with ratios |
//! | `ratio.rs` | the median of ratios and its bootstrap interval |
//! | `figures.rs` | what the figures mean |
//! | `report.rs` | the table, and JSON |

mod cell;
mod compare;
mod counters;
mod figures;
mod load;
mod options;
mod ratio;
mod report;
mod stand;
mod turns;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use semisync_live_tests::console::{Output, Program, Stop, run, say, step};
use semisync_live_tests::{Dialect, Libraries, dist_dir_of, repository};
use serde_json::json;

use cell::Cell;
use compare::Roles;
use options::{Plan, Sides, USAGE};
use report::Told;
use stand::{Kind, Side};

/// Downloading and building, on a slow machine too.
const SETTING_UP: Duration = Duration::from_secs(3600);

/// The sides of every comparison: without semi-sync, the base, the candidate.
const ROLES: Roles = Roles {
    reference: Some(0),
    base: 1,
    candidate: 2,
};

fn main() -> ExitCode {
    let program = Program {
        name: "ci/bench",
        usage: USAGE.to_owned(),
    };
    program.run(|arguments| {
        let plan = Plan::from(arguments)?;
        set_up()?;
        compare(&plan)?;
        Ok(format!("the figures for programs: {}", plan.json.display()))
    })
}

/// The server and the libraries, where they are missing.
fn set_up() -> Result<(), Stop> {
    let series = Dialect::of_run().series().to_owned();
    let script = |name: &str, what_it_says: &str| {
        let mut command = Command::new(repository().join("ci").join(name));
        let ended = run(command.arg(&series), SETTING_UP, Output::Shown)?;
        let failed = ended.or_failed(format!("ci/{name} did not end well"));
        failed.map_err(|stop| stop.remedy(format!("read above {what_it_says}")))
    };
    script("setup", "what is missing")?;
    if !has_libraries(&dist_dir_of(&series, "")) {
        script("build", "what is wrong")?;
    }
    Ok(())
}

fn has_libraries(dir: &Path) -> bool {
    dir.join("semisync_source.so").exists()
}

/// The three sides that are compared.
fn kinds(sides: &Sides) -> Result<[Kind; 3], Stop> {
    let kind = |name, libraries| Kind { name, libraries };
    let [base, candidate] = match sides {
        Sides::StockAndOurs => [
            kind("stock", Libraries::Stock),
            kind("ours", Libraries::Ours),
        ],
        Sides::BeforeAndNow(dir) => [
            kind("before", Libraries::In(libraries_in(dir)?)),
            kind("now", Libraries::Ours),
        ],
        Sides::StockTwice => [
            kind("stock", Libraries::Stock),
            kind("again", Libraries::Stock),
        ],
    };
    Ok([kind("async", Libraries::None), base, candidate])
}

/// The libraries of the series in a dist directory; or the directory itself has them.
fn libraries_in(dir: &Path) -> Result<PathBuf, Stop> {
    let of_series = dir.join(Dialect::of_run().series());
    let found = [of_series, dir.to_owned()];
    let found = found.into_iter().find(|dir| has_libraries(dir));
    found.ok_or_else(|| Stop::misused(format!("no semisync_source.so in {}", dir.display())))
}

fn compare(plan: &Plan) -> Result<(), Stop> {
    let kinds = kinds(&plan.sides)?;
    step(format!(
        "{}: each has {} slices of {} ms, in turn",
        kinds.clone().map(|kind| kind.name).join(", "),
        plan.turns,
        plan.slice.as_millis()
    ));
    let mut sides = stand::start(&kinds, 1);
    for clients in &plan.clients {
        let cell = Cell::of(*clients);
        let told = measure(plan, &cell, &mut sides);
        step(&told.conditions);
        println!("{}", report::table(&told));
        report::merge_into(&plan.json, &[told])?;
    }
    Ok(())
}

/// One cell of all sides.
fn measure(plan: &Plan, cell: &Cell, sides: &mut [Side]) -> Told {
    sides.iter_mut().for_each(|side| side.arrange(cell));
    let turns = turns::take(plan.turns, sides.len(), |side| {
        sides[side].slice(plan.slice)
    });
    let lines = compare::lines(&turns, ROLES);
    let names: Vec<_> = sides.iter().map(|side| side.kind.name).collect();
    let told = Told {
        name: cell.name(),
        conditions: cell.to_string(),
        ratio: format!("{} / {}", names[ROLES.candidate], names[ROLES.base]),
        sides: names,
        lines,
        made: made(plan, sides),
    };
    say("");
    told
}

/// What a figure must be read with.
fn made(plan: &Plan, sides: &[Side]) -> serde_json::Value {
    let command: Vec<String> = std::env::args().skip(1).collect();
    json!({
        "server": sides[0].source().value("SELECT VERSION()"),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "turns": plan.turns,
        "slice_ms": u64::try_from(plan.slice.as_millis()).unwrap_or(u64::MAX),
        "command": format!("ci/bench {}", command.join(" ")),
    })
}
