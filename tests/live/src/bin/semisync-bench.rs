//! Measures what semi-sync costs, with ours and with stock's in turn on the same machine, and
//! prints the ratio. `ci/bench` runs it.
//!
//! Two pairs of servers with the same options stand side by side, one with each set of libraries.
//! One of them works at a time. Rounds are short, and alternate between the pairs and between which
//! one goes first, so that a machine that drifts drifts for both. The program prints the median
//! over the rounds, and as the ratio the median of the rounds' own ratios.
//!
//! With `--readers` one pair with our libraries stands alone. What is compared then is what
//! sessions cost that read our tables in performance_schema, and what those cost that read a table
//! of the server's own.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mysql::prelude::Queryable;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::tables::OF_SOURCE;
use semisync_live_tests::{Libraries, Names, Server, Topology, process};

const USAGE: &str = "\
usage: semisync-bench [--seconds N] [--rounds N] [--clients N,N,...] [--readers N] [--json FILE]";
const WARM_UP: Duration = Duration::from_millis(500);
/// Latencies up to a minute, in microseconds, to three digits.
const LONGEST_US: u64 = 60_000_000;

struct Plan {
    seconds: u64,
    rounds: usize,
    clients: Vec<usize>,
    /// How many sessions read tables meanwhile; None: ours and stock's are compared.
    readers: Option<usize>,
    json: Option<String>,
}

impl Plan {
    fn from_arguments() -> Result<Plan, String> {
        let mut plan = Plan {
            seconds: 3,
            rounds: 9,
            clients: vec![1, 16, 64],
            readers: None,
            json: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(option) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{option} needs a value"))
            };
            match option.as_str() {
                "--seconds" => plan.seconds = positive(&value()?)?,
                "--rounds" => plan.rounds = positive(&value()?)?,
                "--clients" => {
                    plan.clients = value()?
                        .split(',')
                        .map(positive)
                        .collect::<Result<_, _>>()?;
                }
                "--readers" => plan.readers = Some(positive(&value()?)?),
                "--json" => plan.json = Some(value()?),
                _ => return Err(format!("unknown option {option}")),
            }
        }
        Ok(plan)
    }
}

fn positive<T: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    match text.parse() {
        Ok(number) if number >= T::from(1) => Ok(number),
        _ => Err(format!("{text} is no positive number")),
    }
}

/// The figures of one round, or their medians. Times are in microseconds.
#[derive(Clone, Copy, Default)]
struct Figures {
    per_second: f64,
    mean: f64,
    p99: f64,
    /// A commit's wait as the plugin itself counts it.
    wait: f64,
    cpu: f64,
}

const COLUMNS: [&str; 5] = [
    "tx_per_second",
    "mean_us",
    "p99_us",
    "wait_us",
    "cpu_us_per_tx",
];

impl Figures {
    fn columns(&self) -> [f64; 5] {
        [self.per_second, self.mean, self.p99, self.wait, self.cpu]
    }

    fn from_columns([per_second, mean, p99, wait, cpu]: [f64; 5]) -> Figures {
        Figures {
            per_second,
            mean,
            p99,
            wait,
            cpu,
        }
    }

    fn over(&self, other: &Figures) -> Figures {
        let (ours, theirs) = (self.columns(), other.columns());
        Figures::from_columns(std::array::from_fn(|c| {
            ours[c] / theirs[c].max(f64::MIN_POSITIVE)
        }))
    }

    fn median(rounds: &[Figures]) -> Figures {
        Figures::from_columns(std::array::from_fn(|column| {
            let mut values: Vec<f64> = rounds.iter().map(|f| f.columns()[column]).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        }))
    }
}

/// One of the two that are compared.
struct Side<'t> {
    name: &'static str,
    source: &'t Server,
    /// The tables that sessions read meanwhile, one after the other, and how many sessions do.
    reads: &'static [&'static str],
    readers: usize,
}

const THREADS: [&str; 1] = ["performance_schema.threads"];

/// Reads as fast as it is answered.
fn read(source: &Server, tables: &[&str], stop: &AtomicBool) {
    let mut conn = source.conn();
    let statements: Vec<String> = tables
        .iter()
        .map(|table| format!("SELECT * FROM {table}"))
        .collect();
    for sql in statements.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let rows: Vec<mysql::Row> = conn.query(sql).expect("a read");
        drop(rows);
    }
}

/// One round of a side.
fn round(side: &Side, clients: usize, length: Duration) -> Figures {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..side.readers {
            scope.spawn(|| read(side.source, side.reads, &stop));
        }
        let figures = commits(side.source, clients, length);
        stop.store(true, Ordering::Relaxed);
        figures
    })
}

