//! The servers of all sides, side by side, and one side's slice. A source with its replicas stands
//! for each side; only one side works at a time.

use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::process::cpu_time;
use semisync_live_tests::{Libraries, Names, Server, ServerConfig, Topology, eventually};

use crate::cell::Cell;
use crate::counters::{Parts, Reading};
use crate::load::{Clients, Window};
use crate::turns::Figures;

/// What a slice's beginning is left out for: caches are cold after another side's slice.
const SETTLE: Duration = Duration::from_millis(40);
/// A server counts as quiet when its threads use less than a tenth of a core.
const LOOK: Duration = Duration::from_millis(10);
/// Replicas that have not applied everything after this long are left alone.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// A link to a replica is made within this time, TLS and a busy machine included.
const LINKED_WITHIN: Duration = Duration::from_secs(20);

/// One of those that are compared.
#[derive(Clone, Debug)]
pub struct Kind {
    pub name: &'static str,
    pub libraries: Libraries,
}

impl Kind {
    pub fn is_semi_sync(&self) -> bool {
        self.libraries != Libraries::None
    }
}

/// A side with its servers, ready to work.
pub struct Side {
    pub kind: Kind,
    servers: Topology,
    clients: Option<Clients>,
    /// Of the source first, then of each replica.
    parts: Vec<Parts>,
    linked: bool,
}

/// Starts the servers of all sides at once.
pub fn start(kinds: &[Kind], replicas: usize) -> Vec<Side> {
    thread::scope(|scope| {
        let starts: Vec<_> = kinds
            .iter()
            .map(|kind| scope.spawn(move || Side::start(kind.clone(), replicas)))
            .collect();
        let started = starts.into_iter().map(|start| start.join());
        started.map(|side| side.expect("servers start")).collect()
    })
}

impl Side {
    fn start(kind: Kind, replicas: usize) -> Side {
        let config = |id: u32, label: String| {
            ServerConfig::new(id, Names::New)
                .libraries(kind.libraries.clone())
                .label(&label)
                .option("max-connections=500")
        };
        let source = config(1, format!("source ({})", kind.name));
        let names = Names::New;
        let mut configs = vec![if kind.is_semi_sync() {
            // A switch to asynchronous replication would be a figure of something else.
            let timeout = format!("{}=60000", names.source_var("timeout"));
            source.as_source().option(&timeout)
        } else {
            source
        }];
        for (number, id) in (1..=replicas).zip(2..) {
            let replica = config(id, format!("replica {number} ({})", kind.name));
            configs.push(if kind.is_semi_sync() {
                replica.as_replica()
            } else {
                replica
            });
        }
        let mut servers = Server::start_all(configs);
        servers.iter().for_each(Server::prepare);
        let replicas = servers.split_off(1);
        let source = servers.swap_remove(0);
        Side {
            kind,
            servers: Topology { source, replicas },
            clients: None,
            parts: Vec::new(),
            linked: false,
        }
    }

    pub fn source(&self) -> &Server {
        &self.servers.source
    }

    fn all(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.servers.source).chain(&self.servers.replicas)
    }

    /// Makes everything as the cell wants it, and connects its clients.
    pub fn arrange(&mut self, cell: &Cell) {
        self.clients = None;
        let Topology { source, replicas } = &self.servers;
        let link = cell.transport.link();
        for replica in replicas {
            if self.linked {
                replica.execute("STOP REPLICA");
            }
            replica.replicate_from(source, &link);
        }
        self.linked = true;
        let dumps = || source.dumps().len() == replicas.len();
        eventually(LINKED_WITHIN, "a dump for each replica", dumps);
        if self.kind.is_semi_sync() {
            source.wait_status("clients", &replicas.len().to_string());
            source.set_wait_point(cell.wait_point);
            let count = source.names().wait_count_var();
            source.execute(&format!("SET GLOBAL {count} = {}", cell.count));
        }
        self.clients = Some(Clients::connect(source, cell.clients));
        self.parts = self.all().map(Parts::of).collect();
    }

    /// Lets the side work for a slice. What the servers use is counted from the slice's first
    /// transaction until its last one is applied.
    pub fn slice(&self, length: Duration) -> Figures {
        let clients = self.clients.as_ref().expect("the side is arranged");
        self.rest();
        let waits = || {
            let counter = |suffix| self.source().counter(suffix) as f64;
            let is_semi_sync = self.kind.is_semi_sync();
            is_semi_sync.then(|| {
                [
                    counter("tx_wait_time"),
                    counter("tx_waits"),
                    counter("no_tx"),
                ]
            })
        };
        let read = || -> Vec<Reading> { self.all().map(|one| Reading::of(one.pid())).collect() };
        let waited = waits();
        let before = read();
        let work = clients.work(Window::opening(SETTLE, length));
        self.rest();
        let after = read();
        let mut figures = work.figures();
        let commits = work.commits.max(1) as f64;
        for (number, ((now, then), parts)) in after.iter().zip(&before).zip(&self.parts).enumerate()
        {
            let server = if number == 0 { "source" } else { "replica" };
            for (key, value) in now.figures_since(then, parts, server, commits) {
                *figures.entry(key).or_default() += value;
            }
        }
        if let (Some(now), Some(then)) = (waits(), waited) {
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

    /// Waits until the replicas have applied everything, as far as their use of processors tells:
    /// asking them costs what is measured.
    fn rest(&self) {
        let used = || -> Duration { self.all().map(|one| cpu_time(one.pid())).sum() };
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
