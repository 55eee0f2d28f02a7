//! The random operations, weighted so that runs get far.

use super::{operations::Operation, random_rules::rules, rules::PlainRule};
use proptest::{collection::vec, prelude::*};
use semisync_core::{Rule, Settings, TimeoutAction};

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
