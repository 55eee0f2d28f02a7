//! Which suites there are, what they are called, and what each is about.

use std::fs;

use semisync_live_tests::console::Stop;
use semisync_live_tests::{known_series, product, repository};

pub const DEFAULT_SERIES: &str = "9.7";
/// The series, beside the default one, in whose servers the live suites run.
pub const ALSO: [&str; 1] = ["5.6"];
/// Stands for all live suites of a series.
const LIVE: &str = "live";
/// These choose their servers themselves, so they run once.
const MIXED: [&str; 3] = ["foreign", "interop", "mariadb"];
/// In a whole run these run in the default series alone, because they take long. MYSQL_SERIES=5.6
/// runs them there.
const IN_ONE_SERIES: [&str; 4] = ["history", "leaks", "network", "power_loss"];

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    Lint,
    Core,
    Units,
    Series,
    Abi,
    Instructions,
    Interleavings,
    Fuzz,
    Memcheck,
    Demo,
    Package,
    Docker,
    /// The file `tests/live/tests/<test>.rs`, in a server of the series.
    Live {
        series: String,
        test: String,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suite {
    pub name: String,
    pub kind: Kind,
}

/// When a suite runs, and beside which others. What runs beside others claims nothing about
/// time but bounds that are far off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Alone: it compiles, on all cores.
    First,
    /// One after the other: each leaves a part of the cores.
    Second,
    /// Takes what those leave, and goes on as long as it needs.
    BesideSecond,
    /// The live suites of one series at once.
    Live,
    /// Beside the live suites, in one of two rows: it mostly waits, for servers, packages and
    /// containers.
    BesideLive(usize),
}

pub struct Catalogue {
    /// The series that the run is about.
    pub series: String,
    /// MYSQL_SERIES asks for this series alone. Its server may have been made by hand.
    pub alone: bool,
    suites: Vec<Suite>,
}

impl Catalogue {
    pub fn from_environment() -> Catalogue {
        let asked = std::env::var("MYSQL_SERIES").ok();
        Catalogue::of(asked.filter(|series| !series.is_empty()), &live_tests())
    }

    /// `asked`: what MYSQL_SERIES says. `tests`: the files of tests/live/tests.
    pub fn of(asked: Option<String>, tests: &[String]) -> Catalogue {
        let alone = asked.is_some();
        let series = asked.unwrap_or_else(|| DEFAULT_SERIES.to_owned());
        let pure: Vec<&String> = tests
            .iter()
            .filter(|test| !MIXED.contains(&test.as_str()))
            .collect();
        let mut suites = named([
            ("lint", Kind::Lint),
            ("core", Kind::Core),
            ("units", Kind::Units),
        ]);
        if alone {
            suites.extend(pure.iter().map(|test| live(test, test, &series)));
        } else {
            suites.extend(named([
                ("series", Kind::Series),
                ("abi", Kind::Abi),
                ("instructions", Kind::Instructions),
                ("interleavings", Kind::Interleavings),
                ("memcheck", Kind::Memcheck),
            ]));
            suites.extend(tests.iter().map(|test| live(test, test, &series)));
            for other in ALSO {
                let name = |test: &str| format!("{other}:{test}");
                let short = pure
                    .iter()
                    .filter(|test| !IN_ONE_SERIES.contains(&test.as_str()));
                suites.extend(short.map(|test| live(&name(test), test, other)));
            }
            suites.extend(named([
                ("demo", Kind::Demo),
                ("package", Kind::Package),
                ("docker", Kind::Docker),
                ("fuzz", Kind::Fuzz),
            ]));
        }
        Catalogue {
            series,
            alone,
            suites,
        }
    }

    /// The series in whose servers nothing runs: their libraries need not be fast (`ci/build`).
    pub fn quick(&self) -> String {
        let runs = |series: &String| *series == self.series || ALSO.contains(&series.as_str());
        let mut all = known_series();
        all.retain(|series| !runs(series));
        all.join(" ")
    }

