//! All scenarios.

mod connections;
mod ending;
mod waiting;

use crate::scenario::Scenario;

pub const ALL: &[&Scenario] = &[
    &waiting::TWO_SESSIONS,
    &waiting::TWO_REPLICAS,
    &waiting::TIMEOUT_AND_ACK,
    &waiting::APPLIER,
    &ending::KILL,
    &ending::RELEASE,
    &ending::DISABLE,
    &ending::UNINSTALL,
    &ending::SHUTDOWN,
    &connections::COME_AND_GO,
    &connections::KILLED_DUMP,
    &connections::BABBLES,
    &connections::WITHOUT_REPLICAS,
];
