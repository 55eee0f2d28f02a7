//! What can happen to a coordinator. All positions lie within a few groups of the end of the log.
//! `fuzz/` uses this file too.

use super::rules::PlainRule;
use semisync_core::{Position, Settings};

/// Places are counted from the end of the log, in groups. `nth` chooses among what there is.
#[derive(Clone, Debug)]
pub enum Operation {
    Connect {
        server: u32,
        start: Option<i64>,
    },
    Disconnect {
        nth: usize,
        shutting_down: bool,
    },
    Flush {
        groups: i64,
    },
    WaitPoint {
        from_end: i64,
        shutting_down: bool,
    },
    Ack {
        nth: usize,
        from_end: i64,
        sent_beyond: Option<i64>,
    },
    /// The engine has committed.
    EngineCommit {
        from_end: i64,
        applier: bool,
        shutting_down: bool,
    },
    /// A session that waits is an applier, and is stopped.
    StopApplier {
        nth: usize,
        shutting_down: bool,
    },
    TimeOut {
        nth: usize,
        shutting_down: bool,
    },
    ShutDown {
        nth: usize,
    },
    /// The operator releases all who wait.
    Release,
    Kill {
        nth: usize,
    },
    /// A transaction-ending event is sent.
    Send {
        nth: usize,
        from_end: i64,
    },
    SetRule(PlainRule),
    /// The source overrules who a replica is.
    Overrule {
        nth: usize,
        guise: u32,
    },
    SetWaitNoReplica(bool),
    /// All settings in one step.
    Set(Settings),
    /// Time passes.
    Pass(u64),
    Reset,
    Enable,
    Disable,
}

/// The `group`th place at which a group can end: ten to a file, and the files go
/// past the number at which their names grow longer.
pub fn place(group: i64) -> Position {
    let group = group.max(0).cast_unsigned();
    Position {
        file: 999_998 + group / 10,
        offset: 4 + 100 * (group % 10),
    }
}