    /// The suites named, each once, or all.
    pub fn choose(&self, names: &[String]) -> Result<Vec<Suite>, Stop> {
        if !known_series().contains(&self.series) {
            let there_are = known_series().join(" ");
            return Err(Stop::misused(format!(
                "no such server series: '{}' (there are: {there_are})",
                self.series
            )));
        }
        let mut chosen: Vec<Suite> = Vec::new();
        for name in names {
            for suite in self.named(name)? {
                if !chosen.contains(suite) {
                    chosen.push(suite.clone());
                }
            }
        }
        if chosen.is_empty() {
            chosen.clone_from(&self.suites);
        }
        Ok(chosen)
    }

    /// The suite of that name; all live ones of a series for `live` or `5.6:live`.
    fn named(&self, name: &str) -> Result<Vec<&Suite>, Stop> {
        if name.starts_with('-') {
            return Err(Stop::misused(format!("unknown option '{name}'")));
        }
        let series = match name.strip_suffix(LIVE) {
            Some("") => Some(self.series.as_str()),
            Some(prefix) => prefix.strip_suffix(':'),
            None => None,
        };
        let fits = |suite: &&Suite| match series {
            Some(series) => suite.series().is_some_and(|own| own == series),
            None => suite.name == name,
        };
        let found: Vec<&Suite> = self.suites.iter().filter(fits).collect();
        if found.is_empty() {
            return Err(Stop::misused(format!(
                "no such suite: '{name}' (ci/test --list names them)"
            )));
        }
        Ok(found)
    }

    pub fn list(&self) {
        for suite in &self.suites {
            println!("{:<20} {}", suite.name, suite.about());
        }
    }
}

impl Suite {
    /// When it runs.
    pub fn place(&self) -> Place {
        match self.kind {
            Kind::Lint | Kind::Core | Kind::Units | Kind::Series => Place::First,
            Kind::Abi | Kind::Instructions | Kind::Interleavings | Kind::Memcheck => Place::Second,
            Kind::Fuzz => Place::BesideSecond,
            Kind::Live { .. } => Place::Live,
            Kind::Demo | Kind::Docker => Place::BesideLive(0),
            Kind::Package => Place::BesideLive(1),
        }
    }

    /// The series of the server that a live suite runs in.
    pub fn series(&self) -> Option<&String> {
        match &self.kind {
            Kind::Live { series, .. } => Some(series),
            _ => None,
        }
    }

    pub fn about(&self) -> String {
        let text = match &self.kind {
            Kind::Lint => "format, lints, documentation, dependencies, circles, scripts",
            Kind::Core => "the pure logic: needs neither clang nor a server",
            Kind::Units => "unit tests of the other crates",
            Kind::Series => {
                "the libraries of every series: they build, are in order and have no lints"
            }
            Kind::Abi => "the declarations of each series compared with real servers (ci/abi)",
            Kind::Instructions => "what each hook costs, in instructions (ci/instructions)",
            Kind::Interleavings => {
                "the source side in many orders of its threads (ci/interleavings)"
            }
            Kind::Memcheck => {
                "the libraries in a source and a replica under valgrind (ci/memcheck)"
            }
            Kind::Fuzz => "the inputs of fuzz/corpus, and a short search for others (ci/fuzz)",
            Kind::Demo => {
                return format!("ci/demo with both vocabularies, and with MySQL {}", ALSO[0]);
            }
            Kind::Package => "the packages of every series, in a clean system (ci/package --test)",
            Kind::Docker => "a source and two replicas in containers (ci/docker)",
            Kind::Live { series, test } => {
                let about = first_clause(test);
                return match self.name.contains(':') {
                    true => format!("{about}, in {}", product(series)),
                    false => about,
                };
            }
        };
        text.to_owned()
    }
}

fn named<const N: usize>(suites: [(&str, Kind); N]) -> Vec<Suite> {
    let suite = |(name, kind): (&str, Kind)| Suite {
        name: name.to_owned(),
        kind,
    };
    suites.into_iter().map(suite).collect()
}

