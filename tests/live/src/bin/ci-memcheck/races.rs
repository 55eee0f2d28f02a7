//! Data races, and locks in two orders: what ThreadSanitizer reports.

use std::collections::BTreeMap;
use std::process::Command;

use semisync_live_tests::console::{Stop, step, text_of};

use crate::sanitizer::Sanitizer;
use crate::story::{self, SERVERS};
use crate::thread_reports::{self, DATA_RACE, Frame, Report};
use crate::verdict::{Verdict, Whose};

/// What the planted library must be reported for.
const PLANTED: [&str; 2] = [DATA_RACE, "lock-order-inversion"];

/// A race that is none, by the function that makes one of its accesses.
struct Known {
    function: &'static str,
    why: &'static str,
}

const KNOWN: [Known; 1] = [Known {
    function: "::drop_slow",
    why: "the last owner of an Arc gives its memory back. All others have let go of it before \
          (`fetch_sub`, Release), which a fence (Acquire) makes certain. ThreadSanitizer does not \
          know fences; a standard library that was built for it would do without (alloc/sync.rs)",
}];

pub fn check(rounds: u32) -> Result<String, Stop> {
    let sanitizer = Sanitizer::prepare()?;
    story::tell(&sanitizer, rounds)?;
    step("What ThreadSanitizer has reported");
    let mut verdict = Verdict::of("ThreadSanitizer", PLANTED);
    for server in SERVERS {
        let reports = thread_reports::read(&sanitizer.words(server)?);
        let own: Vec<&Report> = reports.iter().filter(|one| one.is_ours()).collect();
        let places = places(&sanitizer, &own)?;
        let each = reports
            .iter()
            .map(|one| (one.kind.as_str(), whose(one, &places)));
        verdict.add(server, &each.collect::<Vec<_>>())?;
    }
    verdict.end()
}

fn whose(report: &Report, places: &BTreeMap<Frame, String>) -> Whose {
    if report.is_planted() {
        return Whose::Planted;
    }
    if !report.is_ours() {
        return Whose::Servers;
    }
    let place = |frame: &Frame| places.get(frame).cloned();
    let ours = || Whose::Ours(report.lines(place));
    known(report, places).map_or_else(ours, Whose::Known)
}

fn known(report: &Report, places: &BTreeMap<Frame, String>) -> Option<&'static str> {
    let words: Vec<_> = report
        .accesses()
        .filter_map(|frame| places.get(frame))
        .collect();
    let is_in = |known: &&Known| words.iter().any(|place| place.contains(known.function));
    let known = KNOWN
        .iter()
        .find(is_in)
        .filter(|_| report.kind == DATA_RACE);
    known.map(|known| known.why)
}

/// The function and the line of each frame of ours.
fn places(sanitizer: &Sanitizer, reports: &[&Report]) -> Result<BTreeMap<Frame, String>, Stop> {
    let mut places = BTreeMap::new();
    for frame in reports.iter().flat_map(|report| report.own_frames()) {
        if places.contains_key(&frame) {
            continue;
        }
        let mut tool = Command::new("addr2line");
        tool.args(["-Cfipe"]).arg(sanitizer.library(&frame.object));
        let words = text_of(tool.arg(&frame.place))?;
        let words = words.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        places.insert(frame, words);
    }
    Ok(places)
}
