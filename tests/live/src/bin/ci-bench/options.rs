//! What was asked for.

use std::path::PathBuf;
use std::time::Duration;

use semisync_live_tests::arguments::Arguments;
use semisync_live_tests::console::Stop;
use semisync_live_tests::target_dir;

use crate::cell::Cell;
use crate::grid;
use crate::ratio::FEWEST;

pub const USAGE: &str = "\
usage: ci/bench [--help] [OPTION...]
       ci/bench grid [OPTION...] [CELL...]
       ci/bench hops [OPTION...]

What semi-sync costs a commit. Three sides stand side by side on this machine, each a source with
its replicas: asynchronous replication without any plugin, the server's own libraries (stock), and
ours. They work in turn, in slices of less than a second, in every order. Each figure is a median
over the turns. A ratio is the median of the turns' own ratios, with a bootstrap interval of 95 %:
where the interval holds 1.00 there is no difference to be seen.
For programs: target/bench.json; for people: target/bench.svg, and the table target/bench.md. All
three keep the cells of earlier runs.

  grid [CELL...]     measures all cells: 1, 8, 16, 64 clients, each plain and with one thing changed:
                     AFTER_COMMIT, TLS, zlib, zstd, a network with a delay of 0.5 ms or 5 ms each
                     way, 3 replicas of which 1 or 2 must have a commit, logs synced to a disk.
                     With names (1+tls) or words of names (tls, plain), those cells alone
  hops               traces one commit from hand-off to hand-off (ci/bench hops --help)
  --clients N,N,...  how many sessions commit at once (default 1,16,64)
  --no-appliers      replicas receive and acknowledge, and do not apply: as if the cores on which
                     they apply were those of another machine. Intervals become narrower
  --spin US          sets semisync_source_spin_us on our source
  --turns N          how many slices each side has (default 30)
  --slice MS         how long a slice is, in milliseconds (default 400)
  --against DIR      compares ours as they were before (the libraries in DIR, or in DIR/SERIES: the
                     dist directory of another build) with ours now, instead of stock with ours
  --self-test        compares stock with stock: what the method says where there is no difference
  --readers N        compares something else: commits while N sessions read our tables in
                     performance_schema, and while N sessions read the server's own table threads
  --quick            six turns of 200 ms: enough to see that it works
  --json FILE        where the figures for programs go; the others go beside it
The figures of a machine that does something else meanwhile are worth little.
";

/// Which sides are compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sides {
    StockAndOurs,
    /// Ours of another build, and ours.
    BeforeAndNow(PathBuf),
    StockTwice,
    /// So many sessions read tables meanwhile: the server's own, or ours.
    Readers(usize),
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub sides: Sides,
    pub cells: Vec<Cell>,
    pub turns: usize,
    pub slice: Duration,
    pub json: PathBuf,
}

/// Clients, turns, and the like: of no use beyond.
const MOST: usize = 9999;
/// The most that the variable takes.
const MOST_SPIN: u16 = 1000;

impl Plan {
    pub fn from(arguments: Vec<String>) -> Result<Plan, Stop> {
        let mut plan = Plan {
            sides: Sides::StockAndOurs,
            cells: Vec::new(),
            turns: 30,
            slice: Duration::from_millis(400),
            json: target_dir().join("bench.json"),
        };
        let mut clients = vec![1, 16, 64];
        let (mut applies, mut spin_us) = (true, 0);
        let mut words = Vec::new();
        let mut arguments = Arguments::new(arguments);
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--clients" => clients = arguments.numbers(&option, 1..=MOST)?,
                "--no-appliers" => applies = false,
                "--spin" => spin_us = arguments.number(&option, 1..=MOST_SPIN)?,
                "--turns" => plan.turns = arguments.number(&option, 1..=MOST)?,
                "--slice" => {
                    plan.slice = Duration::from_millis(arguments.number(&option, 1..=9999)?)
                }
                "--against" => {
                    plan.sides = Sides::BeforeAndNow(PathBuf::from(arguments.value(&option)?))
                }
                "--self-test" => plan.sides = Sides::StockTwice,
                "--readers" => plan.sides = Sides::Readers(arguments.number(&option, 1..=MOST)?),
                "--quick" => {
                    plan.turns = FEWEST;
                    plan.slice = Duration::from_millis(200);
                }
                "--json" => plan.json = PathBuf::from(arguments.value(&option)?),
                _ if option.starts_with('-') => {
                    return Err(Stop::misused(format!("unknown option '{option}'")));
                }
                _ => words.push(option),
            }
        }
        plan.cells = match words.split_first() {
            None => clients.into_iter().map(Cell::of).collect(),
            Some((first, cells)) if first == "grid" => grid::cells(cells)?,
            Some((first, _)) => {
                return Err(Stop::misused(format!("there is no command '{first}'")));
            }
        };
        for cell in &mut plan.cells {
            (cell.applies, cell.spin_us) = (applies, spin_us);
        }
        Ok(plan)
    }

    /// How many turns count what does not depend on the machine's mood.
    pub fn counted_turns(&self) -> usize {
        self.turns.div_ceil(4).max(FEWEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Plan, Stop> {
        Plan::from(line.split_whitespace().map(str::to_owned).collect())
    }

    fn cells(line: &str) -> Vec<String> {
        let plan = plan(line).expect("a plan");
        plan.cells.iter().map(Cell::name).collect()
    }

    #[test]
    fn without_arguments_there_are_three_plain_cells() {
        assert_eq!(cells(""), ["1", "16", "64"]);
        assert_eq!(cells("--clients 2,3 --quick"), ["2", "3"]);
    }

    #[test]
    fn a_grid_takes_options_and_cells() {
        assert_eq!(cells("grid --turns 9 8+tls 16"), ["16", "8+tls"]);
        assert_eq!(cells("grid").len(), 40);
        assert_eq!(cells("grid 1+tls --no-appliers"), ["1+tls+no-appliers"]);
        assert_eq!(cells("--clients 1 --spin 300"), ["1+spin300"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for line in [
            "--turns",
            "--turns 0",
            "--clients 1,x",
            "--fast",
            "gird",
            "grid 1+nothing",
        ] {
            assert!(matches!(plan(line), Err(Stop::Misused(_))), "{line}");
        }
    }
}
