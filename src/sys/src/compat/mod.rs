//! One name for each thing that differs between server series; one file per
//! series.

#[cfg(mysql_series = "9_7")]
mod mysql_9_7;
#[cfg(mysql_series = "9_7")]
pub use mysql_9_7::*;
