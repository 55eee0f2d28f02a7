//! `performance_schema.replication_semisync_wait_histogram`: how long waits took. It has the
//! columns and the buckets of `events_statements_histogram_global`, for waits that ended by
//! acknowledgement and for those that did not. A bucket without waits has no row: sending and
//! parsing hundreds of such rows is what a reader would take the processors for, and sums, limits
//! and quantiles do not need them.

use crate::counters::WAITS;
use semisync_core::{Histogram, bucket_limits};
use semisync_server::tables::{Cell, Table};
use std::ffi::CStr;

pub struct WaitHistogram;

/// A bucket.
pub struct Row {
    outcome: u8,
    bucket: usize,
    count: u64,
    count_and_lower: u64,
    /// Which part of all waits was no longer.
    quantile: f64,
}

/// The names of OUTCOME, from 1.
const ACKNOWLEDGED: u8 = 1;
const UNCONFIRMED: u8 = 2;

impl Table for WaitHistogram {
    const NAME: &'static CStr = c"replication_semisync_wait_histogram";
    const COLUMNS: &'static CStr = c"
        OUTCOME ENUM('ACKNOWLEDGED', 'UNCONFIRMED') NOT NULL,
        BUCKET_NUMBER BIGINT UNSIGNED NOT NULL,
        BUCKET_TIMER_LOW BIGINT UNSIGNED NOT NULL,
        BUCKET_TIMER_HIGH BIGINT UNSIGNED NOT NULL,
        COUNT_BUCKET BIGINT UNSIGNED NOT NULL,
        COUNT_BUCKET_AND_LOWER BIGINT UNSIGNED NOT NULL,
        BUCKET_QUANTILE DOUBLE(7,6) NOT NULL";
    const USUAL_ROWS: u64 = 100;
    type Row = Row;

    fn rows() -> Vec<Row> {
        let waits = WAITS.histogram.copy();
        let mut rows = Vec::new();
        append(&mut rows, ACKNOWLEDGED, &waits.acknowledged);
        append(&mut rows, UNCONFIRMED, &waits.unconfirmed);
        rows
    }

    fn key(row: &Row) -> u64 {
        u64::from(row.outcome) << 32 | row.bucket as u64
    }

    fn cell(row: &Row, column: usize) -> Cell<'_> {
        let limits = bucket_limits(row.bucket);
        match column {
            0 => Cell::Enum(row.outcome),
            1 => Cell::Number(row.bucket as u64),
            2 => limits.map(|(low, _)| low).into(),
            3 => limits.map(|(_, high)| high).into(),
            4 => row.count.into(),
            5 => row.count_and_lower.into(),
            6 => Cell::Double(row.quantile),
            _ => Cell::Null,
        }
    }
}

/// The buckets that hold something. The quantile is the one that PFS_histogram computes.
fn append(rows: &mut Vec<Row>, outcome: u8, histogram: &Histogram) {
    let total = histogram.total();
    let mut so_far: u64 = 0;
    let buckets = histogram.counts().iter().enumerate();
    for (bucket, count) in buckets.filter(|(_, count)| **count > 0) {
        so_far = so_far.saturating_add(*count);
        #[allow(clippy::cast_precision_loss)] // six digits are shown
        let quantile = so_far as f64 / total as f64;
        rows.push(Row {
            outcome,
            bucket,
            count: *count,
            count_and_lower: so_far,
            quantile,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use semisync_core::bucket_of;

    #[test]
    fn only_buckets_with_waits_have_rows_and_their_counts_add_up() {
        let mut histogram = Histogram::default();
        for micros in [5, 5, 20_000] {
            histogram.add(micros);
        }
        let mut rows = Vec::new();
        append(&mut rows, ACKNOWLEDGED, &histogram);
        let [first, last] = &rows[..] else {
            panic!("{} rows", rows.len());
        };
        assert_eq!((first.bucket, last.bucket), (0, bucket_of(20_000)));
        assert_eq!((first.count, first.count_and_lower), (2, 2));
        assert!((first.quantile - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!((last.count, last.count_and_lower), (1, 3));
        assert!((last.quantile - 1.0).abs() < 1e-9);
    }

    #[test]
    fn without_waits_there_are_no_rows() {
        let mut rows = Vec::new();
        append(&mut rows, UNCONFIRMED, &Histogram::default());
        assert!(rows.is_empty());
    }
}
