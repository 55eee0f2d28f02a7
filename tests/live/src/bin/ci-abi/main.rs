//! The program behind `ci/abi`: proves the declarations of `mysql-headers/`.
//!
//! Each structure, field, hook and constant there is compared with the real server's, and each
//! symbol that the libraries look up must be exported by the real mysqld. What is compared comes
//! from our own headers and sources; what has another name in the server stands in
//! `tests/abi/names`. Both sides are compiled (`compile.rs`), and gdb compares their debug
//! information (`compare.rs`, and `tests/abi/check.py` inside gdb). Last, the comparison itself is
//! tested with lies (`lies.rs`).

mod compare;
mod compile;
mod lies;
mod options;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use semisync_live_tests::console::{self, OrStop, Output, Program, Stop, say, step};
use semisync_live_tests::{product, repository, servers_dir};

use compare::{Report, Server};
use options::{Options, USAGE};

/// The headers are 430 MB to fetch. Nothing else takes minutes.
const SETUP_LIMIT: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let program = Program {
        name: "ci/abi",
        usage: USAGE.to_owned(),
    };
    program.run(|arguments| compare_all(&Options::parse(arguments)?))
}

fn compare_all(options: &Options) -> Result<String, Stop> {
    setup(options)?;
    let work = Work::new()?;
    let mut reports = Vec::new();
    let mut first = None;
    for series in &options.series {
        step(format!("The binary interface of {}", product(series)));
        let server = server(series, options);
        let comparison = compare::compare(series, &server, work.dir())?;
        reports.push(comparison.report.clone());
        first.get_or_insert((comparison, server));
    }
    let (comparison, server) = first.ok_or_else(|| Stop::misused("which series?"))?;
    step("A copy of the declarations, falsified");
    lies::tell(&comparison, &server, work.dir())?;
    verdict(&reports, options)
}

fn setup(options: &Options) -> Result<(), Stop> {
    let mut setup = Command::new(repository().join("ci/setup"));
    setup.arg("--abi");
    match options.server {
        Some(_) => setup.arg("--host"),
        None => setup.args(&options.series),
    };
    let ended = console::run(&mut setup, SETUP_LIMIT, Output::Shown)?;
    let remedy = |stop: Stop| stop.remedy("see its words above");
    ended.or_failed("ci/setup did not end well").map_err(remedy)
}

/// The server of the options, or what ci/setup got.
fn server(series: &str, options: &Options) -> Server {
    if let Some(server) = &options.server {
        return server.clone();
    }
    let root = servers_dir().join(series).join("root");
    match series {
        "9.7" => {
            let headers = servers_dir().join("9.7-source");
            let list = |name: &str| headers.join("share").join(name);
            Server {
                mysqld: root.join("usr/sbin/mysqld"),
                messages: vec![
                    list("messages_to_clients.txt"),
                    list("messages_to_error_log.txt"),
                ],
                build: Some(headers.clone()),
                source: Some(headers),
            }
        }
        _ => Server {
            mysqld: root.join("mysqld"),
            messages: vec![root.join("share/errmsg-utf8.txt")],
            source: None,
            build: None,
        },
    }
}

fn verdict(reports: &[Report], options: &Options) -> Result<String, Stop> {
    step("Compared");
    say("series        structures  fields  hooks  constants (unseen)  symbols (absent, optional)");
    for report in reports {
        say(report);
    }
    let differences: usize = reports.iter().map(|report| report.differences).sum();
    if differences > 0 {
        let remedy = "fix mysql-headers/, or say in tests/abi/names what the server calls it";
        return Err(Stop::failed(format!("{differences} differences")).remedy(remedy));
    }
    let series = options.series.join(" ");
    Ok(format!(
        "the declarations of {series} are the real servers'"
    ))
}

/// A directory for what is compiled; it goes with this value, or when the program is interrupted.
struct Work {
    dir: PathBuf,
    _on_interrupt: console::OnInterrupt,
}

impl Work {
    fn new() -> Result<Work, Stop> {
        let dir = std::env::temp_dir().join(format!("semisync-abi-{}", std::process::id()));
        std::fs::create_dir(&dir).or_stop(dir.display())?;
        let doomed = dir.clone();
        let remove = move || {
            let _ = std::fs::remove_dir_all(doomed);
        };
        Ok(Work {
            dir,
            _on_interrupt: console::OnInterrupt::then(remove),
        })
    }

    fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
