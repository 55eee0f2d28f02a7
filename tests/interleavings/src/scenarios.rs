//! All scenarios.

mod connections;
mod ending;
mod faults;
mod field;
mod log;
mod rule;
mod waiting;

use crate::scenario::Scenario;

pub const ALL: &[&Scenario] = &[
    &waiting::TWO_SESSIONS,
    &waiting::ALL_REPLICAS,
    &waiting::TIMEOUT_AND_ACK,
    &waiting::APPLIER,
    &ending::KILL,
    &ending::RELEASE,
    &ending::DISABLE,
    &ending::UNINSTALL,
    &ending::SHUTDOWN,
    &ending::APPLIER_STOP,
    &connections::COME_AND_GO,
    &connections::KILLED_DUMP,
    &connections::BABBLES,
    &connections::WITHOUT_REPLICAS,
    &log::GROUPS,
    &log::ROTATE,
    &log::RESET,
    &rule::COUNT,
    &rule::QUORUM,
    &faults::PANIC,
    &field::LOST_ACKNOWLEDGEMENT,
    &field::OWN_POSITION,
    &field::PHANTOM,
    &field::WAKES,
    &field::DISABLED,
    &field::BACK_ON,
];
