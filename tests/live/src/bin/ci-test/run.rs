//! What is the same for the whole run.

use std::path::PathBuf;
use std::time::Duration;

use crate::suites::Catalogue;

pub struct Run {
    pub catalogue: Catalogue,
    /// For each command: the time of one suite.
    pub limit: Duration,
    pub logs: PathBuf,
}
