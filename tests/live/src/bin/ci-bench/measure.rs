//! The cells of a plan, one after the other, on the servers that they need.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use semisync_live_tests::console::{OrStop, Stop, say, step};
use semisync_live_tests::{Dialect, Libraries, Server};
use serde_json::{Value, json};

use crate::cell::{Cell, Stand};
use crate::compare::{self, Roles};
use crate::figures;
use crate::floor::Floor;
use crate::needs::has_libraries;
use crate::options::{Plan, Sides};
use crate::perf::Counted;
use crate::report::{self, Told};
use crate::stand::{self, Side};
use crate::turns;

/// What a slice takes beside its own length: settling, reading counters, applying what is left.
const BESIDE: Duration = Duration::from_millis(150);

/// Measures all cells of the plan. Each is told, and written into the plan's file, as soon as it
/// is measured.
pub fn all(plan: &Plan) -> Result<(), Stop> {
    let kinds = kinds(&plan.sides)?;
    let sides = if kinds.is_empty() { 2 } else { kinds.len() };
    let slices = plan.cells.len() * sides * (plan.turns + plan.counted_turns() / 2);
    let guess = (plan.slice + BESIDE) * u32::try_from(slices).unwrap_or(u32::MAX);
    step(format!(
        "{} cell(s) of {} turns with {} slices of {} ms: about {:.0} min",
        plan.cells.len(),
        plan.turns,
        sides,
        plan.slice.as_millis(),
        (guess.as_secs_f64() / 60.0).ceil()
    ));
    let mut standing: Option<(Stand, Vec<Side>)> = None;
    for (number, cell) in plan.cells.iter().enumerate() {
        let stand = cell.stand();
        let mut sides = match standing.take() {
            Some((same, sides)) if same == stand => sides,
            other => {
                drop(other);
                match plan.sides {
                    Sides::Readers(readers) => stand::start_with_readers(readers, stand),
                    _ => stand::start(&kinds, stand),
                }
            }
        };
        let begun = Instant::now();
        let told = one(plan, cell, &mut sides)?;
        step(format!("{}: {}", told.name, told.conditions));
        println!("{}", report::table(&told));
        report::keep(&plan.json, &told)?;
        let spent = begun.elapsed().as_secs_f64();
        say(format!(
            "{} of {} in {spent:.0} s",
            number + 1,
            plan.cells.len()
        ));
        standing = Some((stand, sides));
    }
    Ok(())
}

/// The sides with servers of their own; none where readers are compared.
pub fn kinds(sides: &Sides) -> Result<Vec<(&'static str, Libraries)>, Stop> {
    let [base, candidate] = match sides {
        Sides::StockAndOurs => [("stock", Libraries::Stock), ("ours", Libraries::Ours)],
        Sides::BeforeAndNow(dir) => [
            ("before", Libraries::In(libraries_in(dir)?)),
            ("now", Libraries::Ours),
        ],
        Sides::StockTwice => [("stock", Libraries::Stock), ("again", Libraries::Stock)],
        Sides::Readers(_) => return Ok(Vec::new()),
    };
    Ok(vec![("async", Libraries::None), base, candidate])
}

/// The libraries of the series in a dist directory; or the directory itself has them.
fn libraries_in(dir: &Path) -> Result<PathBuf, Stop> {
    let of_series = dir.join(Dialect::of_run().series());
    let found = [of_series, dir.to_owned()];
    let found = found.into_iter().find(|dir| has_libraries(dir));
    found.ok_or_else(|| Stop::misused(format!("no semisync_source.so in {}", dir.display())))
}

/// The last two sides are compared; the one before them has no semi-sync.
pub fn roles(sides: usize) -> Roles {
    Roles {
        reference: sides.checked_sub(3),
        base: sides - 2,
        candidate: sides - 1,
    }
}

/// One cell of all sides.
fn one(plan: &Plan, cell: &Cell, sides: &mut [Side]) -> Result<Told, Stop> {
    sides.iter_mut().for_each(|side| side.arrange(cell));
    let roles = roles(sides.len());
    let turns = turns::take(plan.turns, sides.len(), |side| {
        sides[side].slice(plan.slice)
    });
    let mut lines = compare::lines(&turns, roles);
    let mut notes = Vec::new();
    for counted in Counted::ALL {
        if let Some(why) = counted.refusal() {
            notes.push(format!("not counted: {}: {why}", counted.text()));
            continue;
        }
        let turns = turns::take(plan.counted_turns(), sides.len(), |side| {
            let figures = sides[side].counted_slice(plan.slice / 2, counted);
            figures.unwrap_or_else(|e| panic!("counting {}: {e}", counted.text()))
        });
        lines.extend(compare::lines(&turns, roles));
    }
    lines.sort_by_key(|line| figures::order(&line.key));
    let names: Vec<_> = sides.iter().map(|side| side.name).collect();
    Ok(Told {
        name: cell.name(),
        conditions: cell.to_string(),
        ratio: format!("{} / {}", names[roles.candidate], names[roles.base]),
        sides: names,
        lines,
        floor: Some(Floor::measure(sides[0].source(), cell.delay).or_stop("the floor")?),
        notes,
        made: made(plan, sides[0].source()),
    })
}

/// What a figure must be read with.
pub fn made(plan: &Plan, source: &Server) -> Value {
    let command: Vec<String> = std::env::args().skip(1).collect();
    json!({
        "server": source.value("SELECT VERSION()"),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "turns": plan.turns,
        "slice_ms": u64::try_from(plan.slice.as_millis()).unwrap_or(u64::MAX),
        "command": format!("ci/bench {}", command.join(" ")),
    })
}
