//! Why new transactions are refused.

/// Why new transactions are refused before they are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Since a timeout the rule has not been met again
    /// ([`TimeoutAction::Refuse`](crate::TimeoutAction::Refuse)).
    Timeout,
    /// Fewer replicas that count are connected than
    /// [`Settings::min_replicas`](crate::Settings::min_replicas).
    TooFew,
}
