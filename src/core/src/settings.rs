//! What the operator has set.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How many replicas must acknowledge.
    pub wait_count: u32,
    /// Whether commits wait although fewer replicas are connected.
    pub wait_no_replica: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait_count: 1,
            wait_no_replica: true,
        }
    }
}
