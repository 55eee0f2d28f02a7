//! `ci/bench hops`: one commit, hop by hop. Where the microseconds are between a
//! client's statement and its OK, without semi-sync, with stock's and with ours.
//!
//! | file | owns |
//! |---|---|
//! | `hops.rs` | the servers, whose turn it is, what is written |
//! | `hops/tracefs.rs` | the kernel's tracing |
//! | `hops/events.rs` | the lines of a trace |
//! | `hops/cast.rs` | which thread is who |
//! | `hops/commit.rs` | the hand-offs of one commit |
//! | `hops/figures.rs` | medians and quartiles, ratios, the table |
//! | `hops/picture.rs` | the picture |
//!
//! One client commits, one commit after the other. The sides take turns in short slices, half of
//! each slice without tracing, which tells what tracing costs.

mod cast;
mod commit;
mod events;
mod figures;
mod picture;
mod tracefs;

use std::path::PathBuf;
use std::time::Instant;

use mysql::Conn;
use mysql::prelude::Queryable;
use semisync_live_tests::arguments::Arguments;
use semisync_live_tests::console::{OrStop, Stop, say, step};
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    Libraries, Link, Names, Server, ServerConfig, Topology, repository, target_dir,
};

use cast::Cast;
use commit::{Commit, commits};
use events::Tid;
use figures::Figures;
use tracefs::Trace;

pub const USAGE: &str = "\
usage: ci/bench hops [--help] [--slices N] [--slice COMMITS] [--picture FILE]

Lets one client commit, in turn without semi-sync, with stock's plugins and with ours, and traces
who hands on to whom (tracefs; as root). Prints the median of each hop with its quartiles, and
ours divided by stock's with an interval; writes the same for programs to target/hops.json, and
draws it.
  --slices N         how many turns each side has (default 20)
  --slice COMMITS    how many commits a turn has, traced, and as many untraced (default 150)
  --picture FILE     where the picture goes (default docs/hops.svg)
The figures of a machine that does something else meanwhile are worth little.";
const WARM_UP: usize = 500;

/// What was asked for.
pub struct Plan {
    slices: usize,
    slice: usize,
    picture: PathBuf,
}

impl Plan {
    pub fn of(arguments: Vec<String>) -> Result<Plan, Stop> {
        let mut plan = Plan {
            slices: 20,
            slice: 150,
            picture: repository().join("docs/hops.svg"),
        };
        let mut arguments = Arguments::new(arguments);
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--slices" => plan.slices = arguments.number(&option, 1..=9999)?,
                "--slice" => plan.slice = arguments.number(&option, 1..=9999)?,
                "--picture" => plan.picture = arguments.value(&option)?.into(),
                _ => return Err(Stop::misused(format!("unknown option '{option}'"))),
            }
        }
        Ok(plan)
    }
}

/// What was asked for, measured, told and drawn.
pub fn measure(plan: &Plan) -> Result<String, Stop> {
    step("Three pairs of servers: without semi-sync, stock's, ours");
    let mut sides = [
        Side::start("async", Libraries::None),
        Side::start("stock", Libraries::Stock),
        Side::start("ours", Libraries::Ours),
    ];
    for slice in 0..plan.slices {
        // Nobody is always the first after a pause, or always follows the same other.
        for turn in 0..sides.len() {
            let side = match slice % 2 {
                0 => (slice + turn) % sides.len(),
                _ => (slice + sides.len() - turn) % sides.len(),
            };
            sides[side].slice(plan.slice)?;
        }
    }
    let sides = sides.map(Side::figures);
    tell(plan, &sides)
}

fn tell(plan: &Plan, sides: &[Figures]) -> Result<String, Stop> {
    step("Microseconds of each hop: the median, and where the middle half of the commits lies");
    println!("{}\n", figures::table(sides));
    for side in sides {
        say(format!(
            "{}: {} commits; {:.0} us each for the client, {:.0} us without tracing; the session \
             itself read {:.0} % of the acknowledgements",
            side.name,
            side.commits().count(),
            side.traced,
            side.untraced,
            side.session_reads()
        ));
    }
    let json: Vec<_> = sides.iter().map(Figures::json).collect();
    let for_programs = target_dir().join("hops.json");
    let text = format!("{:#}\n", serde_json::Value::from(json));
    std::fs::write(&for_programs, text).or_stop(for_programs.display())?;
    std::fs::write(&plan.picture, picture::draw(sides)).or_stop(plan.picture.display())?;
    Ok(format!(
        "the picture is {}, the figures for programs are {}",
        plan.picture.display(),
        for_programs.display()
    ))
}

