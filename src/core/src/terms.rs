//! What goes into the coordinator and what comes out of it.

use crate::{pending::OutOfOrder, position::Position};

/// What the operator has set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How many replicas must acknowledge.
    pub wait_count: u32,
    /// Whether commits wait although fewer replicas are connected.
    pub wait_no_replica: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait_count: 1,
            wait_no_replica: true,
        }
    }
}

/// How a commit's wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Enough replicas have it.
    Acknowledged,
    /// It goes on without them.
    Asynchronous,
}

/// What becomes of a commit that is done at its wait point and was not confirmed there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settled {
    /// Its client is told OK: it is confirmed, or asynchronous.
    Done,
    /// It has to wait now: the applier that waited for its group was stopped.
    Waits,
    /// The server shuts down: nobody is told OK.
    Untold,
}

/// What a shutdown has left unconfirmed in the binary log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Left {
    pub commits: usize,
    /// The end of the first of them.
    pub first: Position,
    /// Enough replicas have everything up to here. None: nothing is known.
    pub confirmed: Option<Position>,
}

/// A waiting session; ordered by what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WaitId {
    pub(crate) at: Position,
    /// Tells those apart that wait for the same.
    pub(crate) number: u64,
}

/// What the operator is told, in the error log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    Enabled,
    Disabled,
    SwitchedOff,
    /// Enough replicas have caught up: up to here, or file 0 if there was no
    /// commit to catch up with.
    SwitchedOn(Position),
    TimedOut {
        waiting: Position,
        confirmed: Option<Position>,
    },
    /// The server shuts down with commits that are not confirmed.
    ForcedShutdown,
    OutOfOrder(OutOfOrder),
}

/// What is to be done once the lock is released.
#[derive(Debug)]
pub struct Effects<W> {
    /// Sessions to wake.
    pub released: Vec<(W, Outcome)>,
    pub notices: Vec<Notice>,
}

impl<W> Default for Effects<W> {
    fn default() -> Self {
        Self {
            released: Vec::new(),
            notices: Vec::new(),
        }
    }
}

/// Answer to a session that wants to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begin {
    /// Nothing to wait for.
    Done(Outcome),
    /// Semi-sync is not enabled.
    NotCounted,
    Wait(WaitId),
}

/// What became of an acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AckVerdict {
    Accepted,
    /// Nothing new.
    Stale,
    /// Of what this connection was not served: refused. `first`: the first such
    /// of this connection.
    FromTheFuture {
        first: bool,
    },
    /// The replica is not connected (any more).
    UnknownLink,
}