/// `clients` sessions commit a small row as fast as they are answered.
fn commits(source: &Server, clients: usize, length: Duration) -> Figures {
    let measuring = Arc::new(AtomicBool::new(false));
    let stop = Arc::new(AtomicBool::new(false));
    let ready = Arc::new(Barrier::new(clients + 1));
    let sessions: Vec<_> = (0..clients)
        .map(|_| {
            let mut conn = source.conn();
            let (measuring, stop, ready) = (measuring.clone(), stop.clone(), ready.clone());
            thread::spawn(move || {
                let mut latencies =
                    Histogram::<u64>::new_with_bounds(1, LONGEST_US, 3).expect("bounds");
                let sql = format!("INSERT INTO {TABLE} (n, body) VALUES (1, REPEAT('b', 100))");
                ready.wait();
                while !stop.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    conn.query_drop(&sql).expect("a commit");
                    if measuring.load(Ordering::Relaxed) {
                        let us = u64::try_from(begin.elapsed().as_micros()).unwrap_or(LONGEST_US);
                        latencies.saturating_record(us);
                    }
                }
                latencies
            })
        })
        .collect();
    ready.wait();
    thread::sleep(WARM_UP);
    let waits = |suffix: &str| source.counter(suffix);
    let before = (
        waits("tx_wait_time"),
        waits("tx_waits"),
        process::cpu_time(source.pid()),
    );
    let begin = Instant::now();
    measuring.store(true, Ordering::Relaxed);
    thread::sleep(length);
    measuring.store(false, Ordering::Relaxed);
    let elapsed = begin.elapsed();
    let cpu = process::cpu_time(source.pid()).saturating_sub(before.2);
    let (wait_time, waits) = (
        waits("tx_wait_time") - before.0,
        waits("tx_waits") - before.1,
    );
    stop.store(true, Ordering::Relaxed);
    let mut all = Histogram::<u64>::new_with_bounds(1, LONGEST_US, 3).expect("bounds");
    for session in sessions {
        all.add(session.join().expect("a session"))
            .expect("same bounds");
    }
    let commits = all.len().max(1) as f64;
    Figures {
        per_second: commits / elapsed.as_secs_f64(),
        mean: all.mean(),
        p99: all.value_at_quantile(0.99) as f64,
        wait: wait_time as f64 / waits.max(1) as f64,
        cpu: cpu.as_secs_f64() * 1e6 / commits,
    }
}

fn pair(libraries: Libraries) -> Topology {
    Topology::new(Names::New)
        .source_libraries(libraries.clone())
        .replica_libraries(libraries)
        .set("timeout", "60000")
        .source_option("max-connections=500")
        .start()
}

fn line(clients: usize, who: &str, figures: &Figures, digits: usize) -> String {
    let mut text = format!("{clients:>7}  {who:<12}");
    for value in figures.columns() {
        let _ = write!(text, " {value:>11.digits$}");
    }
    text
}

fn json_of(figures: &Figures) -> String {
    let fields: Vec<String> = COLUMNS
        .iter()
        .zip(figures.columns())
        .map(|(name, value)| format!("\"{name}\": {value:.3}"))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn main() {
    let plan = Plan::from_arguments().unwrap_or_else(|why| {
        eprintln!("semisync-bench: {why}\n{USAGE}");
        std::process::exit(2);
    });
    let ours = pair(Libraries::Ours);
    match plan.readers {
        None => {
            let stock = pair(Libraries::Stock);
            let side = |name, source| Side {
                name,
                source,
                reads: &[],
                readers: 0,
            };
            compare(
                &plan,
                [side("stock", &stock.source), side("ours", &ours.source)],
            );
        }
        Some(readers) => {
            let side = |name, reads| Side {
                name,
                source: &ours.source,
                reads,
                readers,
            };
            compare(
                &plan,
                [side("threads", &THREADS), side("tables", &OF_SOURCE)],
            );
        }
    }
}

/// Measures both, and prints the second's figures beside the first's.
fn compare(plan: &Plan, sides: [Side; 2]) {
    let [first, second] = &sides;
    let ratio = format!("{}/{}", second.name, first.name);
    let version = first.source.value("SELECT VERSION()");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!(
        "MySQL {version} on {cores} cores, source, replica and clients on this machine, \
         data in memory;\n\
         medians of {} rounds of {} s on each side, in turn; times in microseconds",
        plan.rounds, plan.seconds
    );
    if first.readers > 0 {
        println!(
            "meanwhile {} sessions read performance_schema.threads, or our tables there",
            first.readers
        );
    }
    println!("\nclients  side                tx/s        mean         p99 commit wait      cpu/tx");
    let length = Duration::from_secs(plan.seconds);
    let mut entries = Vec::new();
    let mut waits = Vec::new();
    for clients in &plan.clients {
        let mut of_first = Vec::new();
        let mut of_second = Vec::new();
        for number in 0..plan.rounds {
            for turn in [number, number + 1] {
                match turn % 2 {
                    0 => of_first.push(round(first, *clients, length)),
                    _ => of_second.push(round(second, *clients, length)),
                }
            }
        }
        let medians = [Figures::median(&of_first), Figures::median(&of_second)];
        let ratios: Vec<Figures> = of_second
            .iter()
            .zip(&of_first)
            .map(|(a, b)| a.over(b))
            .collect();
        let ratios = Figures::median(&ratios);
        for (side, median) in sides.iter().zip(&medians) {
            println!("{}", line(*clients, side.name, median, 1));
        }
        println!("{}", line(*clients, &ratio, &ratios, 2));
        waits.push(format!("{:.2} with {clients}", ratios.wait));
        let [of_first, of_second] = medians.map(|median| json_of(&median));
        let ratios = json_of(&ratios);
        let names = [first.name, second.name];
        entries.push(format!(
            "    {{\"clients\": {clients}, \"{}\": {of_first}, \"{}\": {of_second}, \
             \"ratio\": {ratios}}}",
            names[0], names[1]
        ));
    }
    for side in &sides {
        assert_eq!(
            side.source.counter("no_tx"),
            0,
            "commits went on unconfirmed: the figures mean nothing"
        );
    }
    println!("\nA commit's wait, {ratio}: {} clients.", waits.join(", "));
    if let Some(path) = &plan.json {
        let text = format!(
            "{{\n  \"server\": \"{version}\",\n  \"cores\": {cores},\n  \"rounds\": {},\n  \
             \"seconds\": {},\n  \"results\": [\n{}\n  ]\n}}\n",
            plan.rounds,
            plan.seconds,
            entries.join(",\n")
        );
        std::fs::write(path, text).unwrap_or_else(|e| panic!("{path}: {e}"));
        println!("The same for programs: {path}");
    }
}
