//! The words of one of the two names under which the source side is known:
//! `source`/`replica`, and the older `master`/`slave`.

use semisync_server::{library::Names, psi::Stage};
use std::ffi::CStr;

/// Names and texts of one library; made by [`crate::source_plugin`].
pub struct Vocabulary {
    pub names: Names,
    /// Why the plugin cannot be uninstalled while replicas are connected.
    pub still_in_use: &'static CStr,
    /// What a committing session shows while it waits.
    pub waiting_for_ack: Stage,
    /// What the receiver thread shows while no replica is connected.
    pub waiting_for_replica: Stage,
    /// What the receiver thread shows while it reads.
    pub reading_ack: Stage,
}
