//! The program behind `ci/chaos`: is every confirmed commit there after the source's end, whatever
//! goes wrong before, and does no client see what is lost?
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | the verdict on what was asked, and the self-test |
//! | `options.rs` | what is asked for |
//! | `run.rs` | rounds one after the other; broken ones; the verdict |
//! | `records.rs` | a line of JSON for each round, and the sums |
//! | `round.rs` | one round, in which every confirmed commit is looked for |
//! | `question.rs` | one round of Jepsen's question |
//! | `failover.rs` | what both have in common: load, source's end, election, new source |
//! | `lists.rs`, `checker.rs` | clients that append to lists; whether what they saw has an order |
//! | `watch.rs` | whether semi-sync was ON while a client waited |
//! | `operator.rs` | who brings that about |
//! | `trouble.rs` | what goes wrong, or is done by an operator |
//! | `clients.rs` | the clients, and the notes of those that insert rows |
//! | `plan.rs`, `rule.rs` | what happens in a round, thrown with dice |
//! | `diary.rs` | what was done when |
//! | `promote.rs` | what a replica has, and when it has applied all of it |
//! | `stage.rs` | the four servers and their roles |
//! | `threads.rs` | threads of a server that have to be killed |
//! | `hub.rs` | the network: cuts, delays, losses |
//! | `room.rs`, `tun.rs` | a network and a disk for each server |
//! | `kernel.rs` | what the kernel answers, as results |

mod checker;
mod clients;
mod diary;
mod failover;
mod hub;
mod kernel;
mod lists;
mod operator;
mod options;
mod plan;
mod promote;
mod question;
mod records;
mod room;
mod round;
mod rule;
mod run;
mod stage;
mod threads;
mod trouble;
mod tun;
mod watch;

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use semisync_live_tests::console::{OnInterrupt, OrStop, Program, Stop, say, step};
use semisync_live_tests::server::end_all;
use semisync_live_tests::{Dialect, Libraries};

use options::{Mode, Options, USAGE};
use plan::{Question, Terms};
use run::{report, rounds, verdict};
use stage::Stage;

/// Rounds in which a planted fault must be found, at the latest in the last one.
const PLANTED_ROUNDS: u64 = 5;

fn main() -> ExitCode {
    let program = Program {
        name: "ci/chaos",
        usage: USAGE.to_owned(),
    };
    program.run(|arguments| {
        let options = Options::parse(arguments)?;
        if options.stock && std::env::var("SEMISYNC_TEST_LIBS").as_deref() != Ok("stock") {
            return Err(again_with_stock(&options)?);
        }
        chaos(&options)
    })
}

/// The whole harness asks the environment which libraries there are. So this becomes the same
/// program in another environment.
fn again_with_stock(options: &Options) -> Result<Stop, Stop> {
    let program = std::env::current_exe().or_stop("this program")?;
    let error = Command::new(program)
        .args(std::env::args().skip(1))
        .args(["--seed", &options.seed.to_string()])
        .env("SEMISYNC_TEST_LIBS", "stock")
        .exec();
    Ok(Stop::failed(error))
}

fn chaos(options: &Options) -> Result<String, Stop> {
    Libraries::under_test().are_built(Dialect::of_run().series())?;
    let _servers = OnInterrupt::then(end_all);
    run::listen_to_panics();
    step("A source and three replicas, each in a network of its own");
    let mut stage = Stage::build()?;
    say(format!(
        "seed {}, MySQL {}, libraries: {}",
        options.seed,
        stage.dialect.series(),
        if stage.ours { "ours" } else { "stock's" },
    ));
    match options.mode {
        Mode::Rounds(question) => {
            let all = asked(&mut stage, question, options)?;
            verdict(&all, &report())
        }
        Mode::SelfTest => self_test(&mut stage, options),
    }
}

fn asked(
    stage: &mut Stage,
    question: Question,
    options: &Options,
) -> Result<records::Records, Stop> {
    step(match question {
        Question::Confirmed => "Is every confirmed commit there?",
        Question::Seen => "Does any client see what is lost, or what has no order?",
    });
    if question == Question::Seen && !stage.dialect.has_wait_point() {
        return Err(Stop::misused(
            "this series has AFTER_COMMIT alone, which shows what is lost",
        ));
    }
    let terms = Terms::new(stage, options.seed, question, false);
    rounds(stage, &terms, options)
}

/// Faults on purpose: a check that cannot fail proves nothing.
fn self_test(stage: &mut Stage, options: &Options) -> Result<String, Stop> {
    for (question, what, sign) in [
        (
            Question::Confirmed,
            "A source that does not wait, and clients that believe it does",
            "lost",
        ),
        (
            Question::Seen,
            "AFTER_COMMIT, and clients that read what is not confirmed yet",
            "seen_and_lost",
        ),
    ] {
        step(format!("Planted: {what}"));
        let terms = Terms::new(stage, options.seed, question, true);
        let mut found = 0;
        for number in 1..=PLANTED_ROUNDS {
            let options = Options {
                only: Some(number),
                append: None,
                ..options.clone()
            };
            let all = rounds(stage, &terms, &options)?;
            if let Some(reason) = all.broken().first() {
                return Err(Stop::failed(format!("a planted round broke: {reason}")));
            }
            found += all.sum(sign);
            if found > 0 {
                break;
            }
        }
        if found == 0 {
            return Err(Stop::failed(format!(
                "the planted fault was not found: {what}"
            )));
        }
        say(format!("found: {found} {}", sign.replace('_', " ")));
    }
    Ok("planted faults were found".to_owned())
}
