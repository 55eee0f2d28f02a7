//! One line of JSON for each round, and the sums over such lines.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use semisync_live_tests::console::{OrStop, Stop, say};
use serde_json::{Value, json};

use crate::plan::Plan;
use crate::question::Answer;
use crate::round::Outcome;

/// What is added up.
const SUMS: [&str; 11] = [
    "commits",
    "confirmed",
    "doubtful",
    "untold",
    "lost",
    "extra_untold",
    "extra_doubtful",
    "afterwards",
    "anomalies",
    "seen_and_lost",
    "took_ms",
];

/// Of whatever question: what was planned.
fn planned(plan: &Plan) -> Value {
    let transports = plan.replicas().map(|one| plan.transports[one].to_string());
    json!({
        "round": plan.number,
        "seed": plan.seed,
        "source": plan.source + 1,
        "plan": plan.to_string(),
        "ending": plan.ending.to_string(),
        "transports": transports.collect::<Vec<_>>(),
        "troubles": plan.troubles.iter().map(|one| one.trouble.kind()).collect::<Vec<_>>(),
    })
}

fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(all), Value::Object(more)) = (&mut value, more) {
        all.extend(more);
    }
    value
}

pub fn of_outcome(plan: &Plan, outcome: &Outcome) -> Value {
    let shown: Vec<u64> = outcome.lost.iter().copied().take(20).collect();
    let more = json!({
        "commits": outcome.commits,
        "confirmed": outcome.confirmed,
        "doubtful": outcome.doubtful,
        "untold": outcome.untold,
        "lost": outcome.lost.len(),
        "lost_ids": shown,
        "extra_untold": outcome.extra_untold,
        "extra_doubtful": outcome.extra_doubtful,
        "afterwards": outcome.afterwards,
        "stall_ms": millis(outcome.stall.time),
        "stall_reasons": outcome.stall.reasons,
        "took_ms": millis(outcome.took),
    });
    with(planned(plan), more)
}

pub fn of_answer(plan: &Plan, answer: &Answer) -> Value {
    let shown = answer.anomalies.iter().take(20).map(ToString::to_string);
    let more = json!({
        "commits": answer.transactions,
        "confirmed": answer.ok,
        "untold": answer.unknown,
        "anomalies": answer.anomalies.len(),
        "shown": shown.collect::<Vec<_>>(),
        "seen_and_lost": answer.seen_and_lost(),
        "took_ms": millis(answer.took),
    });
    with(planned(plan), more)
}

pub fn of_broken(plan: &Plan, reason: &str) -> Value {
    with(planned(plan), json!({ "broken": reason }))
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The rounds so far, those of earlier runs included.
pub struct Records {
    /// What all lines have in common: seed, series, libraries, question.
    head: Value,
    pub lines: Vec<Value>,
    file: Option<PathBuf>,
}

impl Records {
    /// Goes on where `file` ends, if there is one.
    pub fn open(file: Option<&Path>, head: Value) -> Result<Records, Stop> {
        let mut records = Records {
            head,
            lines: Vec::new(),
            file: file.map(Path::to_owned),
        };
        let Some(path) = file.filter(|path| path.exists()) else {
            return Ok(records);
        };
        let text = fs::read_to_string(path).or_stop(path.display())?;
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).or_stop(path.display())?;
            if line["of"] != records.head {
                let why = format!(
                    "{} is of another run: {}, not {}",
                    path.display(),
                    line["of"],
                    records.head
                );
                return Err(Stop::misused(why));
            }
            records.lines.push(line);
        }
        Ok(records)
    }

    pub fn last_round(&self) -> u64 {
        let rounds = self.lines.iter().filter_map(|line| line["round"].as_u64());
        rounds.max().unwrap_or(0)
    }

    pub fn add(&mut self, record: Value) -> Result<(), Stop> {
        let line = with(record, json!({ "of": self.head }));
        if let Some(path) = &self.file {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let mut file = file.or_stop(path.display())?;
            writeln!(file, "{line}").or_stop(path.display())?;
        }
        self.lines.push(line);
        Ok(())
    }

    pub fn sum(&self, what: &str) -> u64 {
        self.lines
            .iter()
            .filter_map(|line| line[what].as_u64())
            .sum()
    }

    pub fn broken(&self) -> Vec<String> {
        let broken = self.lines.iter().filter(|line| line["broken"].is_string());
        broken
            .map(|line| format!("round {}: {}", line["round"], line["broken"]))
            .collect()
    }

    /// The sums, for people and in a file for programs.
    pub fn tell(&self, report: &Path) -> Result<(), Stop> {
        let mut sums = json!({ "of": self.head, "rounds": self.lines.len() });
        let here = |what: &&str| self.lines.iter().any(|line| line[*what].is_u64());
        let named: BTreeMap<&str, u64> = SUMS
            .into_iter()
            .filter(here)
            .map(|what| (what, self.sum(what)))
            .collect();
        say(format!("rounds          {}", self.lines.len()));
        for (what, sum) in &named {
            say(format!("{what:<15} {sum}"));
            sums[*what] = json!(sum);
        }
        if let Some(line) = self
            .lines
            .iter()
            .max_by_key(|line| line["stall_ms"].as_u64())
            && line["stall_ms"].is_u64()
        {
            let (time, round) = (&line["stall_ms"], &line["round"]);
            let reasons = &line["stall_reasons"];
            say(format!(
                "longest stall   {time} ms in round {round}: {reasons}"
            ));
            sums["longest_stall"] = json!({"ms": time, "round": round, "reasons": reasons});
        }
        for (title, counts) in [
            ("endings", self.count("ending")),
            ("troubles", self.count("troubles")),
        ] {
            let words: Vec<String> = counts
                .iter()
                .map(|(what, count)| format!("{what} {count}"))
                .collect();
            say(format!("{title:<15} {}", words.join(", ")));
            sums[title] = json!(counts);
        }
        let broken = self.broken();
        for line in &broken {
            say(format!("broken          {line}"));
        }
        sums["broken"] = json!(broken);
        fs::write(report, format!("{sums:#}\n")).or_stop(report.display())
    }

    fn count(&self, what: &str) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for line in &self.lines {
            let one = std::slice::from_ref(&line[what]);
            let words = line[what].as_array().map_or(one, Vec::as_slice);
            for word in words.iter().filter_map(Value::as_str) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_where_its_file_ends_and_no_other_run_does() {
        let path = std::env::temp_dir().join(format!("chaos-records-{}", std::process::id()));
        let head = json!({"seed": 1});
        let mut records = Records::open(Some(&path), head.clone()).expect("a new file");
        for round in 1..=2 {
            let line = json!({"round": round, "lost": 3, "troubles": ["a", "b"]});
            records.add(line).expect("a line");
        }
        let again = Records::open(Some(&path), head).expect("the same run");
        let other = Records::open(Some(&path), json!({"seed": 2}));
        fs::remove_file(&path).expect("a file to remove");
        assert_eq!((again.last_round(), again.sum("lost")), (2, 6));
        assert_eq!(again.count("troubles")["b"], 2);
        assert!(matches!(other, Err(Stop::Misused(_))));
    }
}
