//! The words of one of the two names under which the replica side is known:
//! `replica`/`source`, and the older `slave`/`master`.

use semisync_server::library::Names;
use std::ffi::CStr;

/// Names and texts of one library; made by [`crate::replica_plugin`].
pub struct Vocabulary {
    pub names: Names,
    /// Why the plugin cannot be uninstalled while semi-sync receivers run.
    pub still_in_use: &'static CStr,
}