fn live(name: &str, test: &str, series: &str) -> Suite {
    Suite {
        name: name.to_owned(),
        kind: Kind::Live {
            series: series.to_owned(),
            test: test.to_owned(),
        },
    }
}

fn live_tests() -> Vec<String> {
    let dir = repository().join("tests/live/tests");
    let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let files = entries.flatten().map(|entry| entry.path());
    let sources = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let names = sources.filter_map(|path| path.file_stem().map(|stem| stem.to_owned()));
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    names
}

/// What the file of a live suite says of itself, up to the first stop.
fn first_clause(test: &str) -> String {
    let file = repository().join(format!("tests/live/tests/{test}.rs"));
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let sentence = words.join(" ");
    let ends = [": ", "; ", ". "].map(|sign| sentence.find(sign).unwrap_or(sentence.len()));
    let end = ends.into_iter().min().unwrap_or(sentence.len());
    sentence[..end].trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(suites: &[Suite]) -> Vec<&str> {
        suites.iter().map(|suite| suite.name.as_str()).collect()
    }

    fn catalogue(asked: Option<&str>) -> Catalogue {
        let tests = ["commit", "interop"].map(str::to_owned);
        Catalogue::of(asked.map(str::to_owned), &tests)
    }

    #[test]
    fn a_whole_run_has_every_live_suite_once_for_each_series() {
        let catalogue = catalogue(None);
        let all = catalogue.choose(&[]).expect("a choice");
        let expected = [
            "lint",
            "core",
            "units",
            "series",
            "abi",
            "instructions",
            "interleavings",
            "memcheck",
            "commit",
            "interop",
            "5.6:commit",
            "demo",
            "package",
            "docker",
            "fuzz",
        ];
        assert_eq!(names(&all), expected);
    }

    #[test]
    fn a_run_for_one_series_leaves_out_what_is_not_about_it() {
        let catalogue = catalogue(Some("5.7"));
        let all = catalogue.choose(&[]).expect("a choice");
        assert_eq!(names(&all), ["lint", "core", "units", "commit"]);
    }

    #[test]
    fn libraries_that_run_in_servers_are_those_that_users_have() {
        let quick = catalogue(None).quick();
        assert_eq!(quick, "5.7 8.0 8.4 mariadb-10.1 mariadb-5.5");
        let quick = catalogue(Some("5.7")).quick();
        assert_eq!(quick, "8.0 8.4 9.7 mariadb-10.1 mariadb-5.5");
    }

    #[test]
    fn suites_run_once_and_in_the_order_asked_for() {
        let asked = ["units", "core", "units"].map(str::to_owned);
        let chosen = catalogue(None).choose(&asked).expect("a choice");
        assert_eq!(names(&chosen), ["units", "core"]);
    }

    #[test]
    fn one_word_stands_for_the_live_suites_of_a_series() {
        for (asked, expected) in [
            ("live", vec!["commit", "interop"]),
            ("5.6:live", vec!["5.6:commit"]),
        ] {
            let chosen = catalogue(None).choose(&[asked.to_owned()]);
            assert_eq!(names(&chosen.expect("a choice")), expected);
        }
        let chosen = catalogue(Some("5.7")).choose(&["live".to_owned()]);
        assert_eq!(names(&chosen.expect("a choice")), ["commit"]);
    }

    #[test]
    fn what_is_not_there_is_a_misuse() {
        for asked in ["comit", "--lits", "5.7:commit", "5.7:live", "alive"] {
            let answer = catalogue(None).choose(&[asked.to_owned()]);
            assert!(
                matches!(answer, Err(Stop::Misused(_))),
                "{asked}: {answer:?}"
            );
        }
        let unknown = catalogue(Some("4.1")).choose(&[]);
        assert!(matches!(unknown, Err(Stop::Misused(_))), "{unknown:?}");
    }
}
