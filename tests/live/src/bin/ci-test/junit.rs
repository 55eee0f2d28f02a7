//! The JUnit file that `cargo nextest` writes: which tests ran in which program, how each ended.

use std::path::Path;
use std::time::Duration;

use roxmltree::{Document, Node};
use semisync_live_tests::console::{OrStop, Stop};

/// What one test program did, or several.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Tests {
    pub passed: usize,
    pub failed: usize,
    /// Those that failed, where they are known.
    pub failures: Vec<Failure>,
    /// The sum over the tests; they may have run side by side.
    pub time: Duration,
}

/// A test that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    pub name: String,
    /// What nextest found in the test's output to be the reason: mostly a panic and its place.
    pub reason: String,
}

impl Tests {
    pub fn ran(&self) -> bool {
        self.passed + self.failed > 0
    }

    pub fn add(&mut self, other: &Tests) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend_from_slice(&other.failures);
        self.time += other.time;
    }
}

/// Each test program by nextest's name for it: `semisync-core`, or `semisync-live-tests::commit`.
pub type Programs = Vec<(String, Tests)>;

pub fn read(file: &Path) -> Result<Programs, Stop> {
    let text = std::fs::read_to_string(file).or_stop(file.display())?;
    parse(&text).or_stop(file.display())
}

fn parse(text: &str) -> Result<Programs, roxmltree::Error> {
    let document = Document::parse(text)?;
    let suites = document
        .descendants()
        .filter(|node| node.has_tag_name("testsuite"));
    Ok(suites.map(program).collect())
}

fn program(suite: Node) -> (String, Tests) {
    let mut tests = Tests::default();
    for case in suite
        .children()
        .filter(|node| node.has_tag_name("testcase"))
    {
        let seconds = case.attribute("time").and_then(|time| time.parse().ok());
        let time = Duration::try_from_secs_f64(seconds.unwrap_or_default());
        tests.time += time.unwrap_or_default();
        let bad = |node: &Node| node.has_tag_name("failure") || node.has_tag_name("error");
        let Some(bad) = case.children().find(bad) else {
            tests.passed += 1;
            continue;
        };
        tests.failed += 1;
        tests.failures.push(Failure {
            name: case.attribute("name").unwrap_or_default().to_owned(),
            reason: bad.text().unwrap_or_default().trim().to_owned(),
        });
    }
    (
        suite.attribute("name").unwrap_or_default().to_owned(),
        tests,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_its_tests_and_those_that_failed_with_the_reason() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="nextest-run" tests="3" failures="1" errors="0">
              <testsuite name="live::commit" tests="3" disabled="0" errors="0" failures="1">
                <testcase name="a" classname="live::commit" time="1.5"></testcase>
                <testcase name="b::c" classname="live::commit" time="0.25">
                  <failure message="no" type="test failure">at line 3</failure>
                </testcase>
                <testcase name="d" classname="live::commit" time="0.25"/>
              </testsuite>
            </testsuites>"#;
        let expected = Tests {
            passed: 2,
            failed: 1,
            failures: vec![Failure {
                name: "b::c".to_owned(),
                reason: "at line 3".to_owned(),
            }],
            time: Duration::from_secs(2),
        };
        assert_eq!(parse(text), Ok(vec![("live::commit".to_owned(), expected)]));
    }
}
