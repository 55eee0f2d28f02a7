//! How a session sleeps and is woken, in all orders of its threads and under C11's memory model,
//! by [loom](https://docs.rs/loom). What passes here holds on processors too that order memory
//! less than x86-64 does.
//!
//! The files are the product's own, taken in by their paths: `server/wait`, `server/seat`,
//! `server/cond` and `server/poller`. What they meet at (`sync`) is loom's: atomics, mutexes,
//! conditions, and a kernel that wakes whoever waits for an `epoll`. Of the server there is as much
//! as they name. Deadlines never pass, so a wake-up that is lost is a deadlock, which loom finds.
//!
//! | file | what it owns |
//! |---|---|
//! | `report` | the command line |
//! | `models` | who does what, and what must hold |
//! | `source` | as much of the source side as makes sessions wait and reads acknowledgements |
//! | `wait`, `seat`, `cond`, `poller` | the product's |
//! | `server` | what they name of the product beside that, and of a server |
//! | `sync` | what threads meet at |
//!
//! Other parts meet at the same things only under one lock (the coordinator), or at descriptors
//! (a connection's gate), or are read by people alone (counters).
#![cfg_attr(not(semisync_interleaved), allow(unused))]
#![cfg_attr(semisync_interleaved, allow(dead_code))]

#[cfg(semisync_interleaved)]
#[path = "../../../../src/server/src/cond.rs"]
mod cond;
#[cfg(semisync_interleaved)]
mod models;
#[cfg(semisync_interleaved)]
#[path = "../../../../src/server/src/poller.rs"]
mod poller;
#[cfg(semisync_interleaved)]
mod report;
#[cfg(semisync_interleaved)]
#[path = "../../../../src/server/src/seat.rs"]
mod seat;
#[cfg(semisync_interleaved)]
mod server;
#[cfg(semisync_interleaved)]
mod source;
#[cfg(semisync_interleaved)]
mod sync;
#[cfg(semisync_interleaved)]
#[path = "../../../../src/server/src/wait.rs"]
mod wait;

#[cfg(semisync_interleaved)]
use semisync_sys as sys;
#[cfg(semisync_interleaved)]
use server::{failpoint, instruments, psi, session};

#[cfg(semisync_interleaved)]
fn main() -> std::process::ExitCode {
    report::main()
}

#[cfg(not(semisync_interleaved))]
fn main() {
    eprintln!("ci/interleavings builds and runs this");
    std::process::exit(2);
}
