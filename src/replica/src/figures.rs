//! What is told of each channel: in the table `replication_semisync_channels`, and in the rows
//! `Semisync_replica_...`. Kept by the channel's name, and after its receiver has ended: whoever
//! decides a failover asks when the source is gone.

use crate::operator::values::AckAfter;
use parking_lot::Mutex;
use semisync_server::{MonotonicMicros, system_micros};
use std::{collections::BTreeMap, sync::Arc};

/// The channels that had a receiver, by their names. Under it nothing waits, and nothing is taken.
static CHANNELS: Mutex<BTreeMap<Arc<str>, Figures>> = Mutex::new(BTreeMap::new());

/// What is known of one channel.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// Which channel it is, counted as they came.
    pub number: u64,
    /// The source of the newest connection, if it is known.
    pub source_uuid: Option<Arc<str>>,
    /// The newest acknowledgement, on any connection.
    pub last_ack: Option<Ack>,
    /// Acknowledgements sent.
    pub acks: u64,
    /// What those of the newest connection mean.
    pub ack_after: AckAfter,
    /// The source of the present connection does not take acknowledgements: it has no semi-sync.
    pub without_semi_sync: bool,
    /// It acknowledged during the last connection that has ended. Connections on which no
    /// transaction came are passed over: they tell nothing.
    was_acker: bool,
    present: Option<Connection>,
}

/// An acknowledgement.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Ack {
    /// Microseconds of the system's clock.
    pub time: u64,
    /// Microseconds of the clock that never goes back.
    pub moment: u64,
    /// In the source's binary log.
    pub file: Arc<[u8]>,
    pub offset: u64,
}

/// What came of a connection so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Connection {
    acknowledged: bool,
    transactions: bool,
}

impl Connection {
    /// Whether the replica acknowledged; None: there was nothing to acknowledge.
    fn tells(self) -> Option<bool> {
        (self.acknowledged || self.transactions).then_some(self.acknowledged)
    }
}

impl Figures {
    /// A connection begins. `semi_sync`: the source has semi-sync, enabled or not.
    fn on_connect(&mut self, semi_sync: bool, ack_after: AckAfter, source_uuid: Option<Arc<str>>) {
        self.on_disconnect();
        self.present = Some(Connection::default());
        self.without_semi_sync = !semi_sync;
        self.ack_after = ack_after;
        self.source_uuid = source_uuid;
    }

    fn on_disconnect(&mut self) {
        if let Some(acknowledged) = self.present.take().and_then(Connection::tells) {
            self.was_acker = acknowledged;
        }
        self.without_semi_sync = false;
    }

    fn on_transaction(&mut self) {
        if let Some(present) = &mut self.present {
            present.transactions = true;
        }
    }

    fn on_ack(&mut self, ack: Ack) {
        self.acks += 1;
        self.last_ack = Some(ack);
        if let Some(present) = &mut self.present {
            present.acknowledged = true;
        }
    }

    /// Whether it acknowledged during the last connection that has ended. `ended`: the present one
    /// has, and its receiver does not know yet.
    pub fn was_acker(&self, ended: bool) -> bool {
        let present = self.present.filter(|_| ended).and_then(Connection::tells);
        present.unwrap_or(self.was_acker)
    }
}

/// The receiver of the channel connects. Any thread, as all of these.
pub fn on_connect(
    channel: &str,
    semi_sync: bool,
    ack_after: AckAfter,
    source_uuid: Option<Arc<str>>,
) {
    change(channel, |figures| {
        figures.on_connect(semi_sync, ack_after, source_uuid);
    });
}

/// It has lost its connection, or ends.
pub fn on_disconnect(channel: &str) {
    change(channel, Figures::on_disconnect);
}

/// A transaction was queued.
pub fn on_transaction(channel: &str) {
    change(channel, Figures::on_transaction);
}

/// An acknowledgement was sent.
pub fn on_ack(channel: &str, file: &[u8], offset: u64) {
    let (time, moment) = (system_micros(), MonotonicMicros::now());
    change(channel, |figures| {
        let last = figures.last_ack.as_ref();
        let same = last.filter(|last| *last.file == *file);
        let file = same.map_or_else(|| file.into(), |last| Arc::clone(&last.file));
        figures.on_ack(Ack {
            time,
            moment,
            file,
            offset,
        });
    });
}

fn change(channel: &str, change: impl FnOnce(&mut Figures)) {
    let mut channels = CHANNELS.lock();
    if let Some(figures) = channels.get_mut(channel) {
        return change(figures);
    }
    let number = u64::try_from(channels.len()).unwrap_or(u64::MAX);
    change(channels.entry(channel.into()).or_insert_with(|| Figures {
        number,
        ..Figures::default()
    }));
}

/// A copy of all, in the order of the names.
pub fn all() -> Vec<(Arc<str>, Figures)> {
    let channels = CHANNELS.lock();
    let copy = |(name, figures): (&Arc<str>, &Figures)| (Arc::clone(name), figures.clone());
    channels.iter().map(copy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected() -> Figures {
        let mut figures = Figures::default();
        figures.on_connect(true, AckAfter::Synced, None);
        figures
    }

    #[test]
    fn a_replica_that_acknowledged_was_an_acker_as_soon_as_its_connection_has_ended() {
        let mut figures = connected();
        assert!(!figures.was_acker(true));
        figures.on_transaction();
        figures.on_ack(Ack::default());
        assert!(!figures.was_acker(false) && figures.was_acker(true));
        figures.on_disconnect();
        assert!(figures.was_acker(true) && figures.was_acker(false));
        assert_eq!(figures.acks, 1);
    }

    #[test]
    fn a_connection_on_which_no_transaction_came_tells_nothing() {
        let mut figures = connected();
        figures.on_ack(Ack::default());
        for _ in 0..2 {
            figures.on_connect(true, AckAfter::Received, None);
            assert!(figures.was_acker(true));
        }
        figures.on_transaction();
        assert!(figures.was_acker(false) && !figures.was_acker(true));
        figures.on_disconnect();
        assert!(!figures.was_acker(false));
    }

    #[test]
    fn an_asynchronous_connection_is_one_that_did_not_acknowledge() {
        let mut figures = connected();
        figures.on_ack(Ack::default());
        figures.on_connect(false, AckAfter::Received, None);
        assert!(figures.without_semi_sync && figures.was_acker(true));
        figures.on_transaction();
        figures.on_disconnect();
        assert!(!figures.without_semi_sync && !figures.was_acker(false));
    }

    #[test]
    fn channels_are_kept_by_name() {
        on_connect("kept", true, AckAfter::Received, Some("uuid".into()));
        on_ack("kept", b"binlog.000001", 4);
        on_ack("kept", b"binlog.000001", 8);
        on_disconnect("kept");
        let all = all();
        let (_, kept) = all.iter().find(|(name, _)| **name == *"kept").unwrap();
        let ack = kept.last_ack.as_ref().unwrap();
        assert_eq!(
            (kept.acks, &*ack.file, ack.offset),
            (2, &b"binlog.000001"[..], 8)
        );
    }
}
