//! What is to be done for a change in the coordinator: sessions to wake, and messages for
//! the error log. The coordinator keeps its effects until its caller takes them.

use crate::{pending::OutOfOrder, position::Position, refusal::Refusal};

/// What is to be done once the lock is released.
#[derive(Debug)]
pub struct Effects<W> {
    /// Sessions to wake.
    pub released: Vec<(W, Outcome)>,
    pub messages: Vec<Message>,
}

impl<W> Default for Effects<W> {
    fn default() -> Self {
        Self {
            released: Vec::new(),
            messages: Vec::new(),
        }
    }
}

/// How a commit's wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Enough replicas have the commit.
    Acknowledged,
    /// The commit goes on without them.
    Asynchronous,
}

/// What the operator is told, in the error log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    Enabled,
    Disabled,
    SwitchedOff,
    /// Enough replicas have caught up, and have everything up to here. None: no commit was
    /// there to catch up with.
    SwitchedOn(Option<Position>),
    TimedOut {
        waiting: Position,
        confirmed: Option<Position>,
    },
    /// A session has waited for its whole timeout and waits on, as do those that come next.
    WaitsOn,
    /// The operator has released all who wait, unconfirmed: everything up to here goes on. None:
    /// nobody waited.
    Released {
        sessions: usize,
        up_to: Option<Position>,
    },
    /// KILL has ended a session's wait: its commit goes on, unconfirmed.
    Killed {
        waiting: Position,
        confirmed: Option<Position>,
    },
    /// From now on new transactions are refused, for this reason.
    Refuses(Refusal),
    /// New transactions are refused no longer.
    RefusesNoMore,
    /// The server shuts down with commits that are not confirmed.
    ForcedShutdown,
    OutOfOrder(OutOfOrder),
}
