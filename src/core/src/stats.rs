//! The counters behind the status variables. Sessions count themselves how long they wait,
//! not here. Times are in microseconds.

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Waits that ended with enough acknowledgements.
    pub yes_tx: u64,
    /// Commits that were not confirmed by replicas.
    pub no_tx: u64,
    /// How often semi-sync was switched off.
    pub no_times: u64,
    /// How often the clock failed; ours cannot.
    pub timefunc_failures: u64,
    /// Sessions that began to wait for an earlier position than all that waited then.
    pub wait_pos_backtraverse: u64,
    /// Always 0, as in stock since MySQL 5.7: nobody waits for the network.
    pub net_wait_time: u64,
    /// Acknowledgements that were asked for.
    pub net_waits: u64,
}

impl Stats {
    pub fn net_avg_wait_time(&self) -> u64 {
        self.net_wait_time.checked_div(self.net_waits).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_of_nothing_is_zero() {
        assert_eq!(Stats::default().net_avg_wait_time(), 0);
    }
}
