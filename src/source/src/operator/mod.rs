//! The operator's plugin of the source side, `semisync_source`.
//!
//! | file | what it owns |
//! |---|---|
//! | `plugin` | install, uninstall |
//! | `settings`, `status` | the variables, and the status rows |
//! | `values` | what the operator has set |
//!
//! A file uses files below it in this table only. What the plugin decides is done by the main
//! plugin. So without the main plugin, nothing of this has an effect.

pub mod plugin;
pub mod settings;
pub mod status;
pub mod values;

use std::ffi::CStr;

pub const DESCRIPTION: &CStr = c"Semi-synchronous replication, what operators of a source decide.";
