//! What is asked for on the command line.

use std::path::PathBuf;
use std::time::Duration;

use semisync_live_tests::arguments::Arguments;
use semisync_live_tests::console::Stop;
use semisync_live_tests::dice;

use crate::plan::Question;

pub const USAGE: &str = "\
usage: ci/chaos [--help] [clients] [--rounds N] [--seed S] [--only N] [--append FILE]
                [--minutes M] [--stock]
       ci/chaos --self-test

A source and three replicas, each in a network of its own, and 16 clients that write down what they
were told. In each round links are cut, delayed, lossy or reordered; servers are frozen, killed and
restarted; the disk of a relay log is full; an operator changes settings and kills sessions. Then
the source ends, the most advanced replica is promoted, and every confirmed commit is looked for.
Needs root and /dev/net/tun. What it makes in the kernel has no names and ends with it.
  clients        asks Jepsen's question instead: clients append to lists and read them, and a
                 checker finds out whether anything was seen that is lost, or seen out of order
  --rounds N     that many rounds (default 20, or with --minutes as many as fit in); with --append,
                 those in FILE included
  --seed S       what is thrown in all rounds (default: by chance, or SEMISYNC_SEED)
  --only N       round N alone
  --append FILE  adds a line of JSON for each round to FILE, and goes on after the last one in it
  --minutes M    ends after the round in which so many minutes are over
  --stock        with the server's own plugins
  --self-test    planted faults alone: each of them must be found
MYSQL_SERIES chooses the server. For programs: target/chaos.json has the sums.
Exit status: 0 nothing is lost, 1 something is or a round broke, 2 wrong usage.";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Rounds(Question),
    SelfTest,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub mode: Mode,
    pub rounds: u64,
    pub seed: u64,
    pub only: Option<u64>,
    pub append: Option<PathBuf>,
    pub limit: Option<Duration>,
    pub stock: bool,
}

/// Rounds, or minutes: of no use beyond.
const MOST: u64 = 1_000_000;

impl Options {
    pub fn parse(arguments: Vec<String>) -> Result<Options, Stop> {
        let mut options = Options {
            mode: Mode::Rounds(Question::Confirmed),
            rounds: 0,
            seed: 0,
            only: None,
            append: None,
            limit: None,
            stock: false,
        };
        let (mut seed, mut rounds) = (None, None);
        let mut words = Arguments::new(arguments);
        while let Some(word) = words.next() {
            match word.as_str() {
                "clients" => options.mode = Mode::Rounds(Question::Seen),
                "--self-test" => options.mode = Mode::SelfTest,
                "--stock" => options.stock = true,
                "--rounds" => rounds = Some(words.number(&word, 1..=MOST)?),
                "--seed" => seed = Some(words.number(&word, 0..=u64::MAX)?),
                "--only" => options.only = Some(words.number(&word, 1..=MOST)?),
                "--append" => options.append = Some(PathBuf::from(words.value(&word)?)),
                "--minutes" => {
                    let minutes: u64 = words.number(&word, 1..=MOST)?;
                    options.limit = Some(Duration::from_secs(60 * minutes));
                }
                other => return Err(Stop::misused(format!("unknown argument '{other}'"))),
            }
        }
        options.seed = seed.unwrap_or_else(dice::seed);
        let usual = if options.limit.is_some() { MOST } else { 20 };
        options.rounds = rounds.unwrap_or(usual);
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Stop> {
        Options::parse(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn options_are_what_they_say() {
        let options = parse("clients --rounds 7 --seed 3 --minutes 2 --stock").expect("options");
        assert_eq!(options.mode, Mode::Rounds(Question::Seen));
        assert_eq!((options.rounds, options.seed, options.stock), (7, 3, true));
        assert_eq!(options.limit, Some(Duration::from_secs(120)));
        assert_eq!(parse("").expect("nothing").rounds, 20);
        assert_eq!(parse("--minutes 5").expect("a time").rounds, MOST);
    }

    #[test]
    fn what_is_not_understood_is_a_misuse() {
        for line in ["--round 7", "--rounds", "--rounds many", "--append"] {
            assert!(matches!(parse(line), Err(Stop::Misused(_))), "{line}");
        }
    }
}
