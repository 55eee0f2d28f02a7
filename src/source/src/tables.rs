//! The tables of performance_schema: what each replica has, who waits for whom, and how long waits
//! took. Each table copies what it shows, and thinks about the copy with no lock held.

mod histogram;
mod replicas;
mod waits;

use crate::messages;
use histogram::WaitHistogram;
use replicas::Replicas;
use semisync_server::{
    Server,
    log::Level,
    plugin::Handle,
    tables::{self, Definition, HAS_TABLES},
};
use waits::Waits;

static REPLICAS: Definition = Definition::new::<Replicas>();
static WAITS: Definition = Definition::new::<Waits>();
static HISTOGRAM: Definition = Definition::new::<WaitHistogram>();
static ALL: [&Definition; 3] = [&REPLICAS, &WAITS, &HISTOGRAM];

/// At the end of `init`. A table that cannot be made is a line in the log.
pub fn add(server: Server, plugin: &Handle) {
    if HAS_TABLES && let Err(missing) = tables::add(server, plugin, &ALL) {
        messages::tables(Level::Warning, &missing);
    }
}

/// At the end of `check_uninstall`, when the plugin goes.
pub fn remove(server: Server) {
    if let Err(left) = tables::remove(server, &ALL) {
        messages::tables(Level::Note, &left);
    }
}

/// In `deinit`.
pub fn close() {
    tables::close();
}
