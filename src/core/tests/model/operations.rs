//! The random operations: what can happen to a coordinator, weighted so that runs get far.
//! All positions lie within a few groups of the end of the log.

use crate::rules::{PlainRule, rules};
use proptest::{collection::vec, prelude::*};
use semisync_core::{Position, Rule, Settings, TimeoutAction};

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

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let nth = || 0..8_usize;
    let near_end = || prop_oneof![Just(0), -3..=1_i64];
    let rarely = || prop::bool::weighted(0.1);
    // Mostly a replica was sent at least what it acknowledges.
    let sent = prop_oneof![
        1 => Just(None),
        1 => (-2..0_i64).prop_map(Some),
        12 => (0..3_i64).prop_map(Some),
    ];
    let start = prop_oneof![Just(None), (-4..=0_i64).prop_map(Some)];
    prop_oneof![
        5 => (1..=7_u32, start).prop_map(|(server, start)| Connect { server, start }),
        3 => (nth(), rarely()).prop_map(|(nth, shutting_down)| Disconnect { nth, shutting_down }),
        10 => (1..=3_i64).prop_map(|groups| Flush { groups }),
        1 => (-2..=0_i64).prop_map(|groups| Flush { groups }),
        10 => (near_end(), rarely())
            .prop_map(|(from_end, shutting_down)| WaitPoint { from_end, shutting_down }),
        16 => (nth(), near_end(), sent)
            .prop_map(|(nth, from_end, sent_beyond)| Ack { nth, from_end, sent_beyond }),
        8 => (near_end(), rarely(), rarely()).prop_map(|(from_end, applier, shutting_down)| {
            EngineCommit { from_end, applier, shutting_down }
        }),
        5 => (nth(), rarely()).prop_map(|(nth, shutting_down)| StopApplier { nth, shutting_down }),
        7 => (nth(), rarely()).prop_map(|(nth, shutting_down)| TimeOut { nth, shutting_down }),
        2 => nth().prop_map(|nth| ShutDown { nth }),
        2 => prop_oneof![1..=2_u32, 1..=5_u32].prop_map(|count| SetRule(PlainRule::Count(count))),
        2 => rules(7).prop_map(SetRule),
        1 => (nth(), 1..=7_u32).prop_map(|(nth, guise)| Overrule { nth, guise }),
        4 => (nth(), near_end()).prop_map(|(nth, from_end)| Send { nth, from_end }),
        2 => Just(Release),
        2 => nth().prop_map(|nth| Kill { nth }),
        1 => any::<bool>().prop_map(SetWaitNoReplica),
        2 => settings().prop_map(Set),
        5 => prop_oneof![2 => 1..4_u64, 1 => 1..30_u64].prop_map(Pass),
        1 => Just(Reset),
        2 => Just(Enable),
        1 => Just(Disable),
    ]
}

/// Half of them with stock's only.
pub fn settings() -> impl Strategy<Value = Settings> {
    let stock = (1..=3_u32, any::<bool>()).prop_map(|(count, wait_no_replica)| Settings {
        rule: Rule::of_count(count),
        wait_no_replica,
        ..Settings::default()
    });
    let action = prop_oneof![
        3 => Just(TimeoutAction::Async),
        1 => Just(TimeoutAction::Wait),
        2 => Just(TimeoutAction::Refuse),
        1 => Just(TimeoutAction::AbortServer),
    ];
    let rejoin_after = prop_oneof![1 => Just(0), 2 => 1..6_u64];
    let all = (stock.clone(), action, 0..4_u32, rejoin_after).prop_map(
        |(stock, timeout_action, min_replicas, rejoin_after)| Settings {
            timeout_action,
            min_replicas,
            rejoin_after,
            ..stock
        },
    );
    prop_oneof![stock, all]
}

pub fn operations() -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..60)
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
