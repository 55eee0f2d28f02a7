//! `performance_schema.replication_semisync_waits`: a row for each session that waits.

use super::replicas::{file, offset};
use crate::{figures::WaitFigures, source::Source};
use semisync_server::tables::{Cell, Table};
use std::ffi::CStr;

pub struct Waits;

impl Table for Waits {
    const NAME: &'static CStr = c"replication_semisync_waits";
    const COLUMNS: &'static CStr = c"
        PROCESSLIST_ID BIGINT UNSIGNED NOT NULL,
        LOG_FILE VARCHAR(512),
        LOG_POS BIGINT UNSIGNED,
        WAITING_MICROSECONDS BIGINT UNSIGNED NOT NULL,
        ACKNOWLEDGED_BY BIGINT UNSIGNED NOT NULL,
        NEEDED BIGINT UNSIGNED NOT NULL,
        MISSING VARCHAR(256) NOT NULL";
    const USUAL_ROWS: u64 = 8;
    type Row = WaitFigures;

    fn rows() -> Vec<WaitFigures> {
        Source::get().map(Source::wait_figures).unwrap_or_default()
    }

    /// A session waits for one thing at a time.
    fn key(row: &WaitFigures) -> u64 {
        row.thread_id
    }

    fn cell(row: &WaitFigures, column: usize) -> Cell<'_> {
        match column {
            0 => row.thread_id.into(),
            1 => file(&row.at),
            2 => offset(&row.at),
            3 => row.waited_us.into(),
            4 => row.lacking.acknowledged_by.into(),
            5 => row.lacking.needed.into(),
            6 => Cell::Text(&row.lacking.missing),
            _ => Cell::Null,
        }
    }
}
