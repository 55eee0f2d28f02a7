//! The source side's own code under a scheduler that decides, at each step, who goes on.
//!
//! The plugin's library is linked into this program together with a small server (`host`), built
//! with `--cfg semisync_interleaved`: what its threads meet at is then that of `stand-in`. Nothing
//! else of the library is different: its hooks are called by the server's C interface, its locks
//! nest as they do, `epoll`, `eventfd` and sockets are the kernel's.
//!
//! A scenario runs many times, each time in a process of its own and in another order, which a seed
//! makes. It fails if a thread panics, if all sleep for ever, or if a scenario's own claim is
//! broken: most claim that no time passes, which is so only if nobody waits for a wake-up that was
//! lost.
//!
//! The tests are tested: for each scenario there are bugs on purpose, as patches in `planted/`.
//! Each puts one bug behind its name, so that one build of a copy of the sources has all of them.
//! `ci/interleavings` makes that copy, and a bug must be found with the words that it is listed
//! with, or the run fails. (Patches, because the product's sources are to stay clean; all in one
//! copy, because a build for each takes too long.) A patch that does not apply any more fails the
//! run, too: make it anew.
#![cfg_attr(not(semisync_interleaved), allow(unused))]

#[cfg(semisync_interleaved)]
mod host;
#[cfg(semisync_interleaved)]
mod report;
#[cfg(semisync_interleaved)]
mod run;
#[cfg(semisync_interleaved)]
mod scenario;
#[cfg(semisync_interleaved)]
mod scenarios;

#[cfg(semisync_interleaved)]
fn main() -> std::process::ExitCode {
    report::main()
}

#[cfg(not(semisync_interleaved))]
fn main() {
    eprintln!("ci/interleavings builds and runs this");
    std::process::exit(2);
}
