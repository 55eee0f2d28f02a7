//! Draws `monitoring/dashboard.json` into `docs/dashboard.svg`, for people who want to see the
//! dashboard before they import it. It is no screenshot: Grafana is not to be had where this
//! project is built. The servers, the exporter, Prometheus and the panels' queries are real; the
//! drawing is this program's (`draw.rs`).
//!
//! `cargo run -p semisync-live-tests --bin dashboard-picture`, after `ci/setup`,
//! `ci/setup --monitoring-tools` and `ci/build`. It takes two minutes.

mod draw;
mod story;
mod units;

use std::fs;
use std::process::ExitCode;

use semisync_live_tests::console::{OrStop, Program, Stop};
use semisync_live_tests::dashboard::Dashboard;
use semisync_live_tests::repository;

use draw::Time;

/// The heading below which nothing is drawn: the rest is for days on which something is wrong.
const LAST: &str = "What went wrong";

fn main() -> ExitCode {
    let program = Program {
        name: "dashboard-picture",
        usage:
            "usage: dashboard-picture\n\nDraws monitoring/dashboard.json into docs/dashboard.svg."
                .to_owned(),
    };
    program.run(|arguments| match arguments.first() {
        Some(_) => Err(Stop::misused("there are no arguments")),
        None => picture(),
    })
}

fn picture() -> Result<String, Stop> {
    let (prometheus, [start, end]) = story::play();
    let range = format!("{:.0}s", end - start);
    let file = repository().join("monitoring/dashboard.json");
    let dashboard = Dashboard::read(&file, &range, "6s");
    let time = Time { start, end };
    let text = draw::dashboard(&dashboard, &prometheus, time, LAST);
    let file = repository().join("docs/dashboard.svg");
    fs::write(&file, text).or_stop(file.display())?;
    Ok(format!("drew {}", file.display()))
}
