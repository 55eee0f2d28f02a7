//! The operator's plugin of the replica side, `semisync_replica`.
//!
//! | file | what it owns |
//! |---|---|
//! | `plugin` | install, uninstall |
//! | `settings` | the variables |
//! | `status` | the rows |
//! | `values` | what was set |
//!
//! A file uses files below it in this table only. What the plugin decides is done by the main
//! plugin. So without the main plugin, nothing of this has an effect.

pub mod plugin;
pub mod settings;
pub mod status;
pub mod values;

use std::ffi::CStr;

pub const DESCRIPTION: &CStr = c"Semi-synchronous replication, what operators of a replica decide.";
