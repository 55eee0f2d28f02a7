//! What happens to replicas: they connect and leave, they acknowledge what they were sent,
//! or had it already. And which events ask them for an acknowledgement.

use super::{Coordinator, Mode};
use crate::{
    member::Member,
    position::Position,
    quorum::{ReplicaConnectionId, Voter},
    verdicts::AckVerdict,
};
use std::sync::Arc;

impl<W> Coordinator<W> {
    /// A replica has connected. `start`: the replica asks for the log from this position
    /// on, so it has what lies before. None: the replica names GTIDs instead, or a position
    /// that the log is not known to have.
    pub fn on_connect(
        &mut self,
        connection: ReplicaConnectionId,
        member: Arc<Member>,
        start: Option<Position>,
    ) {
        let mut voter = Voter::new(connection, member, start.min(self.flushed), false);
        voter.catches_up(start, self.flushed);
        self.voters.push(voter);
        // A newer connection of a server may have another name than the one that has counted.
        self.on_other_replicas();
    }

    /// A dump by GTIDs begins with a file that no group up to `before` was flushed into. The server
    /// has chosen that file by the GTIDs that the file names. A group whose transactions have no
    /// XID (rows without an engine's transactions; in MySQL 5.7 all DDL) holds no rotation up
    /// while it waits, and the new file does not name it (sql/binlog.cc, `new_file_impl`,
    /// `ordered_commit`). So this replica may never get such a group, and says nothing of it by
    /// what it has of later files. true: there is one, so the replica does not count until the
    /// group is confirmed by others or let go.
    pub fn on_start_by_gtids(&mut self, connection: ReplicaConnectionId, before: Position) -> bool {
        let may_lack = self.pending.has_any(self.let_go, before);
        if let Some(voter) = self.voter_mut(connection).filter(|_| may_lack) {
            voter.begins_behind(before);
            return true;
        }
        false
    }

    /// true: a replica counts by now that did not, see [`Self::on_start_by_gtids`].
    pub(super) fn settle_voters(&mut self) -> bool {
        let (pending, let_go) = (&self.pending, self.let_go);
        let mut news = false;
        for voter in &mut self.voters {
            news |= voter.settle(|before| !pending.has_any(let_go, before));
        }
        news
    }

    /// The connection is gone, or no longer counts. May be called twice.
    pub fn on_disconnect(&mut self, connection: ReplicaConnectionId, shutting_down: bool) {
        let before = self.voters.len();
        self.voters.retain(|voter| voter.connection != connection);
        self.warned.retain(|warned| *warned != connection);
        if self.voters.len() == before {
            return;
        }
        // First, for the message: as in stock's `ReplSemiSyncSource::remove_replica`, the
        // message does not depend on `wait_no_replica`.
        if shutting_down {
            self.give_up_if_few();
        }
        // Those who stay may have more than was counted when semi-sync was enabled.
        self.on_other_replicas();
    }

    /// A replica says that it has everything up to `at`. `sent`: how far its connection was
    /// sent the log; what was skipped because the replica had it counts as sent.
    pub fn on_ack(
        &mut self,
        connection: ReplicaConnectionId,
        at: Position,
        sent: Option<Position>,
    ) -> AckVerdict {
        let flushed = self.flushed;
        let Some(voter) = self.voter_mut(connection) else {
            return AckVerdict::UnknownConnection;
        };
        if Some(at) > sent {
            return self.on_ack_of_unsent(connection);
        }
        let has_caught_up = voter.catches_up(sent, flushed);
        if voter.says(Some(at).min(flushed)) {
            self.on_news(connection);
            return AckVerdict::Accepted;
        }
        self.on_caught_up(has_caught_up);
        AckVerdict::Stale
    }

    /// A replica acknowledges what it was not sent.
    pub fn on_ack_of_unsent(&mut self, connection: ReplicaConnectionId) -> AckVerdict {
        if self.voter(connection).is_none() {
            return AckVerdict::UnknownConnection;
        }
        let first = !self.warned.contains(&connection);
        if first {
            self.warned.push(connection);
        }
        AckVerdict::FromTheFuture { first }
    }

    /// The transaction that ends at `at` was not sent to a replica, because the replica has
    /// it already. This shows that the replica has everything up to `at` only if it has
    /// acknowledged everything that was really sent to it before (`last_sent`: up to where).
    pub fn on_skip(
        &mut self,
        connection: ReplicaConnectionId,
        at: Position,
        last_sent: Option<Position>,
    ) {
        let flushed = self.flushed;
        let Some(voter) = self.voter_mut(connection) else {
            return;
        };
        let has_caught_up = voter.catches_up(Some(at), flushed);
        let has_all = last_sent.min(flushed) <= voter.said();
        if has_all && voter.says(Some(at).min(flushed)) {
            self.on_news(connection);
            return;
        }
        self.on_caught_up(has_caught_up);
    }

    /// The event that ends at `end` is about to be sent. Whether the event should ask for an
    /// acknowledgement.
    pub fn on_send(&mut self, connection: ReplicaConnectionId, end: Position) -> bool {
        let flushed = self.flushed;
        let Some(voter) = self.voter_mut(connection) else {
            return false;
        };
        let has_caught_up = voter.catches_up(Some(end), flushed);
        let acked = voter.acked;
        self.on_caught_up(has_caught_up);
        self.asks(acked, end)
    }

    /// A replica has acknowledged more. If it is connected several times, under different
    /// names, a quorum may know it by another one from now on.
    fn on_news(&mut self, connection: ReplicaConnectionId) {
        if self.settings.rule.quorum.is_some() && self.has_other_names(connection) {
            self.on_other_replicas();
        } else {
            self.count_votes();
        }
    }

    fn has_other_names(&self, connection: ReplicaConnectionId) -> bool {
        self.voter(connection).is_some_and(|voter| {
            self.voters
                .iter()
                .any(|other| other.server_id() == voter.server_id() && other.member != voter.member)
        })
    }

    /// `FIRST` may choose a replica that has caught up. A count does not ask for that.
    fn on_caught_up(&mut self, has_caught_up: bool) {
        if has_caught_up && self.settings.rule.quorum.is_some() {
            self.count_votes();
        }
    }

    /// What [`Self::on_send`] would answer, as long as nothing changes.
    pub fn wants_ack(&self, connection: ReplicaConnectionId, end: Position) -> bool {
        self.voter(connection)
            .is_some_and(|voter| self.asks(voter.acked, end))
    }

    /// Whether the event that ends at `end` should ask a replica that has `acked`.
    fn asks(&self, acked: Option<Position>, end: Position) -> bool {
        if acked >= Some(end) {
            return false;
        }
        match self.mode {
            Mode::Disabled | Mode::Broken => false,
            // Has the replica caught up?
            Mode::Off => self.flushed.is_none_or(|flushed| end >= flushed),
            // Not if all who wait do so for a later position: the acknowledgement of that
            // one will do for both.
            // Is the replica back?
            Mode::On if self.refusing && self.flushed <= Some(end) => true,
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

    fn voter(&self, connection: ReplicaConnectionId) -> Option<&Voter> {
        let mut voters = self.voters.iter();
        voters.find(|voter| voter.connection == connection)
    }

    fn voter_mut(&mut self, connection: ReplicaConnectionId) -> Option<&mut Voter> {
        let mut voters = self.voters.iter_mut();
        voters.find(|voter| voter.connection == connection)
    }
}
