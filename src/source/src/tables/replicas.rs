//! `performance_schema.replication_semisync_replicas`: a row for each connection of a semi-sync
//! replica, and for an hour one for each replica that has left.

use crate::{
    figures::{AckLevel, LogPlace, Phase, ReplicaFigures},
    source::Source,
};
use semisync_core::Standing;
use semisync_server::tables::{Cell, Table};
use std::ffi::CStr;

pub struct Replicas;

/// With the UUID as text, which a cell borrows.
pub struct Row {
    figures: ReplicaFigures,
    uuid: Option<String>,
}

impl Table for Replicas {
    const NAME: &'static CStr = c"replication_semisync_replicas";
    const COLUMNS: &'static CStr = c"
        SERVER_ID BIGINT UNSIGNED NOT NULL,
        SERVER_UUID VARCHAR(36),
        NAME VARCHAR(64),
        ZONE VARCHAR(64),
        HOST VARCHAR(255),
        PROCESSLIST_ID BIGINT UNSIGNED,
        STATE ENUM('CATCHUP', 'STREAMING', 'GONE') NOT NULL,
        SYNC_STATE ENUM('ASYNC', 'POTENTIAL', 'SYNC', 'QUORUM') NOT NULL,
        COUNTED ENUM('YES', 'NO') NOT NULL,
        NOT_COUNTED_REASON VARCHAR(256),
        ACK_LEVEL ENUM('RECEIVED', 'SYNCED') NOT NULL,
        SENT_LOG_FILE VARCHAR(512),
        SENT_LOG_POS BIGINT UNSIGNED,
        ACKED_LOG_FILE VARCHAR(512),
        ACKED_LOG_POS BIGINT UNSIGNED,
        LAG_BYTES BIGINT UNSIGNED,
        LAG_MICROSECONDS BIGINT UNSIGNED,
        LAST_ACK TIMESTAMP(6) NULL,
        ACK_MICROSECONDS_P50 BIGINT UNSIGNED,
        ACK_MICROSECONDS_P99 BIGINT UNSIGNED,
        ACK_MICROSECONDS_MAX BIGINT UNSIGNED,
        ACKS BIGINT UNSIGNED NOT NULL,
        ACKS_REFUSED BIGINT UNSIGNED NOT NULL,
        CONNECTED_SINCE TIMESTAMP(6) NULL";
    const USUAL_ROWS: u64 = 4;
    type Row = Row;

    fn rows() -> Vec<Row> {
        let figures = Source::get().map(Source::replica_figures);
        let row = |figures: ReplicaFigures| Row {
            uuid: figures.member.uuid.map(|uuid| uuid.to_string()),
            figures,
        };
        figures.into_iter().flatten().map(row).collect()
    }

    fn key(row: &Row) -> u64 {
        row.figures.connection.0
    }

    fn cell(Row { figures, uuid }: &Row, column: usize) -> Cell<'_> {
        let member = &*figures.member;
        match column {
            0 => member.server_id.into(),
            1 => uuid.as_deref().into(),
            2 => member.name.as_deref().into(),
            3 => member.zone.as_deref().into(),
            4 => figures.host.as_deref().into(),
            5 => match (figures.phase, figures.thread_id) {
                (Phase::Gone, _) | (_, 0) => Cell::Null,
                (_, id) => id.into(),
            },
            6 => Cell::Enum(match figures.phase {
                Phase::CatchUp => 1,
                Phase::Streaming => 2,
                Phase::Gone => 3,
            }),
            7 => Cell::Enum(match figures.standing {
                Standing::Async => 1,
                Standing::Potential => 2,
                Standing::Sync => 3,
                Standing::Quorum => 4,
            }),
            8 => Cell::Enum(if figures.is_counted() { 1 } else { 2 }),
            9 => figures.not_counted.as_deref().into(),
            10 => Cell::Enum(match figures.ack_level {
                AckLevel::Received => 1,
                AckLevel::Synced => 2,
            }),
            11 => file(&figures.sent),
            12 => offset(&figures.sent),
            13 => file(&figures.acked),
            14 => offset(&figures.acked),
            15 => figures.lag_bytes.into(),
            16 => figures.lag_us.into(),
            17 => Cell::Time(figures.acks.last.map_or(0, |last| last.time)),
            18 => figures.acks.p50.into(),
            19 => figures.acks.p99.into(),
            20 => figures.acks.max.into(),
            21 => figures.acks.acks.into(),
            22 => figures.acks.refused.into(),
            23 => Cell::Time(figures.connected_since),
            _ => Cell::Null,
        }
    }
}

/// The file of a place in the binary log. The server's names of files are text.
pub fn file(place: &Option<LogPlace>) -> Cell<'_> {
    let name = place.as_ref().map(|(name, _)| std::str::from_utf8(name));
    name.and_then(Result::ok).into()
}

pub fn offset(place: &Option<LogPlace>) -> Cell<'_> {
    place.as_ref().map(|(_, offset)| *offset).into()
}
