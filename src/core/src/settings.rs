//! What the operator has set.

use crate::quorum::Rule;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Who must acknowledge.
    pub rule: Rule,
    /// Whether commits wait although fewer replicas are connected.
    pub wait_no_replica: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rule: Rule::of_count(1),
            wait_no_replica: true,
        }
    }
}
