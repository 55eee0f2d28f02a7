//! One series compared: gdb with `tests/abi/check.py` reads both sides and says what differs.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use semisync_live_tests::console::{OrStop, Stop, say, seconds, text_of};
use semisync_live_tests::repository;

use crate::compile::{self, Ours};

/// Where the server's side is seen.
#[derive(Clone, Debug)]
pub struct Server {
    pub mysqld: PathBuf,
    /// The source tree and where it was built; without them the debug information of mysqld counts.
    pub source: Option<PathBuf>,
    pub build: Option<PathBuf>,
    /// Lists of messages, for the numbers of errors.
    pub messages: Vec<PathBuf>,
}

pub struct Comparison {
    pub series: String,
    /// What has the server's types: its mysqld, or an object of its headers.
    pub theirs: PathBuf,
    /// Names of ours that the server's headers lack.
    pub unknown: Vec<String>,
    /// A file with the symbols that mysqld exports.
    pub symbols: PathBuf,
    pub report: Report,
}

/// The counts of one comparison, as check.py writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    series: String,
    counts: [usize; 7],
    pub differences: usize,
}

impl Report {
    fn parse(text: &str) -> Option<Report> {
        let mut words = text.split_whitespace();
        let series = words.next()?.to_owned();
        let numbers: Result<Vec<usize>, _> = words.map(str::parse).collect();
        let numbers: [usize; 8] = numbers.ok()?.try_into().ok()?;
        let [counts @ .., differences] = numbers;
        Some(Report {
            series,
            counts,
            differences,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [
            structures,
            fields,
            hooks,
            constants,
            unseen,
            symbols,
            absent,
        ] = self.counts;
        write!(
            f,
            "{:<13} {structures:>10}  {fields:>6}  {hooks:>5}  ",
            self.series
        )?;
        write!(
            f,
            "{constants:>9}  {unseen:>7}  {symbols:>7}  {absent:>18}  "
        )?;
        match self.differences {
            0 => write!(f, "equal"),
            number => write!(f, "{number} DIFFERENCES"),
        }
    }
}

pub fn compare(series: &str, server: &Server, work: &Path) -> Result<Comparison, Stop> {
    let begun = Instant::now();
    let headers = repository().join("mysql-headers");
    let ours = compile::ours(series, &headers, work.join(format!("ours-{series}.o")))?;
    let mut check = Check::new(series, &ours);
    let (theirs, unknown) = match (&server.source, &server.build) {
        (Some(source), Some(build)) => {
            say(format!("with the headers in {}", source.display()));
            let wanted = check.wanted(&work.join(format!("wanted-{series}")))?;
            let object = work.join(format!("theirs-{series}.o"));
            let unknown = compile::theirs(&wanted, source, build, &object)?;
            (object, unknown)
        }
        _ => {
            say(format!(
                "with the debug information of {}",
                server.mysqld.display()
            ));
            require_debug_information(&server.mysqld)?;
            (server.mysqld.clone(), Vec::new())
        }
    };
    let symbols = work.join(format!("symbols-{series}"));
    fs::write(&symbols, exported(&server.mysqld)?).or_stop(symbols.display())?;
    check.unknown.clone_from(&unknown);
    let sys = repository().join("src/sys/src");
    let (words, report) = check.run(&theirs, server, &symbols, &sys)?;
    print!("{words}");
    say(format!("in {}", seconds(begun.elapsed())));
    Ok(Comparison {
        series: series.to_owned(),
        theirs,
        unknown,
        symbols,
        report,
    })
}

fn require_debug_information(mysqld: &Path) -> Result<(), Stop> {
    let sections = text_of(Command::new("readelf").args(["--wide", "-S"]).arg(mysqld))?;
    if sections.contains(".debug_info") {
        return Ok(());
    }
    let failure = format!("{} has no debug information", mysqld.display());
    Err(Stop::failed(failure).remedy("name its --source"))
}

/// The names of the symbols that a program exports, one a line, without versions.
fn exported(mysqld: &Path) -> Result<String, Stop> {
    let text = text_of(
        Command::new("nm")
            .args(["-D", "--defined-only"])
            .arg(mysqld),
    )?;
    let names = text
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2));
    let names: BTreeSet<&str> = names.filter_map(|name| name.split('@').next()).collect();
    Ok(names.into_iter().map(|name| format!("{name}\n")).collect())
}

/// check.py in a gdb that reads no settings of the user's; its environment tells it everything.
pub struct Check<'a> {
    series: &'a str,
    ours: &'a Ours,
    pub unknown: Vec<String>,
}

impl<'a> Check<'a> {
    pub fn new(series: &'a str, ours: &'a Ours) -> Check<'a> {
        Check {
            series,
            ours,
            unknown: Vec::new(),
        }
    }

    fn gdb(&self) -> Command {
        let home = repository().join("tests/abi");
        let mut gdb = Command::new("gdb");
        gdb.args(["-nx", "-batch", "-x"]).arg(home.join("check.py"));
        gdb.env_remove("DEBUGINFOD_URLS");
        gdb.env("ABI_SERIES", self.series);
        gdb.env("ABI_OURS", &self.ours.object);
        gdb.env("ABI_SYSTEM", &self.ours.system);
        gdb.env("ABI_NAMES", home.join("names"));
        gdb
    }

    /// What an object of the server's headers must hold, as lines of C++.
    fn wanted(&self, file: &Path) -> Result<String, Stop> {
        let mut gdb = self.gdb();
        gdb.env("ABI_THEIRS", "").env("ABI_WANTED", file);
        text_of(&mut gdb)?;
        fs::read_to_string(file).or_stop(file.display())
    }

    /// Compares; tells what check.py says, and the counts.
    pub fn run(
        &self,
        theirs: &Path,
        server: &Server,
        symbols: &Path,
        sys: &Path,
    ) -> Result<(String, Report), Stop> {
        let report = self.ours.object.with_extension("report");
        let messages: Vec<String> = server
            .messages
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let mut gdb = self.gdb();
        gdb.env("ABI_THEIRS", theirs);
        gdb.env("ABI_SYMBOLS", symbols);
        gdb.env("ABI_SYS", sys);
        gdb.env("ABI_UNKNOWN", self.unknown.join(" "));
        gdb.env("ABI_MESSAGES", messages.join(" "));
        gdb.env("ABI_REPORT", &report);
        let words = text_of(&mut gdb)?;
        let text = fs::read_to_string(&report).or_stop(report.display())?;
        let parsed = Report::parse(&text);
        let parsed = parsed.ok_or_else(|| Stop::failed(format!("no report: {text}")))?;
        Ok((words, parsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_all_its_counts_or_is_none() {
        let report = Report::parse("5.6 1 2 3 4 5 6 7 0\n").expect("a report");
        assert_eq!(report.counts, [1, 2, 3, 4, 5, 6, 7]);
        assert!(report.to_string().ends_with("equal"), "{report}");
        let bad = Report::parse("5.6 1 2 3 4 5 6 7 2").expect("a report");
        assert!(bad.to_string().ends_with("2 DIFFERENCES"), "{bad}");
        assert_eq!(Report::parse("5.6 1 2 3"), None);
        assert_eq!(Report::parse(""), None);
    }
}
