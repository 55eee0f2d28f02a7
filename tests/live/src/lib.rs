//! Harness of the live tests: real servers on 127.0.0.1, started with a my.cnf as users write it.
//!
//! | file | owns |
//! |---|---|
//! | `server.rs` | one mysqld: its directory, its start and its ends, its error log |
//! | `config.rs` | what a test asks of a server before it starts: options, arguments, libraries |
//! | `libraries.rs` | which libraries there are for a server: ours, stock's |
//! | `sql.rs` | connections to a server and the short questions that tests ask |
//! | `svg.rs` | an SVG file, shape by shape |
//! | `tables.rs` | the names of our tables in `performance_schema` |
//! | `pair.rs` | a source with its replicas, and the statements that link them |
//! | `link.rs` | how a replica reaches its source; the one list of transports |
//! | `load.rs` | writers in the background, and what they saw |
//! | `strangers.rs` | connections that nobody may disturb |
//! | `names.rs` | the two vocabularies, and which of them the libraries under test have |
//! | `dialect.rs` | what a server series can do, and how it spells what all can |
//! | `paths.rs` | where servers and libraries are found |
//! | `process.rs` | starting a child that does not outlive the tests; what /proc tells of it |
//! | `scratch.rs` | a port and a directory for a server; sweeping what interrupted runs left |
//! | `tracer.rs` | what a server asks of the kernel, by strace; what of it survives a power cut |
//! | `power.rs` | a machine that can lose its power: of its files only what was synced is left |
//! | `proxy.rs` | a TCP proxy between a replica and its source: loses, stalls, cuts |
//! | `fake_replica.rs`, `hostile.rs` | a replica made of a socket, and how it can misbehave |
//! | `drain.rs` | a replica that only takes the log off the socket, for measurements |
//! | `wire.rs` | the protocol underneath: packets, logging in, commands |
//! | `fakes.rs` | sources with such replicas |
//! | `healing.rs` | losing an acknowledgement, and the replica's coming back |
//! | `known_failures.rs` | the known failures of semi-sync, as cases for anybody's |
//! | `dice.rs` | choices at random that a seed repeats |
//! | `prometheus.rs` | Prometheus and the exporter of a server, as processes that are asked |
//! | `dashboard.rs` | what a Grafana dashboard asks Prometheus for |
//! | `console.rs` | how the programs of `src/bin` talk, run commands, fail and are interrupted |
//! | `arguments.rs` | the arguments of those programs |
//! | `llvm.rs` | which LLVM the compiler has |
//! | `lock.rs` | a lock, also after a panic |
//! | `wait.rs` | waiting with a bound, and saying what was seen |
//!
//! Environment: `SEMISYNC_SERVERS` and `SEMISYNC_DIST` as for the scripts in `ci/`;
//! `MYSQL_SERIES` chooses the series of a run, `ServerConfig::series` that of one server;
//! `SEMISYNC_TEST_DIR` is where servers live (else /dev/shm);
//! `SEMISYNC_TEST_LIBS=stock` runs a suite on the server's own plugins, for comparison.

pub mod arguments;
mod config;
pub mod console;
pub mod dashboard;
pub mod dialect;
pub mod dice;
pub mod drain;
pub mod fake_replica;
pub mod fakes;
pub mod healing;
pub mod hostile;
pub mod known_failures;
mod libraries;
mod link;
pub mod llvm;
pub mod load;
mod lock;
mod names;
pub mod pair;
mod paths;
pub mod power;
pub mod process;
pub mod prometheus;
pub mod proxy;
mod scratch;
pub mod server;
pub mod sql;
mod strangers;
pub mod svg;
pub mod tables;
pub mod tracer;
mod wait;
pub mod wire;

pub use config::{A_DAY_MS, ServerConfig};
pub use dialect::Dialect;
pub use dice::Dice;
pub use libraries::Libraries;
pub use link::{Link, Transport};
pub use load::Load;
pub use lock::lock;
pub use names::Names;
pub use pair::Topology;
pub use paths::{
    dist_dir_of, known_series, product, repository, server_dir_of, servers_dir, target_dir,
};
pub use server::Server;
pub use strangers::Strangers;
pub use wait::{PATIENCE, eventually, wait_for, wait_while_it_moves};
