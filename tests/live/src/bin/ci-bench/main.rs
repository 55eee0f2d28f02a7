//! The program behind `ci/bench`: what semi-sync costs, measured so that noise is told from a
//! difference.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what was asked for, the end |
//! | `options.rs` | the arguments |
//! | `needs.rs` | the server and the libraries, where they are missing |
//! | `grid.rs` | the cells of the grid |
//! | `measure.rs` | the cells one after the other, on the servers that they need |
//! | `cell.rs` | the conditions under which the sides are compared |
//! | `stand.rs` | the sides, and one side's slice |
//! | `of_streams.rs` | the commands that `stream.rs`, `catch_up.rs` and `stalls.rs` measure |
//! | `drained.rs` | their sources, whose replicas only take the log off the socket |
//! | `servers.rs` | one side's servers, and how they are linked |
//! | `load.rs`, `readers.rs` | clients that commit, sessions that read |
//! | `delay.rs` | a network with a delay |
//! | `floor.rs` | a round trip without a server |
//! | `counters.rs` | what the servers' threads use |
//! | `perf.rs` | system calls and instructions, where the kernel counts them |
//! | `turns.rs` | who works when |
//! | `compare.rs` | from turns to figures with ratios |
//! | `ratio.rs` | the median of ratios and its bootstrap interval |
//! | `figures.rs` | what the figures mean |
//! | `report.rs` | the table, and JSON |
//! | `plot.rs` | the picture |
//! | `hops.rs` | one commit, hop by hop |

mod catch_up;
mod cell;
mod compare;
mod counters;
mod delay;
mod drained;
mod figures;
mod floor;
mod grid;
mod hops;
mod load;
mod measure;
mod needs;
mod of_streams;
mod options;
mod perf;
mod plot;
mod ratio;
mod readers;
mod report;
mod servers;
mod stalls;
mod stand;
mod stream;
mod turns;

use std::process::ExitCode;

use semisync_live_tests::console::Program;

use options::{Plan, USAGE};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, numbers @ ..] = &arguments[..]
        && first == floor::OTHER_END
    {
        return other_end(numbers);
    }
    if arguments.first().is_some_and(|first| first == "hops") {
        return hop_by_hop();
    }
    let program = Program {
        name: "ci/bench",
        usage: format!("{USAGE}{}", of_streams::USAGE),
    };
    program.run(|mut arguments| {
        if let Some(command) = of_streams::Command::of(&arguments) {
            let order = of_streams::Order::from(command, arguments.split_off(1))?;
            needs::make()?;
            let json = order.carry_out()?;
            return Ok(format!("for programs: {}", json.display()));
        }
        let plan = Plan::from(arguments)?;
        needs::make()?;
        measure::all(&plan)?;
        let (json, svg) = (plan.json.display(), plan.json.with_extension("svg"));
        Ok(format!(
            "for programs: {json}; for people: {}",
            svg.display()
        ))
    })
}

fn hop_by_hop() -> ExitCode {
    let program = Program {
        name: "ci/bench hops",
        usage: hops::USAGE.to_owned(),
    };
    program.run(|mut arguments| {
        let plan = hops::Plan::of(arguments.split_off(1))?;
        needs::make()?;
        hops::measure(&plan)
    })
}

/// This process is the other end of the floor.
fn other_end(numbers: &[String]) -> ExitCode {
    let numbers: Result<Vec<usize>, _> = numbers.iter().map(|one| one.parse()).collect();
    let Ok(&[port, bytes, processor]) = numbers.as_deref() else {
        return ExitCode::from(2);
    };
    let port = u16::try_from(port).unwrap_or(0);
    match floor::other_end(port, bytes, processor) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
