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
            streaming,
        }
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
