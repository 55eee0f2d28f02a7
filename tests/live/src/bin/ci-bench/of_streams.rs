//! The commands `stream`, `catch-up` and `stalls`: their arguments, and the cells that each of them
//! measures.

use std::path::PathBuf;

use semisync_live_tests::arguments::Arguments;
use semisync_live_tests::console::{Stop, say, step};
use semisync_live_tests::{Libraries, target_dir};

use crate::compare::{self, Line, Roles};
use crate::drained::Drained;
use crate::load::Clients;
use crate::measure::{kinds, made, roles};
use crate::options::Plan;
use crate::report::{self, Told};
use crate::stalls::Event;
use crate::turns::{self, Turns, values};
use crate::{catch_up, figures, stalls, stream};

pub const USAGE: &str = "\
Three commands measure something else. The replicas are fakes there, which only take the log off the
socket and acknowledge what asks, so that the figures are the source's. They take --turns, --against,
--self-test and --json too (default: 12 turns, target/bench-streams.json).
  stream    events of 256 bytes to --replicas at once (default 1,4,8); --events N (default 300000)
  catch-up  commits of --clients (default 16) while a replica catches up, in slices of --slice;
            the log to catch up has --mib N (default 1024)
  stalls    the longest commit of --clients (default 4) while semi-sync is enabled and disabled,
            a replica comes and leaves, and the plugin is uninstalled and installed
";

/// With the header of its packet, about what an event takes on the wire.
const EVENT: u64 = 300;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    Stream,
    CatchUp,
    Stalls,
}

impl Command {
    /// The command that the arguments begin with.
    pub fn of(arguments: &[String]) -> Option<Command> {
        match arguments.first()?.as_str() {
            "stream" => Some(Command::Stream),
            "catch-up" => Some(Command::CatchUp),
            "stalls" => Some(Command::Stalls),
            _ => None,
        }
    }
}

/// What these commands want beside the common options.
struct Own {
    replicas: Vec<u32>,
    events: u64,
    mib: u64,
}

impl Own {
    /// Takes its options out of the arguments, and leaves the others.
    fn take(arguments: Vec<String>) -> Result<(Own, Vec<String>), Stop> {
        let mut own = Own {
            replicas: vec![1, 4, 8],
            events: 300_000,
            mib: 1024,
        };
        let mut others = Vec::new();
        let mut arguments = Arguments::new(arguments);
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--replicas" => {
                    own.replicas = arguments.numbers(&option, 1..=200)?;
                }
                "--events" => own.events = arguments.number(&option, 1..=100_000_000)?,
                "--mib" => own.mib = arguments.number(&option, 1..=16 * 1024)?,
                _ => others.push(option),
            }
        }
        Ok((own, others))
    }
}

/// What was asked for.
pub struct Order {
    command: Command,
    own: Own,
    plan: Plan,
}

impl Order {
    /// `arguments`: those after the command's name.
    pub fn from(command: Command, arguments: Vec<String>) -> Result<Order, Stop> {
        let (own, mut others) = Own::take(arguments)?;
        let is_told = |option: &str| others.iter().any(|other| other == option);
        let mut defaults = Vec::new();
        if !is_told("--turns") && !is_told("--quick") {
            defaults.extend(["--turns".to_owned(), "12".to_owned()]);
        }
        if !is_told("--clients") {
            let clients = if command == Command::Stalls { 4 } else { 16 };
            defaults.extend(["--clients".to_owned(), clients.to_string()]);
        }
        if !is_told("--json") {
            let file = target_dir().join("bench-streams.json");
            defaults.extend(["--json".to_owned(), file.display().to_string()]);
        }
        others.extend(defaults);
        let plan = Plan::from(others)?;
        Ok(Order { command, own, plan })
    }

    /// Measures it. Returns the file with the figures.
    pub fn carry_out(self) -> Result<PathBuf, Stop> {
        match self.command {
            Command::Stream => of_stream(&self.plan, &self.own),
            Command::CatchUp => of_catch_up(&self.plan, &self.own),
            Command::Stalls => of_stalls(&self.plan),
        }?;
        Ok(self.plan.json)
    }
}

fn of_stream(plan: &Plan, own: &Own) -> Result<(), Stop> {
    step(format!("Writing {} row events at each source", own.events));
    let mut sides = Drained::start_all(&kinds(&plan.sides)?);
    let logs = on_each(&mut sides, |side| {
        let log = side.fill(own.events);
        // One commit that is confirmed: so semi-sync is ON, and knows where the log ends.
        side.attach_steady();
        side.source.insert(1);
        log
    });
    for &replicas in &own.replicas {
        let turns = turns::take(plan.turns, sides.len(), |side| {
            stream::slice(&sides[side], &logs[side], replicas)
        });
        let lines = compare::lines(&turns, roles(sides.len()));
        let conditions = format!("{} events, {replicas} replicas at once", own.events);
        let name = format!("stream {replicas}");
        tell(plan, &sides, roles(sides.len()), name, conditions, lines)?;
    }
    Ok(())
}

