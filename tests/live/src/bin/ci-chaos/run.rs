//! Rounds one after the other, and what becomes of a round that broke.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use semisync_live_tests::console::{OrStop, Stop, say, seconds, wait_if_interrupted};
use semisync_live_tests::{Libraries, lock, target_dir};
use serde_json::{Value, json};

use crate::options::Options;
use crate::plan::{Plan, Question, Terms};
use crate::records::{self, Records};
use crate::stage::Stage;
use crate::{question, round};

/// More broken rounds than these, and something is wrong with the machine.
const TOO_MANY: usize = 10;

/// What the first thread said that panicked, since the last look.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps what a panic says, for the record of its round.
pub fn listen_to_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        lock(&PANIC).get_or_insert_with(|| info.to_string());
        usual(info);
    }));
}

/// The rounds that the options ask for.
pub fn rounds(stage: &mut Stage, terms: &Terms, options: &Options) -> Result<Records, Stop> {
    let libraries = match Libraries::are_ours() {
        true => "ours",
        false => "stock",
    };
    let head = json!({
        "seed": terms.seed,
        "series": stage.dialect.series(),
        "libraries": libraries,
        "question": match terms.question {
            Question::Confirmed => "confirmed",
            Question::Seen => "seen",
        },
        "planted": terms.planted,
    });
    let mut all = Records::open(options.append.as_deref(), head)?;
    let begun = Instant::now();
    let numbers = match options.only {
        Some(number) => number..=number,
        None => all.last_round() + 1..=options.rounds,
    };
    for number in numbers {
        if options.limit.is_some_and(|limit| begun.elapsed() >= limit) {
            break;
        }
        let plan = Plan::throw(number, terms, stage);
        let record = one(stage, &plan, terms.question);
        let broken = record["broken"].is_string();
        all.add(record)?;
        if broken {
            keep_logs(stage, number)?;
            stage.rebuild();
        }
        if all.broken().len() > TOO_MANY {
            break;
        }
    }
    Ok(all)
}

fn one(stage: &Stage, plan: &Plan, question: Question) -> Value {
    lock(&PANIC).take();
    let begun = Instant::now();
    let record = catch_unwind(AssertUnwindSafe(|| match question {
        Question::Confirmed => records::of_outcome(plan, &round::run(stage, plan)),
        Question::Seen => records::of_answer(plan, &question::run(stage, plan)),
    }));
    let record = record.unwrap_or_else(|_| {
        wait_if_interrupted();
        let words = lock(&PANIC).take();
        records::of_broken(plan, &words.unwrap_or_default())
    });
    let result = match (&record["broken"], question) {
        (Value::String(reason), _) => format!("BROKEN: {reason}"),
        (_, Question::Confirmed) => format!(
            "{} confirmed, {} lost, stall {} ms",
            record["confirmed"], record["lost"], record["stall_ms"]
        ),
        (_, Question::Seen) => format!(
            "{} transactions, {} anomalies",
            record["commits"], record["anomalies"]
        ),
    };
    let took = seconds(begun.elapsed());
    say(format!("{:>4}  {result}  ({plan}; {took})", plan.number));
    for line in record["shown"].as_array().into_iter().flatten().take(3) {
        say(format!("      {line}"));
    }
    record
}

/// The error logs of a broken round, for people.
fn keep_logs(stage: &Stage, number: u64) -> Result<(), Stop> {
    let dir = target_dir().join("chaos-broken");
    fs::create_dir_all(&dir).or_stop(dir.display())?;
    for server in &stage.servers {
        let id = server.server_id();
        let file = dir.join(format!("round-{number}-server-{id}.log"));
        fs::write(&file, server.log()).or_stop(file.display())?;
    }
    say(format!("      the servers' logs are in {}", dir.display()));
    Ok(())
}

/// Where the sums are, for programs.
pub fn report() -> std::path::PathBuf {
    target_dir().join("chaos.json")
}

/// Fails if something was lost, seen and lost, or not tried at all.
pub fn verdict(all: &Records, file: &Path) -> Result<String, Stop> {
    all.tell(file)?;
    let (lost, anomalies) = (all.sum("lost"), all.sum("anomalies"));
    let broken = all.broken().len();
    let bad = [
        (lost, "confirmed commits are lost"),
        (anomalies, "anomalies"),
        (broken as u64, "rounds broke"),
        (
            u64::from(all.sum("confirmed") == 0),
            "run that confirmed nothing",
        ),
    ];
    let bad: Vec<String> = bad
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if !bad.is_empty() {
        return Err(Stop::failed(bad.join(", ")));
    }
    let (rounds, confirmed) = (all.lines.len(), all.sum("confirmed"));
    Ok(format!(
        "{rounds} rounds, {confirmed} commits confirmed, none lost"
    ))
}
