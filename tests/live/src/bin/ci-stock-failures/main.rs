//! The known failures of semi-sync, tried in real servers: with stock's libraries, in MariaDB, and
//! with ours, side by side. `ci/stock-failures` runs it; `docs/history.md` tells of each. The cases
//! are in the library, `known_failures.rs`.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | getting what is needed, the run, the verdict |
//! | `plan.rs` | what was asked for |
//! | `report.rs` | the table, and the file for programs |
//! | `page.rs` | a test: `docs/history.md` names each case, and tests that exist |

#[cfg(test)]
mod page;
mod plan;
mod report;

use std::process::{Command, ExitCode};
use std::time::Duration;

use semisync_live_tests::console::{Output, Program, Stop, run, say, step};
use semisync_live_tests::known_failures::{Case, Seen, Side};
use semisync_live_tests::{dist_dir_of, repository};

use plan::{Plan, USAGE};
use report::Row;

/// Downloading and building, on a slow machine too.
const SETTING_UP: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let program = Program {
        name: "ci/stock-failures",
        usage: USAGE.to_owned(),
    };
    program.run(|arguments| {
        let plan = Plan::from(arguments)?;
        if plan.list {
            plan.cases
                .iter()
                .for_each(|case| println!("{}", case.line()));
            return Ok(format!("{} cases", plan.cases.len()));
        }
        set_up(&plan)?;
        let mut rows = Vec::new();
        for case in &plan.cases {
            rows.push(try_all(case, &plan));
            // A run that is interrupted leaves what it has seen.
            report::keep(&plan.json, &rows)?;
        }
        step("All of them");
        print!("{}", report::table(&rows));
        say(format!("kept in {}", plan.json.display()));
        report::verdict(&rows)
    })
}

/// The servers, and our libraries where they are not built yet.
fn set_up(plan: &Plan) -> Result<(), Stop> {
    step("What is needed: servers and libraries");
    let mut servers: Vec<&str> = plan.sides.iter().map(Side::series).collect();
    servers.dedup();
    script("setup", &servers)?;
    for side in plan.sides.iter().filter(|side| side.is_ours()) {
        if !dist_dir_of(side.series(), "")
            .join("semisync_source.so")
            .exists()
        {
            script("build", &[side.series()])?;
        }
    }
    Ok(())
}

fn script(name: &str, arguments: &[&str]) -> Result<(), Stop> {
    let mut command = Command::new(repository().join("ci").join(name));
    let ended = run(command.args(arguments), SETTING_UP, Output::Shown)?;
    ended.or_failed(format!("ci/{name} did not end well"))
}

/// One side after the other: none waits for a machine that another keeps busy.
fn try_all(case: &'static Case, plan: &Plan) -> Row {
    step(case.line());
    let of_side = |side: &Side| {
        let seen = case.try_on(side);
        say(format!("{:<26} {seen}", side.name()));
        (side.clone(), seen)
    };
    Row {
        case,
        seen: plan
            .sides
            .iter()
            .map(of_side)
            .collect::<Vec<(Side, Seen)>>(),
    }
}
