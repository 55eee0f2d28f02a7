//! What the operator has set.

use crate::quorum::Rule;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Who must acknowledge.
    pub rule: Rule,
    /// Whether commits wait although those who are connected cannot confirm them. OFF has an
    /// effect with [`TimeoutAction::Async`] only.
    pub wait_no_replica: bool,
    pub timeout_action: TimeoutAction,
    /// New transactions are refused while fewer replicas that count are connected.
    pub min_replicas: u32,
    /// Semi-sync comes ON again when the rule has been met for so long, in microseconds.
    pub rejoin_after: u64,
}

/// What happens when a session has waited for its whole timeout.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TimeoutAction {
    /// Semi-sync goes OFF, as stock's does.
    #[default]
    Async,
    /// Semi-sync stays ON, and the session waits on.
    Wait,
    /// As `Wait`, and new transactions are refused until enough replicas are back.
    Refuse,
    /// The server ends itself.
    AbortServer,
}

impl TimeoutAction {
    /// Whether semi-sync is never OFF while it is enabled.
    pub fn is_never_off(self) -> bool {
        matches!(self, Self::Wait | Self::Refuse)
    }
}

impl Default for Settings {
    /// Stock's.
    fn default() -> Self {
        Self {
            rule: Rule::of_count(1),
            wait_no_replica: true,
            timeout_action: TimeoutAction::Async,
            min_replicas: 0,
            rejoin_after: 0,
        }
    }
}
