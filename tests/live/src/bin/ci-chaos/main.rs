//! The program behind `ci/chaos`.

mod clients;
mod diary;
mod hub;
mod lists;
mod plan;
mod promote;
mod room;
mod round;
mod rule;
mod stage;
mod threads;
mod trouble;
mod tun;
mod watch;

use std::process::ExitCode;

use semisync_live_tests::console::{Program, Stop, say, step};

fn main() -> ExitCode {
    let program = Program {
        name: "ci/chaos",
        usage: "usage: ci/chaos".to_owned(),
    };
    program.run(|arguments| {
        let seed = arguments.first().and_then(|a| a.parse().ok()).unwrap_or(1);
        let rounds: u64 = arguments.get(1).and_then(|a| a.parse().ok()).unwrap_or(3);
        let _servers = semisync_live_tests::console::OnInterrupt::then(semisync_live_tests::server::end_all);
        step("servers");
        let stage = stage::Stage::build()?;
        let terms = plan::Terms::new(&stage, seed, arguments.get(2).is_some_and(|a| a == "disabled"));
        step("rounds");
        let first: u64 = arguments.get(3).and_then(|a| a.parse().ok()).unwrap_or(1);
        for number in first..=rounds {
            let plan = plan::Plan::throw(number, &terms, &stage);
            say(format!("{number}: {plan} {:?}", plan.troubles.iter().map(|t| t.trouble.to_string()).collect::<Vec<_>>()));
            let outcome = round::run(&stage, &plan);
            say(format!("{outcome:?}"));let _=outcome.took;
        }
        Ok::<String, Stop>("passed".to_owned())
    })
}
