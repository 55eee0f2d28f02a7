//! A replica that is connected, and what the replica has.

use crate::{member::Member, position::Position};
use std::sync::Arc;

/// A connection of a replica. Later connections have greater numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct ReplicaConnectionId(pub u64);

/// A replica that is connected, by one of its connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Voter {
    pub member: Arc<Member>,
    pub connection: ReplicaConnectionId,
    /// What the replica has acknowledged over this connection, or was taken to have when it
    /// connected. None: nothing.
    pub acked: Option<Position>,
    /// What the replica has said, where that does not count yet, see `may_lack`.
    said: Option<Position>,
    /// The log is sent from a file on that may not name what was flushed up to here and still
    /// waits. Until that is settled, nothing counts that the replica says.
    may_lack: Option<Position>,
    /// Whether this connection was ever sent the whole log. A replica that still catches up
    /// is false. So is everyone before the first commit: nobody knows where the log ends.
    pub streaming: bool,
    /// The member's, once more: voters are compared by it all the time.
    server_id: u32,
}

impl Voter {
    pub fn new(
        connection: ReplicaConnectionId,
        member: Arc<Member>,
        acked: Option<Position>,
        streaming: bool,
    ) -> Self {
        Self {
            server_id: member.server_id,
            member,
            connection,
            acked,
            said: acked,
            may_lack: None,
            streaming,
        }
    }

    /// The replica says that it has everything up to `at`. false: that is no news.
    pub fn says(&mut self, at: Option<Position>) -> bool {
        let news = at > self.said;
        if news {
            self.said = at;
            if self.may_lack.is_none() {
                self.acked = at;
            }
        }
        news
    }

    /// What the replica has said, whether it counts or not.
    pub fn said(&self) -> Option<Position> {
        self.said
    }

    /// What it says does not count before [`Self::settle`].
    pub fn begins_behind(&mut self, before: Position) {
        self.may_lack = Some(before);
    }

    /// Counts again what the replica says, if `is_settled` of what it may lack. true: it does, and
    /// did not before.
    pub fn settle(&mut self, is_settled: impl FnOnce(Position) -> bool) -> bool {
        let settles = self.may_lack.is_some_and(is_settled);
        if settles {
            self.may_lack = None;
            self.acked = self.said;
        }
        settles
    }

    pub fn server_id(&self) -> u32 {
        self.server_id
    }

    /// The log up to `sent` was sent over this connection, or the replica had it; `flushed`: how
    /// much there is. true: the connection has caught up by that.
    pub fn catches_up(&mut self, sent: Option<Position>, flushed: Option<Position>) -> bool {
        let news = !self.streaming && flushed.is_some() && sent >= flushed;
        self.streaming |= news;
        news
    }
}
