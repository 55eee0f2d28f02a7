//! What was asked for.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use semisync_live_tests::console::Stop;
use semisync_live_tests::target_dir;

pub const USAGE: &str = "\
usage: ci/bench [--help] [OPTION...]

What semi-sync costs a commit. Three sides stand side by side on this machine, each a source with
its replicas: asynchronous replication without any plugin, the server's own libraries (stock), and
ours. They work in turn, in slices of less than a second, in every order. Each figure is a median
over the turns. A ratio is the median of the turns' own ratios, with a bootstrap interval of 95 %:
where the interval holds 1.00 there is no difference to be seen.
Writes the same for programs to target/bench.json; cells of earlier runs stay there.
  --clients N,N,...  how many sessions commit at once (default 1,16,64)
  --turns N          how many slices each side has (default 30)
  --slice MS         how long a slice is, in milliseconds (default 400)
  --against DIR      compares ours as they were before (the libraries in DIR, or in DIR/SERIES: the
                     dist directory of another build) with ours now, instead of stock with ours
  --self-test        compares stock with stock: what the method says where there is no difference
  --quick            four turns of 200 ms: enough to see that it works
  --json FILE        where the figures for programs go
The figures of a machine that does something else meanwhile are worth little.
";

/// Which sides are compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sides {
    StockAndOurs,
    /// Ours of another build, and ours.
    BeforeAndNow(PathBuf),
    StockTwice,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub sides: Sides,
    pub clients: Vec<usize>,
    pub turns: usize,
    pub slice: Duration,
    pub json: PathBuf,
}

impl Plan {
    pub fn from(arguments: Vec<String>) -> Result<Plan, Stop> {
        let mut plan = Plan {
            sides: Sides::StockAndOurs,
            clients: vec![1, 16, 64],
            turns: 30,
            slice: Duration::from_millis(400),
            json: target_dir().join("bench.json"),
        };
        let mut arguments = arguments.into_iter();
        while let Some(option) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| Stop::misused(format!("{option} wants a value")))
            };
            match option.as_str() {
                "--clients" => {
                    let numbers = value()?;
                    let numbers = numbers.split(',').map(|one| number(&option, one));
                    plan.clients = numbers.collect::<Result<_, _>>()?;
                }
                "--turns" => plan.turns = number(&option, &value()?)?,
                "--slice" => plan.slice = Duration::from_millis(number(&option, &value()?)?),
                "--against" => plan.sides = Sides::BeforeAndNow(PathBuf::from(value()?)),
                "--self-test" => plan.sides = Sides::StockTwice,
                "--quick" => {
                    plan.turns = 4;
                    plan.slice = Duration::from_millis(200);
                }
                "--json" => plan.json = PathBuf::from(value()?),
                _ => return Err(Stop::misused(format!("unknown option '{option}'"))),
            }
        }
        Ok(plan)
    }
}

/// From 1 to 9999.
fn number<T: FromStr + PartialOrd + From<u16>>(option: &str, text: &str) -> Result<T, Stop> {
    match text.parse() {
        Ok(number) if number >= T::from(1) && number < T::from(10_000) => Ok(number),
        _ => Err(Stop::misused(format!(
            "{option} wants a number from 1 to 9999, not '{text}'"
        ))),
    }
}
