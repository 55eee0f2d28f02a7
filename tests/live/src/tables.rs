//! The tables of `performance_schema`, by their full names.

pub const REPLICAS: &str = "performance_schema.replication_semisync_replicas";
pub const WAITS: &str = "performance_schema.replication_semisync_waits";
pub const HISTOGRAM: &str = "performance_schema.replication_semisync_wait_histogram";
pub const CHANNELS: &str = "performance_schema.replication_semisync_channels";
/// The tables of the source's side.
pub const OF_SOURCE: [&str; 3] = [REPLICAS, WAITS, HISTOGRAM];

/// Why a test of tables does not apply, see [`Dialect::has_tables`](crate::Dialect::has_tables).
pub const NO_TABLES: &str = "a plugin has no tables in it";
