//! The sides of a comparison, and one side's slice. Only one side works at a time.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::process::cpu_time;
use semisync_live_tests::tables::OF_SOURCE;
use semisync_live_tests::{Libraries, Server};

use crate::cell::{Cell, Stand};
use crate::counters::{Parts, Reading};
use crate::load::{Clients, Window, Work};
use crate::perf::{Attached, Counted};
use crate::readers::Readers;
use crate::servers::Servers;
use crate::turns::Figures;

/// What a slice's beginning is left out for: caches are cold after another side's slice.
const SETTLE: Duration = Duration::from_millis(40);
const WARM_UP: Duration = Duration::from_millis(300);
/// Servers count as quiet when their threads use less than a tenth of a core.
const LOOK: Duration = Duration::from_millis(10);
/// Replicas that have not applied everything after this long are left alone.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// One of those that are compared, with its servers.
pub struct Side {
    pub name: &'static str,
    servers: Arc<Servers>,
    /// Tables that sessions read meanwhile, and how many sessions do.
    reads: Option<(&'static [&'static str], usize)>,
    ready: Option<Ready>,
}

/// What a side has once it is arranged for a cell.
struct Ready {
    clients: Clients,
    readers: Option<Readers>,
    /// Of each server.
    parts: Vec<Parts>,
}

/// Starts the servers of all sides at once.
pub fn start(kinds: &[(&'static str, Libraries)], stand: Stand) -> Vec<Side> {
    thread::scope(|scope| {
        let start = |(name, libraries): &(&'static str, Libraries)| {
            let (name, libraries) = (*name, libraries.clone());
            scope.spawn(move || Side::of(name, Servers::start(name, &libraries, stand).into()))
        };
        let starts: Vec<_> = kinds.iter().map(start).collect();
        let started = starts.into_iter().map(thread::ScopedJoinHandle::join);
        started.map(|side| side.expect("servers start")).collect()
    })
}

/// Two sides on the same servers of ours: sessions read a table of the server's own, or ours.
pub fn start_with_readers(readers: usize, stand: Stand) -> Vec<Side> {
    let servers = Arc::new(Servers::start("ours", &Libraries::Ours, stand));
    let side = |name, tables| Side {
        reads: Some((tables, readers)),
        ..Side::of(name, Arc::clone(&servers))
    };
    vec![
        side("threads", &["performance_schema.threads"]),
        side("tables", &OF_SOURCE),
    ]
}

impl Side {
    fn of(name: &'static str, servers: Arc<Servers>) -> Side {
        Side {
            name,
            servers,
            reads: None,
            ready: None,
        }
    }

    pub fn source(&self) -> &Server {
        self.servers.source()
    }

    /// Makes everything as the cell wants it, and connects its clients.
    pub fn arrange(&mut self, cell: &Cell) {
        self.ready = None;
        self.servers.arrange(cell);
        let source = self.source();
        let clients = Clients::connect(source, cell.clients);
        let reads = self.reads;
        let readers = reads.map(|(tables, count)| Readers::connect(source, tables, count));
        self.ready = Some(Ready {
            clients,
            readers,
            parts: self.servers.all().map(Parts::of).collect(),
        });
        // The first slice opens tables and fills caches.
        self.work(WARM_UP);
    }

    fn ready(&self) -> &Ready {
        self.ready.as_ref().expect("the side is arranged")
    }

    /// Lets the side work for a slice. What the servers use is counted from the slice's first
    /// transaction until its last one is applied.
    pub fn slice(&self, length: Duration) -> Figures {
        let read = || -> Vec<Reading> {
            let of = |one: &Server| Reading::of(one.pid());
            self.servers.all().map(of).collect()
        };
        self.rest();
        let waited = self.waited();
        let before = read();
        let (work, mut figures) = self.work(length);
        let after = read();
        let commits = work.commits.max(1) as f64;
        for ((server, parts), (now, then)) in self.named().zip(after.iter().zip(&before)) {
            add(
                &mut figures,
                now.figures_since(then, parts, server, commits),
            );
        }
        if let (Some(now), Some(then)) = (self.waited(), waited) {
            let [time, waits, unconfirmed] = std::array::from_fn(|at| now[at] - then[at]);
            assert!(
                unconfirmed == 0.0,
                "{}: {unconfirmed} commits went on unconfirmed: the figures mean nothing",
                self.source()
            );
            figures.insert("wait_us".to_owned(), time / waits.max(1.0));
        }
        figures
    }

    /// As `slice`, with counters whose counting takes time: their figures alone.
    pub fn counted_slice(&self, length: Duration, counted: Counted) -> io::Result<Figures> {
        self.rest();
        let attach = |one: &Server| Attached::to(one.pid(), counted);
        let mut attached = self
            .servers
            .all()
            .map(attach)
            .collect::<io::Result<Vec<_>>>()?;
        let (work, _) = self.work(length);
        let mut figures = Figures::new();
        let commits = work.commits.max(1) as f64;
        for ((server, parts), attached) in self.named().zip(&mut attached) {
            add(&mut figures, attached.figures(parts, server, commits)?);
        }
        Ok(figures)
    }

    /// A slice's work, until all of it is applied, and what its clients and readers saw.
    fn work(&self, length: Duration) -> (Work, Figures) {
        let Ready {
            clients, readers, ..
        } = self.ready();
        let window = Window::opening(SETTLE, length);
        if let Some(readers) = readers {
            readers.begin(window);
        }
        let work = clients.work(window);
        let mut figures = work.figures();
        if let Some(readers) = readers {
            figures.insert("reads_per_second".to_owned(), readers.end(window));
        }
        self.rest();
        (work, figures)
    }

    /// What each server is called in the keys of figures, with its threads.
    fn named(&self) -> impl Iterator<Item = (&'static str, &Parts)> {
        let names = std::iter::once("source").chain(std::iter::repeat("replica"));
        names.zip(&self.ready().parts)
    }

    /// Microseconds of waits, waits, and commits without acknowledgement, as the plugin counts.
    fn waited(&self) -> Option<[f64; 3]> {
        let counter = |suffix| self.source().counter(suffix) as f64;
        let suffixes = ["tx_wait_time", "tx_waits", "no_tx"];
        self.servers.is_semi_sync().then(|| suffixes.map(counter))
    }

    /// Waits until the replicas have applied everything, as far as their use of processors tells:
    /// asking them costs what is measured.
    fn rest(&self) {
        let used = || -> Duration { self.servers.all().map(|one| cpu_time(one.pid())).sum() };
        let begun = Instant::now();
        let mut before = used();
        while begun.elapsed() < LONGEST_REST {
            thread::sleep(LOOK);
            let now = used();
            if now.saturating_sub(before) < LOOK / 10 {
                return;
            }
            before = now;
        }
    }
}

/// Figures of several servers in one key are added up.
fn add(figures: &mut Figures, more: Figures) {
    for (key, value) in more {
        *figures.entry(key).or_default() += value;
    }
}