/// One pair of servers, and what was seen of it.
struct Side {
    name: &'static str,
    waits: bool,
    topology: Topology,
    client: Conn,
    /// Of each slice.
    commits: Vec<Vec<Commit>>,
    /// The means of its slices.
    traced: Vec<f64>,
    untraced: Vec<f64>,
}

impl Side {
    fn start(name: &'static str, libraries: Libraries) -> Side {
        let waits = libraries != Libraries::None;
        let topology = pair(name, &libraries);
        let mut client = topology.source.conn();
        commit_times(&mut client, WARM_UP);
        say(format!("{name} is ready"));
        Side {
            name,
            waits,
            topology,
            client,
            commits: Vec::new(),
            traced: Vec::new(),
            untraced: Vec::new(),
        }
    }

    /// One turn: as many commits untraced as traced.
    fn slice(&mut self, count: usize) -> Result<(), Stop> {
        let client = own_thread();
        self.untraced.push(commit_times(&mut self.client, count));
        let trace = Trace::new()?;
        let mut mean = 0.0;
        let text = trace.during(|| mean = commit_times(&mut self.client, count))?;
        drop(trace);
        self.traced.push(mean);
        let events = events::parse(&text);
        let cast = Cast::of(&self.topology, client, &events)?;
        let found = commits(&events, &cast, self.waits);
        // A log that was rotated, or a heartbeat between, may cost one or two.
        if 10 * found.len() < 9 * count.saturating_sub(2) {
            let file = target_dir().join("hops-trace.txt");
            std::fs::write(&file, &text).or_stop(file.display())?;
            return Err(Stop::failed(format!(
                "{}: the chain was found in {} of {count} commits only",
                self.name,
                found.len()
            ))
            .remedy(format!("see the trace: {}", file.display())));
        }
        self.commits.push(found);
        Ok(())
    }

    fn figures(self) -> Figures {
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
        if self.waits {
            let unconfirmed = self.topology.source.counter("no_tx");
            assert_eq!(unconfirmed, 0, "the figures of {} mean nothing", self.name);
        }
        Figures {
            name: self.name,
            waits: self.waits,
            traced: mean(&self.traced),
            untraced: mean(&self.untraced),
            slices: self.commits,
        }
    }
}

/// A source and its replica. Without libraries they replicate asynchronously.
fn pair(name: &str, libraries: &Libraries) -> Topology {
    let config = |id, what| {
        let config = ServerConfig::new(id, Names::New)
            .libraries(libraries.clone())
            .roomy();
        config.label(&format!("{what} ({name})"))
    };
    let mut configs = vec![config(1, "source"), config(2, "replica")];
    if *libraries != Libraries::None {
        // A switch to asynchronous replication would be a figure of something else.
        let timeout = format!("{}=60000", Names::New.source_var("timeout"));
        configs = vec![
            config(1, "source").as_source().option(&timeout),
            config(2, "replica").as_replica(),
        ];
    }
    let mut servers = Server::start_all(configs);
    servers.iter().for_each(Server::prepare);
    let replicas = servers.split_off(1);
    let source = servers.swap_remove(0);
    let topology = Topology { source, replicas };
    let link = Link::default();
    if *libraries == Libraries::None {
        topology.replica().replicate_from(&topology.source, &link);
    } else {
        topology.link(&link);
    }
    topology
}

/// The mean time of a commit for the client, in microseconds.
fn commit_times(client: &mut Conn, count: usize) -> f64 {
    let sql = format!("INSERT INTO {TABLE} (n, body) VALUES (1, REPEAT('b', 100))");
    let begun = Instant::now();
    for _ in 0..count {
        client.query_drop(&sql).expect("a commit");
    }
    begun.elapsed().as_secs_f64() * 1e6 / count as f64
}

fn own_thread() -> Tid {
    // SAFETY: takes nothing.
    let thread = unsafe { libc::gettid() };
    Tid::try_from(thread).expect("a thread's number")
}
