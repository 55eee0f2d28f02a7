//! The coordinator beside the naive model of `src/core/tests/model`: the same histories as the
//! random tests there, but their steps are read from the input, so that the fuzzer can look for
//! those that reach new code.

use crate::bytes::Bytes;
use crate::model::{
    self,
    operations::Operation,
    rules::{PlainMember, PlainRule, PlainTerm},
};
use semisync_core::{Rule, Settings, TimeoutAction};
use std::env;

/// In the environment: what an input means is told. `ci/fuzz --input` wants that.
const TELL: &str = "SEMISYNC_FUZZ_TELL";
/// More steps find nothing that fewer would not.
const MOST: usize = 100;

pub fn coordinator(input: &[u8]) {
    let mut choices = Bytes::of(input);
    let settings = settings(&mut choices);
    let mut operations = Vec::new();
    while !choices.is_at_end() && operations.len() < MOST {
        operations.push(operation(&mut choices));
    }
    if env::var_os(TELL).is_some() {
        eprintln!("{settings:?}");
        operations
            .iter()
            .for_each(|operation| eprintln!("{operation:?}"));
    }
    model::run::run(settings, &operations);
}

/// The next step. All numbers have the limits that they have in the random tests.
fn operation(choices: &mut Bytes<'_>) -> Operation {
    use Operation::*;
    match choices.below(KINDS) {
        0 => Connect {
            server: one_of(choices, 7),
            start: maybe(choices, 5).map(|back| -back),
        },
        1 => Disconnect {
            nth: nth(choices),
            shutting_down: rarely(choices),
        },
        2 => Flush {
            groups: i64::from(choices.below(6)) - 2,
        },
        3 => WaitPoint {
            from_end: near_end(choices),
            shutting_down: rarely(choices),
        },
        4 => Ack {
            nth: nth(choices),
            from_end: near_end(choices),
            sent_beyond: maybe(choices, 5).map(|beyond| beyond - 2),
        },
        5 => EngineCommit {
            from_end: near_end(choices),
            applier: choices.bool(),
            shutting_down: rarely(choices),
        },
        6 => StopApplier {
            nth: nth(choices),
            shutting_down: rarely(choices),
        },
        7 => TimeOut {
            nth: nth(choices),
            shutting_down: rarely(choices),
        },
        8 => ShutDown { nth: nth(choices) },
        9 => Release,
        10 => Kill { nth: nth(choices) },
        11 => Send {
            nth: nth(choices),
            from_end: near_end(choices),
        },
        12 => SetRule(rule(choices)),
        13 => Overrule {
            nth: nth(choices),
            guise: one_of(choices, 7),
        },
        14 => SetWaitNoReplica(choices.bool()),
        15 => Set(settings(choices)),
        16 => Pass(u64::from(one_of(choices, 29))),
        17 => Reset,
        18 => Enable,
        _ => Disable,
    }
}

const KINDS: u8 = 20;

/// A kind of step that is new must be among those that are read above.
#[cfg(test)]
fn kind(operation: &Operation) -> u8 {
    use Operation::*;
    match operation {
        Connect { .. } => 0,
        Disconnect { .. } => 1,
        Flush { .. } => 2,
        WaitPoint { .. } => 3,
        Ack { .. } => 4,
        EngineCommit { .. } => 5,
        StopApplier { .. } => 6,
        TimeOut { .. } => 7,
        ShutDown { .. } => 8,
        Release => 9,
        Kill { .. } => 10,
        Send { .. } => 11,
        SetRule(_) => 12,
        Overrule { .. } => 13,
        SetWaitNoReplica(_) => 14,
        Set(_) => 15,
        Pass(_) => 16,
        Reset => 17,
        Enable => 18,
        Disable => 19,
    }
}

fn settings(choices: &mut Bytes<'_>) -> Settings {
    Settings {
        rule: Rule::of_count(one_of(choices, 3)),
        wait_no_replica: choices.bool(),
        timeout_action: match choices.below(4) {
            0 => TimeoutAction::Async,
            1 => TimeoutAction::Wait,
            2 => TimeoutAction::Refuse,
            _ => TimeoutAction::AbortServer,
        },
        min_replicas: u32::from(choices.below(4)),
        rejoin_after: u64::from(choices.below(6)),
    }
}

fn rule(choices: &mut Bytes<'_>) -> PlainRule {
    let terms = choices.below(3);
    if terms == 0 {
        return PlainRule::Count(one_of(choices, 5));
    }
    PlainRule::Terms((0..terms).map(|_| term(choices)).collect())
}

fn term(choices: &mut Bytes<'_>) -> PlainTerm {
    let kind = choices.below(3);
    let count = one_of(choices, 2);
    if kind == 2 {
        return PlainTerm::Zones(count);
    }
    let members = (0..one_of(choices, 3)).map(|_| member(choices)).collect();
    match kind {
        0 => PlainTerm::Any(count, members),
        _ => PlainTerm::First(count, members),
    }
}

fn member(choices: &mut Bytes<'_>) -> PlainMember {
    match choices.below(11) {
        0 => PlainMember::Everybody,
        8 => PlainMember::Zone("a"),
        9 => PlainMember::Zone("b"),
        10 => PlainMember::Zone("c"),
        server => PlainMember::Server(u32::from(server)),
    }
}

/// A number from 1 to `most`.
fn one_of(choices: &mut Bytes<'_>, most: u8) -> u32 {
    u32::from(choices.below(most)) + 1
}

fn nth(choices: &mut Bytes<'_>) -> usize {
    usize::from(choices.below(8))
}

fn near_end(choices: &mut Bytes<'_>) -> i64 {
    1 - i64::from(choices.below(5))
}

fn maybe(choices: &mut Bytes<'_>, limit: u8) -> Option<i64> {
    i64::from(choices.below(limit + 1))
        .checked_sub(1)
        .filter(|number| *number >= 0)
}

fn rarely(choices: &mut Bytes<'_>) -> bool {
    choices.below(10) == 9
}

#[cfg(test)]
mod tests;
