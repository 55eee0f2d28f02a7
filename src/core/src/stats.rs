//! The counters behind the status variables. Times are in microseconds.

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
    /// Sessions that began to wait for a position before those waited for.
    pub wait_pos_backtraverse: u64,
    pub tx_wait_time: u64,
    pub tx_waits: u64,
    /// Always 0, as in stock since MySQL 5.7: nobody waits for the network.
    pub net_wait_time: u64,
    /// Acknowledgements that were asked for.
    pub net_waits: u64,
}

impl Stats {
    pub fn tx_avg_wait_time(&self) -> u64 {
        self.tx_wait_time.checked_div(self.tx_waits).unwrap_or(0)
    }

    pub fn net_avg_wait_time(&self) -> u64 {
        self.net_wait_time.checked_div(self.net_waits).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_zero_before_the_first_wait() {
        let mut stats = Stats::default();
        assert_eq!(
            (stats.tx_avg_wait_time(), stats.net_avg_wait_time()),
            (0, 0)
        );
        stats.tx_wait_time = 10;
        stats.tx_waits = 4;
        assert_eq!(stats.tx_avg_wait_time(), 2);
    }
}
