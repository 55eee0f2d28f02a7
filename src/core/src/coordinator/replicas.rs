//! What happens to replicas: they connect and leave, acknowledge what they were sent, or had
//! it already; and which events ask them for an acknowledgement.

use super::{Coordinator, Mode};
use crate::{
    position::Position,
    quorum::{ReplicaConnectionId, Voter},
    verdicts::AckVerdict,
};

impl<W> Coordinator<W> {
    /// A replica has connected. `start`: it asks for the log from this position
    /// on, so it has what lies before; None: it names GTIDs instead, or a position that
    /// the log is not known to have.
    pub fn on_connect(
        &mut self,
        connection: ReplicaConnectionId,
        server_id: u32,
        start: Option<Position>,
    ) {
        self.voters.push(Voter {
            server_id,
            connection,
            acked: start.min(self.flushed),
        });
        self.count_votes();
    }

    /// Its connection is gone, or no longer counts. May be called twice.
    pub fn on_disconnect(&mut self, connection: ReplicaConnectionId, shutting_down: bool) {
        let before = self.voters.len();
        self.voters.retain(|voter| voter.connection != connection);
        self.warned.retain(|warned| *warned != connection);
        if self.voters.len() == before {
            return;
        }
        // First, for the message: as in stock's `ReplSemiSyncSource::remove_replica`,
        // it does not depend on `wait_no_replica`.
        if shutting_down {
            self.give_up_if_few();
        }
        self.switch_off_if_few();
        // Those who stay may have more than was counted when semi-sync was
        // enabled.
        self.count_votes();
    }

    /// A replica has everything up to `at`, it says. `sent`: how far its connection was
    /// sent the log, or skipped what the replica had.
    pub fn on_ack(
        &mut self,
        connection: ReplicaConnectionId,
        at: Position,
        sent: Option<Position>,
    ) -> AckVerdict {
        let Some(voter) = self
            .voters
            .iter_mut()
            .find(|voter| voter.connection == connection)
        else {
            return AckVerdict::UnknownConnection;
        };
        if Some(at) > sent {
            return self.on_ack_of_unsent(connection);
        }
        let news = Some(at).min(self.flushed);
        if news <= voter.acked {
            return AckVerdict::Stale;
        }
        voter.acked = news;
        self.count_votes();
        AckVerdict::Accepted
    }

    /// A replica acknowledges what it was not sent.
    pub fn on_ack_of_unsent(&mut self, connection: ReplicaConnectionId) -> AckVerdict {
        if !self
            .voters
            .iter()
            .any(|voter| voter.connection == connection)
        {
            return AckVerdict::UnknownConnection;
        }
        let first = !self.warned.contains(&connection);
        if first {
            self.warned.push(connection);
        }
        AckVerdict::FromTheFuture { first }
    }

    /// The transaction that ends at `at` was not sent to a replica, because it has
    /// it already. It shows that the replica has everything up to `at` only if it
    /// acknowledged what was really sent to it before (`last_sent`: up to where).
    pub fn on_skip(
        &mut self,
        connection: ReplicaConnectionId,
        at: Position,
        last_sent: Option<Position>,
    ) {
        let Some(voter) = self
            .voters
            .iter_mut()
            .find(|voter| voter.connection == connection)
        else {
            return;
        };
        let news = Some(at).min(self.flushed);
        if last_sent.min(self.flushed) <= voter.acked && news > voter.acked {
            voter.acked = news;
            self.count_votes();
        }
    }

    /// Whether the event that ends at `end`, about to be sent, should ask for an
    /// acknowledgement.
    pub fn wants_ack(&self, connection: ReplicaConnectionId, end: Position) -> bool {
        let Some(voter) = self
            .voters
            .iter()
            .find(|voter| voter.connection == connection)
        else {
            return false;
        };
        if voter.acked >= Some(end) {
            return false;
        }
        match self.mode {
            Mode::Disabled | Mode::Broken => false,
            // Has it caught up?
            Mode::Off => self.flushed.is_none_or(|flushed| end >= flushed),
            // Not if somebody waits for a later one: that will do for both.
            Mode::On | Mode::Closing => {
                Some(end) > self.confirmed
                    && self.pending.contains(end)
                    && self.first_waiting().is_none_or(|first| end >= first)
            }
        }
    }

    /// An acknowledgement was asked for.
    pub fn on_asked(&mut self) {
        self.stats.net_waits += 1;
    }
}
