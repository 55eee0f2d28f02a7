//! What was asked for.

use std::path::PathBuf;

use semisync_live_tests::arguments::Arguments;
use semisync_live_tests::console::Stop;
use semisync_live_tests::known_failures::{CASES, Case, Side};
use semisync_live_tests::{Dialect, target_dir};

pub const USAGE: &str = "\
usage: ci/stock-failures [--help] [OPTION...] [CASE...]

Tries the known failures of semi-sync in real servers: with the server's own libraries (stock), in
MariaDB, whose semi-sync is built in, and with ours. docs/history.md tells of each. A CASE is a name
of the list, a public number (104015, MDEV-33551), or the kind of several; all of them take some
twelve minutes. Each is tried on each side; `holds` means that the failure did not show.
  --list         lists the cases and ends
  --sides A,B    of stock, ours, 10.11, 11.8, these alone (the last two are MariaDB's series)
  --json FILE    where results for programs go (default target/stock-failures.json); results of
                 earlier runs stay there
$MYSQL_SERIES says whose stock it is (default 9.7; 5.7 by hand, see ci/setup --help).
The exit status is 1 if a failure shows with ours that is not the server's own doing.
";

#[derive(Debug)]
pub struct Plan {
    pub cases: Vec<&'static Case>,
    pub sides: Vec<Side>,
    pub json: PathBuf,
    pub list: bool,
}

impl Plan {
    pub fn from(arguments: Vec<String>) -> Result<Plan, Stop> {
        let mut plan = Plan {
            cases: Vec::new(),
            sides: all_sides(),
            json: target_dir().join("stock-failures.json"),
            list: false,
        };
        let mut arguments = Arguments::new(arguments);
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--list" => plan.list = true,
                "--json" => plan.json = PathBuf::from(arguments.value(&option)?),
                "--sides" => plan.sides = sides(&arguments.value(&option)?)?,
                _ if option.starts_with('-') => {
                    return Err(Stop::misused(format!("unknown option '{option}'")));
                }
                _ => plan.add(&option)?,
            }
        }
        if plan.cases.is_empty() {
            plan.cases = CASES.iter().collect();
        }
        Ok(plan)
    }

    fn add(&mut self, word: &str) -> Result<(), Stop> {
        let found: Vec<&Case> = CASES.iter().filter(|case| case.is_meant_by(word)).collect();
        if found.is_empty() {
            let why = format!("no such case: '{word}' (ci/stock-failures --list has them)");
            return Err(Stop::misused(why));
        }
        for case in found {
            if !self.cases.iter().any(|known| known.name == case.name) {
                self.cases.push(case);
            }
        }
        Ok(())
    }
}

fn all_sides() -> Vec<Side> {
    let series = Dialect::of_run().series().to_owned();
    vec![
        Side::Stock(series.clone()),
        Side::Ours(series),
        Side::MariaDb("mariadb-10.11"),
        Side::MariaDb("mariadb-11.8"),
    ]
}

fn sides(words: &str) -> Result<Vec<Side>, Stop> {
    let side = |word: &str| {
        let mut all = all_sides().into_iter();
        let found = all.find(|side| side.word() == word);
        found.ok_or_else(|| Stop::misused(format!("no such side: '{word}'")))
    };
    words.split(',').map(side).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Plan, Stop> {
        Plan::from(line.split_whitespace().map(str::to_owned).collect())
    }

    fn names(line: &str) -> Vec<&'static str> {
        let plan = plan(line).expect("a plan");
        plan.cases.iter().map(|case| case.name).collect()
    }

    #[test]
    fn a_case_is_found_by_its_name_and_by_its_public_number() {
        let by_name = names("two-of-three");
        assert_eq!(by_name, ["two-of-three"]);
        assert_eq!(names("109829"), by_name);
        assert_eq!(names("109829 two-of-three"), by_name);
        assert_eq!(names("mdev-33551"), names("MDEV-33551"));
        assert!(names("crashes").len() > 2);
    }

    #[test]
    fn without_words_all_cases_run_on_all_sides() {
        let plan = plan("").expect("a plan");
        assert_eq!((plan.cases.len(), plan.sides.len()), (CASES.len(), 4));
    }

    #[test]
    fn what_is_not_there_is_a_misuse() {
        for line in [
            "1098",
            "829",
            "--sides ours,theirs",
            "--sides",
            "--lits",
            "MDEV-1",
        ] {
            assert!(matches!(plan(line), Err(Stop::Misused(_))), "{line}");
        }
    }
}
