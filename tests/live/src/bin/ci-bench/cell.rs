//! One cell of the grid: under which conditions the sides are compared.

use std::fmt;
use std::time::Duration;

use semisync_live_tests::Transport;

/// The word of a cell whose replicas do not apply.
pub const NO_APPLIERS: &str = "no-appliers";

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cell {
    pub clients: usize,
    pub replicas: usize,
    /// How many replicas must have a transaction.
    pub count: u32,
    pub wait_point: &'static str,
    pub transport: Transport,
    /// On a disk, with `sync_binlog=1, innodb_flush_log_at_trx_commit=1`.
    pub durable: bool,
    /// What the network takes for each direction.
    pub delay: Duration,
    /// The replicas apply what they receive, on the same machine.
    pub applies: bool,
    /// For how many microseconds a session of ours polls before it sleeps.
    pub spin_us: u16,
}

/// What servers are started with; another stand needs other servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stand {
    pub replicas: usize,
    pub durable: bool,
}

impl Cell {
    /// The plain cell: everything else changes one thing in it.
    pub fn of(clients: usize) -> Cell {
        Cell {
            clients,
            replicas: 1,
            count: 1,
            wait_point: "AFTER_SYNC",
            transport: Transport::Plain,
            durable: false,
            delay: Duration::ZERO,
            applies: true,
            spin_us: 0,
        }
    }

    /// Which servers it needs.
    pub fn stand(&self) -> Stand {
        Stand {
            replicas: self.replicas,
            durable: self.durable,
        }
    }

    /// The number of clients, and a word for each thing that is not as in the plain cell.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.clients.to_string()];
        if self.replicas > 1 {
            words.push(format!("{}-of-{}", self.count, self.replicas));
        }
        if self.wait_point == "AFTER_COMMIT" {
            words.push("after-commit".to_owned());
        }
        match self.transport {
            Transport::Plain => {}
            Transport::Tls => words.push("tls".to_owned()),
            Transport::Zlib => words.push("zlib".to_owned()),
            Transport::Zstd => words.push("zstd".to_owned()),
            Transport::TlsZlib => words.push("tls-zlib".to_owned()),
            Transport::TlsZstd => words.push("tls-zstd".to_owned()),
        }
        if self.durable {
            words.push("durable".to_owned());
        }
        if !self.delay.is_zero() {
            words.push(format!("{}ms", self.delay.as_secs_f64() * 1e3));
        }
        if self.spin_us > 0 {
            words.push(format!("spin{}", self.spin_us));
        }
        if !self.applies {
            words.push(NO_APPLIERS.to_owned());
        }
        words
    }

    pub fn name(&self) -> String {
        self.words().join("+")
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count: usize| if count == 1 { "" } else { "s" };
        write!(f, "{} client{}, ", self.clients, s(self.clients))?;
        write!(f, "{} replica{}, ", self.replicas, s(self.replicas))?;
        if self.replicas > 1 {
            write!(f, "a commit waits for {}, ", self.count)?;
        }
        write!(f, "{}, {}", self.wait_point, self.transport)?;
        if self.durable {
            write!(f, ", synced to a disk")?;
        }
        if !self.delay.is_zero() {
            let ms = self.delay.as_secs_f64() * 1e3;
            write!(f, ", {ms} ms each way between source and replica")?;
        }
        if self.spin_us > 0 {
            write!(f, ", semisync_source_spin_us={}", self.spin_us)?;
        }
        if !self.applies {
            write!(f, ", replicas receive and do not apply")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_named_for_what_differs_from_the_plain_one() {
        assert_eq!(Cell::of(16).name(), "16");
        let cell = Cell {
            replicas: 3,
            count: 2,
            transport: Transport::Tls,
            delay: Duration::from_micros(500),
            applies: false,
            ..Cell::of(1)
        };
        assert_eq!(cell.name(), "1+2-of-3+tls+0.5ms+no-appliers");
    }
}
