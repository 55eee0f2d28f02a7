//! What the coordinator answers to those who tell it what happens.

use crate::{effects::Outcome, position::Position};

/// Answer to a session at its wait point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitVerdict {
    /// There is nothing to wait for.
    Done(Outcome),
    /// Semi-sync is not enabled.
    NotCounted,
    Waits(WaitId),
}

/// A waiting session. Sessions are ordered by the position that they wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WaitId {
    pub(crate) at: Position,
    /// Tells those apart that wait for the same position.
    pub(crate) number: u64,
}

/// Answer to a session that has waited for its whole timeout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeoutVerdict {
    /// The wait is over: by this timeout, or it was over before.
    Over,
    /// The session waits on, for as long as it takes.
    WaitsOn,
    /// The server is to end itself.
    Abort,
}

/// What becomes of a commit that is done at its wait point and was not confirmed there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitVerdict {
    /// The client is told OK: the commit is confirmed, or asynchronous.
    Done,
    /// The session has to wait now: the applier that waited for its group was stopped.
    Waits,
    /// The server shuts down: nobody is told OK.
    Untold,
}

/// What becomes of an acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AckVerdict {
    Accepted,
    /// It says nothing new.
    Stale,
    /// It acknowledges what was not sent over this connection, and is refused. `first`: it is
    /// the first such acknowledgement of this connection.
    FromTheFuture {
        first: bool,
    },
    /// The connection does not count, or not any more.
    UnknownConnection,
}
