//! `docs/history.md` and the tests fit together: the page names every case, and each test and each
//! scenario that the page names exists.

use std::fs;

use semisync_live_tests::known_failures::CASES;
use semisync_live_tests::repository;

fn read(path: &str) -> Option<String> {
    fs::read_to_string(repository().join(path)).ok()
}

fn page() -> String {
    read("docs/history.md").expect("the page")
}

/// What stands between backquotes.
fn quoted(page: &str) -> Vec<&str> {
    page.split('`').skip(1).step_by(2).collect()
}

/// `suite::test`, or `core::test`.
fn tests_named(page: &str) -> Vec<(&str, &str)> {
    let is_word = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
    };
    let pairs = quoted(page)
        .into_iter()
        .filter_map(|text| text.split_once("::"));
    pairs
        .filter(|(suite, test)| is_word(suite) && is_word(test))
        .collect()
}

fn exists(suite: &str, test: &str) -> bool {
    let has = |text: &str| text.contains(&format!("fn {test}("));
    if suite != "core" {
        return read(&format!("tests/live/tests/{suite}.rs")).is_some_and(|text| has(&text));
    }
    let mut dirs = vec![repository().join("src/core")];
    while let Some(dir) = dirs.pop() {
        for path in fs::read_dir(dir)
            .expect("a directory")
            .flatten()
            .map(|entry| entry.path())
        {
            match path.is_dir() {
                true => dirs.push(path),
                false if fs::read_to_string(&path).is_ok_and(|text| has(&text)) => return true,
                false => {}
            }
        }
    }
    false
}

#[test]
fn each_test_that_the_page_names_exists() {
    let page = page();
    let named = tests_named(&page);
    assert!(named.len() > 30, "only {} tests are named", named.len());
    let missing: Vec<_> = named
        .iter()
        .filter(|(suite, test)| !exists(suite, test))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

/// The names of scenarios of `ci/interleavings`: `scenario `, or `scenarios `, and what follows.
fn scenarios_named(page: &str) -> Vec<&str> {
    let is_word = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let sentences = page.split("scenario").skip(1);
    let sentences = sentences.filter_map(|rest| rest.trim_start_matches('s').split('.').next());
    let quoted = sentences.flat_map(quoted);
    quoted.filter(is_word).collect()
}

#[test]
fn each_scenario_that_the_page_names_exists() {
    let page = page();
    let named = scenarios_named(&page);
    assert!(named.len() > 15, "only {} scenarios are named", named.len());
    let dir = repository().join("tests/interleavings/src/scenarios");
    let files = fs::read_dir(dir).expect("the scenarios").flatten();
    let texts: Vec<_> = files
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .collect();
    let exists = |name: &str| {
        let line = format!("name: \"{name}\",");
        texts.iter().any(|text| text.contains(&line))
    };
    let missing: Vec<_> = named.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "no such scenarios: {missing:?}");
    assert!(!exists("a_scenario_that_nobody_wrote"));
}

#[test]
fn the_page_names_each_case_and_each_public_number() {
    let page = page();
    let quoted = quoted(&page);
    for case in &CASES {
        assert!(
            quoted.contains(&case.name),
            "no case {} in the page",
            case.name
        );
        for number in case.numbers {
            assert!(page.contains(number), "no {number} in the page");
        }
    }
}

#[test]
fn what_is_no_test_is_found_out() {
    assert!(!exists("history", "a_test_that_nobody_wrote"));
    assert!(!exists("no_suite", "enable"));
    assert_eq!(
        tests_named("`a::b` and `semi-sync` c::d `E::f`"),
        [("a", "b")]
    );
}
