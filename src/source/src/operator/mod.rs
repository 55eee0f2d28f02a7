//! The operator's plugin of the source side, `semisync_source`.
//!
//! | file | what it owns |
//! |---|---|
//! | `plugin` | install, uninstall |
//!
//! What the plugin decides is done by the main plugin. So without the main plugin, nothing of this
//! has an effect.

pub mod plugin;

use semisync_server::{status::Rows, variables::Variables};
use std::ffi::CStr;

pub const DESCRIPTION: &CStr = c"Semi-synchronous replication, what operators of a source decide.";
pub static VARIABLES: Variables<0> = Variables::new([]);
pub static STATUS: Rows<0> = Rows::new([]);
