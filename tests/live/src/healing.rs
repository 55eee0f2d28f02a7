//! A lost acknowledgement: a commit waits, its replica has the row, and the source never hears of
//! it until the replica connects again.
//!
//! Between the two stands a proxy, which swallows the acknowledgement and then cuts the connection.

use std::time::{Duration, Instant};

use crate::link::Link;
use crate::load::Waiting;
use crate::pair::{Builder, Topology};
use crate::proxy::{Cut, Proxy};
use crate::wait::{PATIENCE, eventually};

/// A pair, its first replica behind a proxy.
pub struct Healing {
    pub pair: Topology,
    pub proxy: Proxy,
}

impl Healing {
    /// Starts the servers; nobody replicates yet.
    #[track_caller]
    pub fn of(builder: Builder) -> Healing {
        let pair = builder.start_unlinked();
        let proxy = Proxy::in_front_of(pair.source.port()).expect("a proxy");
        Healing { pair, proxy }
    }

    /// Links the replica to the source over the proxy; semi-sync is on then.
    #[track_caller]
    pub fn link(&self, link: Link) {
        let replica = self.pair.replica();
        replica.execute("STOP REPLICA");
        replica.replicate_from(&self.pair.source, &link.port(self.proxy.port()));
        self.pair.wait_clients();
        let before = self.pair.source.counter("yes_tx");
        self.pair.source.insert(0);
        let confirmed = self.pair.source.counter("yes_tx") - before;
        assert_eq!(confirmed, 1, "semi-sync is on");
    }

    /// Commits `n` and loses its acknowledgement; the replica has the row then, and the commit
    /// waits.
    #[track_caller]
    pub fn lose(&self, n: i64) -> Waiting {
        self.pair.replica().wait_applied(&self.pair.source);
        let before = self.proxy.swallowed();
        self.proxy.swallow_acknowledgements();
        let commit = Waiting::insert(&self.pair.source, n);
        eventually(PATIENCE, "the row on the replica", || {
            self.pair.replica().count_rows(Some(n)) == 1
        });
        eventually(PATIENCE, "a swallowed acknowledgement", || {
            self.proxy.swallowed() > before
        });
        assert!(!commit.is_over(), "the commit does not wait");
        commit
    }

    /// Cuts the connection; returns when the source's log tells of the new dump.
    #[track_caller]
    pub fn reconnect(&self, how: Cut) {
        let mark = self.pair.source.log_mark();
        self.proxy.cut(how);
        self.pair
            .source
            .wait_log_since(mark, "Start semi-sync binlog_dump");
    }

    /// As `reconnect`; returns how long the commit takes from there to its end.
    #[track_caller]
    pub fn heal(&self, commit: Waiting, how: Cut, bound: Duration) -> Duration {
        self.reconnect(how);
        let begin = Instant::now();
        commit.done_within(bound);
        begin.elapsed()
    }
}
