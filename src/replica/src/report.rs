//! What is told of the channels, put together: for the table and for status rows. Any thread, and
//! nothing waits.

use crate::{
    channel::{SemiSync, semi_sync_of},
    figures::{self, Figures},
};
use semisync_server::MonotonicMicros;
use std::sync::Arc;

/// One channel.
pub struct ChannelReport {
    pub name: Arc<str>,
    pub semi_sync: SemiSync,
    /// It acknowledged during the last connection that has ended. (A connection that has ended may
    /// not be known to its receiver yet.)
    pub was_acker: bool,
    pub figures: Figures,
}

/// Every channel that had a receiver since this server has started.
pub fn channels() -> Vec<ChannelReport> {
    let channels = figures::all().into_iter();
    let reports = channels.map(|(name, figures)| {
        let now = semi_sync_of(&name);
        let semi_sync = match now {
            Some(semi_sync) => semi_sync,
            None if figures.without_semi_sync => SemiSync::Refused,
            None => SemiSync::Off,
        };
        ChannelReport {
            was_acker: figures.was_acker(now.is_none()),
            name,
            semi_sync,
            figures,
        }
    });
    reports.collect()
}

/// All channels together.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Totals {
    /// Some channel was an acker.
    pub was_acker: bool,
    /// Microseconds since the newest acknowledgement; 0: there was none.
    pub last_ack_age: u64,
    pub acks: u64,
}

pub fn totals() -> Totals {
    let mut totals = Totals::default();
    let mut newest = None;
    for channel in channels() {
        totals.was_acker |= channel.was_acker;
        totals.acks += channel.figures.acks;
        newest = newest.max(channel.figures.last_ack.map(|ack| ack.moment));
    }
    totals.last_ack_age = newest.map_or(0, |moment| MonotonicMicros::now() - moment);
    totals
}