fn of_catch_up(plan: &Plan, own: &Own) -> Result<(), Stop> {
    step(format!(
        "Writing {} MiB of row events at each source",
        own.mib
    ));
    let mut sides = Drained::start_all(&kinds(&plan.sides)?);
    let logs = on_each(&mut sides, |side| {
        let log = side.fill(own.mib * 1024 * 1024 / EVENT);
        side.attach_steady();
        log
    });
    for count in clients_of(plan) {
        let clients: Vec<_> = sides
            .iter()
            .map(|side| Clients::connect(&side.source, count))
            .collect();
        for is_catching_up in [false, true] {
            let turns = turns::take(plan.turns, sides.len(), |side| {
                let log = Some(&logs[side]).filter(|_| is_catching_up);
                catch_up::slice(&sides[side], log, &clients[side], plan.slice)
            });
            let lines = compare::lines(&turns, roles(sides.len()));
            let who = if is_catching_up {
                "a replica catches up"
            } else {
                "no replica catches up"
            };
            let (name, conditions) = (
                format!("catch-up {count} {is_catching_up}"),
                format!("{count} clients commit, one replica acknowledges, {who}"),
            );
            tell(plan, &sides, roles(sides.len()), name, conditions, lines)?;
        }
    }
    Ok(())
}

fn of_stalls(plan: &Plan) -> Result<(), Stop> {
    let kinds: Vec<_> = kinds(&plan.sides)?
        .into_iter()
        .filter(|(_, libraries)| *libraries != Libraries::None)
        .collect();
    let mut sides = Drained::start_all(&kinds);
    on_each(&mut sides, Drained::attach_steady);
    // Without the side that has no semi-sync.
    let roles = Roles {
        reference: None,
        base: 0,
        candidate: 1,
    };
    let count = clients_of(plan).next().unwrap_or(4);
    let clients: Vec<_> = sides
        .iter()
        .map(|side| Clients::connect(&side.source, count))
        .collect();
    for event in Event::ALL {
        let turns = turns::take(plan.turns, sides.len(), |side| {
            stalls::slice(&mut sides[side], event, &clients[side])
        });
        let mut lines = compare::lines(&turns, roles);
        lines.extend(worst(&turns));
        let name = format!("stall {event:?}");
        let conditions = format!("{count} clients commit, {event}");
        tell(plan, &sides, roles, name, conditions, lines)?;
    }
    Ok(())
}

/// The longest of all turns, which has no ratio: one turn decides it.
fn worst(turns: &Turns) -> Option<Line> {
    let key = "worst_us";
    let sides = turns.first().map_or(0, Vec::len);
    let of_sides: Vec<_> = (0..sides)
        .map(|side| values(turns, side, "longest_us"))
        .collect();
    let worst = |all: &Option<Vec<f64>>| all.iter().flatten().copied().reduce(f64::max);
    Some(Line {
        key: key.to_owned(),
        meaning: figures::meaning(key)?,
        medians: of_sides.iter().map(worst).collect(),
        turns: of_sides,
        ratio: None,
    })
}

/// How many clients commit: a plan without words has a plain cell for each number.
fn clients_of(plan: &Plan) -> impl Iterator<Item = usize> {
    plan.cells.iter().map(|cell| cell.clients)
}

/// The same on all sides at once.
fn on_each<T: Send>(sides: &mut [Drained], work: impl Fn(&mut Drained) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = sides
            .iter_mut()
            .map(|side| scope.spawn(move || work(side)))
            .collect();
        let done = threads.into_iter().map(|thread| thread.join());
        done.map(|done| done.expect("a side is ready")).collect()
    })
}

fn tell(
    plan: &Plan,
    sides: &[Drained],
    roles: Roles,
    name: String,
    conditions: String,
    lines: Vec<Line>,
) -> Result<(), Stop> {
    let names: Vec<_> = sides.iter().map(|side| side.name).collect();
    let told = Told {
        name,
        ratio: format!("{} / {}", names[roles.candidate], names[roles.base]),
        sides: names,
        lines,
        made: made(plan, &sides[0].source),
        conditions,
        floor: None,
        notes: Vec::new(),
    };
    step(&told.conditions);
    say("");
    println!("{}", report::table(&told));
    report::merge_into(&plan.json, &told).map(|_| ())
}
