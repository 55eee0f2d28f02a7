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
    /// What the replica says does not count yet.
    held: Option<Held>,
    /// Whether this connection was ever sent the whole log. A replica that still catches up
    /// is false. So is everyone before the first commit: nobody knows where the log ends.
    pub streaming: bool,
    /// The member's, once more: voters are compared by it all the time.
    server_id: u32,
}

/// The log is sent to a replica from a file on that may not name what was flushed before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Held {
    /// What the replica may lack ends here, or earlier. Once nobody waits for that, all counts.
    before: Position,
    /// What the replica has acknowledged meanwhile.
    said: Option<Position>,
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
            held: None,
            streaming,
        }
    }

    /// The replica says that it has everything up to `at`. false: that is no news.
    pub fn says(&mut self, at: Option<Position>) -> bool {
        let last = match &mut self.held {
            Some(held) => &mut held.said,
            None => &mut self.acked,
        };
        let news = at > *last;
        *last = at.max(*last);
        news
    }

    /// What the replica has said, whether it counts or not.
    pub fn said(&self) -> Option<Position> {
        self.held.map_or(self.acked, |held| held.said)
    }

    /// What it says does not count before [`Self::settle`].
    pub fn begins_behind(&mut self, before: Position) {
        let said = self.acked;
        self.held = Some(Held { before, said });
    }

    /// Counts again what the replica says, if `is_settled` of what it may lack. true: it does, and
    /// did not before.
    pub fn settle(&mut self, is_settled: impl FnOnce(Position) -> bool) -> bool {
        let Some(held) = self.held.filter(|held| is_settled(held.before)) else {
            return false;
        };
        self.acked = held.said;
        self.held = None;
        true
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
