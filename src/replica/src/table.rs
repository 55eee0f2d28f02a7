//! `performance_schema.replication_semisync_channels`: a row for each channel that had a receiver
//! since the server has started.

use crate::{
    channel::SemiSync,
    messages,
    operator::values::AckAfter,
    report::{self, ChannelReport},
};
use semisync_server::{
    Server,
    log::{Level, printable},
    plugin::Handle,
    tables::{self, Cell, Definition, HAS_TABLES, Table},
};
use std::ffi::CStr;

static CHANNELS: Definition = Definition::new::<Channels>();

/// At the end of `init`. A table that cannot be made is a line in the log.
pub fn add(server: Server, plugin: &Handle) {
    if HAS_TABLES && let Err(missing) = tables::add(server, plugin, &[&CHANNELS]) {
        messages::table(Level::Warning, &missing);
    }
}

/// At the end of `check_uninstall`, when the plugin goes.
pub fn remove(server: Server) {
    if let Err(left) = tables::remove(server, &[&CHANNELS]) {
        messages::table(Level::Note, &left);
    }
}

/// In `deinit`.
pub fn close() {
    tables::close();
}

struct Channels;

struct Row {
    channel: ChannelReport,
    last_ack_file: Option<String>,
}

impl Table for Channels {
    const NAME: &'static CStr = c"replication_semisync_channels";
    const COLUMNS: &'static CStr = c"
        CHANNEL_NAME VARCHAR(64) NOT NULL,
        SEMI_SYNC ENUM('ON', 'OFF', 'REFUSED BY SOURCE') NOT NULL,
        SOURCE_UUID VARCHAR(36),
        LAST_ACK TIMESTAMP(6) NULL,
        LAST_ACK_LOG_FILE VARCHAR(512),
        LAST_ACK_LOG_POS BIGINT UNSIGNED,
        ACKS BIGINT UNSIGNED NOT NULL,
        ACK_LEVEL ENUM('RECEIVED', 'SYNCED') NOT NULL,
        WAS_ACKER ENUM('YES', 'NO') NOT NULL";
    const USUAL_ROWS: u64 = 1;
    type Row = Row;

    fn rows() -> Vec<Row> {
        let channels = report::channels().into_iter();
        let rows = channels.map(|channel| {
            let last_ack = channel.figures.last_ack.as_ref();
            Row {
                last_ack_file: last_ack.map(|ack| printable(&ack.file)),
                channel,
            }
        });
        rows.collect()
    }

    fn key(row: &Row) -> u64 {
        row.channel.figures.number
    }

    fn cell(row: &Row, column: usize) -> Cell<'_> {
        let figures = &row.channel.figures;
        let last_ack = figures.last_ack.as_ref();
        match column {
            0 => Cell::Text(&row.channel.name),
            1 => Cell::Enum(match row.channel.semi_sync {
                SemiSync::On => 1,
                SemiSync::Off => 2,
                SemiSync::Refused => 3,
            }),
            2 => figures.source_uuid.as_deref().into(),
            3 => last_ack.map_or(Cell::Null, |ack| Cell::Time(ack.time)),
            4 => row.last_ack_file.as_deref().into(),
            5 => last_ack.map(|ack| ack.offset).into(),
            6 => figures.acks.into(),
            7 => Cell::Enum(match figures.ack_after {
                AckAfter::Received => 1,
                AckAfter::Synced => 2,
            }),
            8 => Cell::Enum(if row.channel.was_acker { 1 } else { 2 }),
            _ => Cell::Null,
        }
    }
}
