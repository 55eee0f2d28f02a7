//! The words of one of the two names under which the replica side is known:
//! `replica`/`source`, and the older `slave`/`master`.

use std::ffi::CStr;

/// Names and texts of one library; made by [`crate::replica_plugin`].
pub struct Vocabulary {
    /// The plugin's name.
    pub plugin: &'static CStr,
    /// The plugin of the other vocabulary, which must not run beside this one.
    pub rival: &'static CStr,
    /// Why the plugin cannot be uninstalled while semi-sync receivers run.
    pub still_in_use: &'static CStr,
}
