//! What the operator sees, as plain copies: the rows of the tables and of the status variables are
//! made of them. Times that have passed are in microseconds, moments in microseconds since 1970.

use crate::{ack_figures::AckSummary, wait_histogram::RoundedWaits};
use semisync_core::{Lacking, LogName, Member, ReplicaConnectionId, Standing};
use std::sync::Arc;

/// A file of the binary log, without its directory, and an offset in the file.
pub type LogPlace = (LogName, u64);

/// How far a dump is. PostgreSQL's words, and one more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// The replica was never yet sent the newest commit on this connection.
    CatchUp,
    Streaming,
    /// The connection has ended; the figures are its last ones.
    Gone,
}

/// What an acknowledgement says that the replica has done with the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum AckLevel {
    /// Received it and handed it to the file system.
    #[default]
    Received,
    /// Synced it to its disk.
    Synced,
}

/// A connection of a replica.
#[derive(Clone, Debug)]
pub struct ReplicaFigures {
    pub connection: ReplicaConnectionId,
    /// Who it is, after overruling.
    pub member: Arc<Member>,
    /// Its address without the port. None: not known.
    pub host: Option<String>,
    /// The id of its dump in the process list; 0: not known.
    pub thread_id: u64,
    pub phase: Phase,
    pub standing: Standing,
    /// None: it counts.
    pub not_counted: Option<String>,
    pub ack_level: AckLevel,
    pub sent: Option<LogPlace>,
    /// None: it has acknowledged nothing of the present log.
    pub acked: Option<LogPlace>,
    /// How much of the log it has not acknowledged. None: not known.
    pub lag_bytes: Option<u64>,
    /// See [`AckSummary::lag`]. None: it is idle, nobody reads its acknowledgements, or semi-sync
    /// is disabled.
    pub lag_us: Option<u64>,
    pub acks: AckSummary,
    pub connected_since: u64,
}

impl ReplicaFigures {
    pub fn is_counted(&self) -> bool {
        self.not_counted.is_none()
    }
}

/// A session that waits.
#[derive(Clone, Debug)]
pub struct WaitFigures {
    /// Its id in the process list.
    pub thread_id: u64,
    /// What it waits for. None: the log was just reset.
    pub at: Option<LogPlace>,
    pub waited_us: u64,
    /// For whom.
    pub lacking: Lacking,
}

/// The source in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct SourceFigures {
    /// 0 disabled, 1 OFF, 2 ON, 3 ON although those who are connected cannot confirm a commit.
    pub state: u64,
    pub wait_sessions: u64,
    /// For how long the session has waited that waits longest; 0: nobody waits.
    pub oldest_wait_us: u64,
    /// For how long nobody has been released although somebody waits; 0: nobody waits.
    pub blocked_us: u64,
    /// How much of the log is not confirmed while somebody waits; 0: nobody waits.
    pub waiting_lag_bytes: u64,
    /// For how long semi-sync has been OFF although it is enabled; 0: it is not.
    pub off_since_us: u64,
    pub waits: RoundedWaits,
}
