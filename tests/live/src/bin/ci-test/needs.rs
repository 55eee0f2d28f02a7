//! What the chosen suites need, and the making of it: tools, servers, libraries.

use std::process::Command;
use std::time::Duration;

use semisync_live_tests::console::{Output, Stop, run, text_of};
use semisync_live_tests::{known_series, servers_dir};

use crate::suites::{ALSO, Catalogue, DEFAULT_SERIES, Kind, Suite};

/// A server is made from packages, a library is compiled: both within an hour, or something hangs.
const PATIENCE: Duration = Duration::from_secs(3600);

#[derive(Default, PartialEq, Eq, Debug)]
pub struct Needs {
    /// The packages of this machine: clang for the bindings.
    host: bool,
    nextest: bool,
    /// What the suite `lint` checks with.
    lint_tools: bool,
    /// Prometheus and its exporter.
    monitoring_tools: bool,
    /// The symbols of the server's C library.
    memcheck: bool,
    servers: Vec<String>,
    /// The series whose libraries are needed.
    libraries: Vec<String>,
    /// The series of the libraries as packages have them.
    portable: Vec<String>,
    /// The series of the libraries with failpoints.
    failpoints: Vec<String>,
    /// The series of MYSQL_SERIES: its server may have been made by hand.
    by_hand: Option<String>,
}

pub fn of(suites: &[Suite], catalogue: &Catalogue) -> Needs {
    let series = catalogue.series.as_str();
    let mut needs = Needs::default();
    if catalogue.alone {
        needs.by_hand = Some(series.to_owned());
    }
    for suite in suites {
        match &suite.kind {
            Kind::Core => needs.nextest = true,
            Kind::Lint => (needs.host, needs.lint_tools) = (true, true),
            Kind::Units | Kind::Fuzz => (needs.host, needs.nextest) = (true, true),
            Kind::Series | Kind::Interleavings => needs.host = true,
            Kind::Abi => {
                add(&mut needs.servers, [series]);
                add(&mut needs.servers, ALSO);
            }
            Kind::Instructions => {
                needs.host = true;
                add(&mut needs.libraries, [series]);
            }
            Kind::Memcheck => {
                needs.host = true;
                needs.memcheck = true;
                add(&mut needs.servers, [series]);
                add(&mut needs.libraries, [series]);
            }
            Kind::Demo => {
                for list in [&mut needs.servers, &mut needs.libraries] {
                    add(list, [series]);
                    add(list, ALSO);
                }
            }
            // It builds its libraries itself.
            Kind::Package => add(&mut needs.servers, [series]),
            Kind::Docker => {
                add(&mut needs.servers, [series]);
                add(&mut needs.libraries, [series]);
            }
            Kind::Live { series: own, test } => {
                needs.nextest = true;
                add(&mut needs.libraries, [series, own]);
                add(&mut needs.failpoints, [series]);
                add(&mut needs.failpoints, ALSO);
                add(&mut needs.servers, [own.as_str()]);
                match test.as_str() {
                    "monitoring" => needs.monitoring_tools = true,
                    "foreign" => {
                        add(&mut needs.servers, ALSO);
                        add(
                            &mut needs.portable,
                            known_series().iter().map(String::as_str),
                        );
                    }
                    "interop" | "mariadb" => {
                        add(&mut needs.servers, ALSO);
                        add(&mut needs.servers, ["mariadb-10.11", "mariadb-11.8"]);
                        add(&mut needs.libraries, ALSO);
                        add(&mut needs.portable, [series, "mariadb-10.1"]);
                        add(&mut needs.portable, ALSO);
                    }
                    _ => {}
                }
            }
        }
    }
    needs
}

fn add<'a>(list: &mut Vec<String>, words: impl IntoIterator<Item = &'a str>) {
    for word in words {
        if !list.iter().any(|one| one == word) {
            list.push(word.to_owned());
        }
    }
}

impl Needs {
    pub fn make(&self, catalogue: &Catalogue) -> Result<(), Stop> {
        let setup = |arguments: &[String]| {
            let mut command = Command::new("ci/setup");
            command.args(arguments);
            well(command, "see its words above")
        };
        let quick = catalogue.quick();
        let build = |flavour: &[&str], series: &[String]| {
            if series.is_empty() {
                return Ok(());
            }
            let mut command = Command::new("ci/build");
            command.args(flavour).args(series);
            command.env("SEMISYNC_QUICK", &quick);
            well(command, "ci/build says above what is wrong")
        };
        if self.lint_tools || (self.nextest && !have_nextest()) {
            setup(&["--tools".to_owned()])?;
        }
        if self.monitoring_tools {
            setup(&["--monitoring-tools".to_owned()])?;
        }
        let is_there = |server: &&String| {
            self.by_hand.as_ref() == Some(*server)
                && servers_dir().join(server).join("version").exists()
        };
        let servers: Vec<String> = self
            .servers
            .iter()
            .filter(|one| !is_there(one))
            .cloned()
            .collect();
        if !servers.is_empty() {
            setup(&servers)?;
        } else if self.host {
            setup(&["--host".to_owned()])?;
        }
        if self.memcheck {
            setup(&["--memcheck".to_owned(), DEFAULT_SERIES.to_owned()])?;
        }
        build(&[], &self.libraries)?;
        build(&["--failpoints"], &self.failpoints)?;
        build(&["--portable"], &self.portable)
    }
}

fn have_nextest() -> bool {
    text_of(Command::new("cargo").args(["nextest", "--version"])).is_ok()
}

/// Runs a command, which must end well.
fn well(mut command: Command, remedy: &str) -> Result<(), Stop> {
    let ended = run(&mut command, PATIENCE, Output::Shown)?;
    let path = command.get_program().to_string_lossy();
    let stop = |stop: Stop| stop.remedy(remedy);
    ended
        .or_failed(format!("{path} did not end well"))
        .map_err(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(name: &str) -> Needs {
        let tests = ["commit", "interop", "monitoring"];
        let catalogue = Catalogue::of(None, &tests.map(str::to_owned));
        let suites = catalogue.choose(&[name.to_owned()]).expect("a suite");
        of(&suites, &catalogue)
    }

    #[test]
    fn the_pure_logic_needs_nothing_but_nextest() {
        let nextest_alone = Needs {
            nextest: true,
            ..Needs::default()
        };
        assert_eq!(needs("core"), nextest_alone);
    }

    #[test]
    fn a_suite_in_another_series_needs_that_server_alone() {
        let needs = needs("5.6:commit");
        assert_eq!(needs.servers, ["5.6"]);
        assert_eq!(needs.libraries, ["9.7", "5.6"]);
        assert!(!needs.monitoring_tools);
    }

    #[test]
    fn monitoring_needs_its_tools_in_every_series() {
        assert!(needs("monitoring").monitoring_tools);
        assert!(needs("5.6:monitoring").monitoring_tools);
    }

    #[test]
    fn suites_that_mix_servers_need_all_of_them() {
        assert_eq!(
            needs("interop").servers,
            ["9.7", "5.6", "mariadb-10.11", "mariadb-11.8"]
        );
    }
}
