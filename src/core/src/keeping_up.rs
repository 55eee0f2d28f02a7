//! Since when replicas have kept up while semi-sync is OFF.

/// Enough replicas have caught up while OFF. Times as of [`Coordinator::on_time`](crate::Coordinator::on_time).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct KeepingUp {
    pub(crate) since: u64,
    /// When the first commit came that they have not caught up with. None: they have all.
    pub(crate) lag_since: Option<u64>,
}
