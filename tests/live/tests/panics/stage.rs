//! The servers in which callbacks panic, and what must hold after each panic.

use std::fs;

use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{A_DAY_MS, PATIENCE, Server, Topology, eventually};

use crate::callback::Callback;

/// In the data directory, which is where a server runs.
pub const FAILPOINT: &str = "failpoint";

/// A pair of servers, and the plugin in one of them that is to panic.
pub struct Stage<'t> {
    pub pair: &'t Topology,
    pub server: &'t Server,
    pub plugin: String,
    pub install: String,
    pub is_source: bool,
}

impl Stage<'_> {
    pub fn of_source(pair: &Topology) -> Stage<'_> {
        let names = pair.source.names();
        Stage {
            pair,
            server: &pair.source,
            plugin: names.source_plugin(),
            install: names.install_source(),
            is_source: true,
        }
    }

    pub fn of_replica(pair: &Topology) -> Stage<'_> {
        let names = pair.replica().names();
        Stage {
            pair,
            server: pair.replica(),
            plugin: names.replica_plugin(),
            install: names.install_replica(),
            is_source: false,
        }
    }

    pub fn of_applier(pair: &Topology) -> Stage<'_> {
        Stage {
            server: pair.replica(),
            ..Stage::of_source(pair)
        }
    }

    /// The callback panics when the server calls it next.
    pub fn plant(&self, callback: Callback) {
        self.plant_in(callback.name());
    }

    pub fn plant_in(&self, place: &str) {
        let file = self.server.data_dir().join(FAILPOINT);
        fs::write(file, place).expect("a file in the data directory");
    }

    pub fn wait_for_panic(&self, callback: Callback) {
        let file = self.server.data_dir().join(FAILPOINT);
        let what = format!("a panic in {}", callback.name());
        eventually(PATIENCE, &what, || !file.exists());
    }

    /// One line since `mark` names the callback.
    #[track_caller]
    pub fn assert_named_once(&self, callback: Callback, mark: usize) {
        let name = format!("'{}'", callback.name());
        self.server.wait_log_since(mark, &name);
        let log = self.server.log_since(mark);
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(&name)).collect();
        assert!(
            lines.len() == 1 && lines[0].contains("[ERROR]"),
            "{lines:#?}"
        );
    }

    pub fn wait_off(&self) {
        if self.is_source {
            self.server.wait_status("status", "OFF");
        } else {
            self.server.wait_replica_status("OFF");
        }
    }

    pub fn set(&self, enabled: &str) {
        if self.is_source {
            self.server.set_source("enabled", enabled);
        } else {
            self.server.set_replica("enabled", enabled);
        }
    }

    /// Ends every connection that uses the plugin.
    pub fn end_its_use(&self) {
        let (source, replica) = (&self.pair.source, self.pair.replica());
        source.set_source("enabled", "OFF");
        replica.execute("STOP REPLICA IO_THREAD");
        eventually(PATIENCE, "the dump has ended", || {
            source.insert(0);
            source.dumps().is_empty()
        });
    }

    /// Commits do not wait, and reach the replica. Only the source of a replica that has panicked
    /// waits out its timeout.
    #[track_caller]
    pub fn assert_replication_goes_on(&self) {
        let (source, replica) = (&self.pair.source, self.pair.replica());
        let timeout = source.names().source_var("timeout");
        // While the plugin is not there, neither is its variable.
        let has_timeout = self.is_source && source.has_plugin(&self.plugin);
        let usual = has_timeout.then(|| source.variable(&timeout));
        if usual.is_some() {
            source.set_source("timeout", A_DAY_MS);
        }
        for n in 0..3 {
            let sql = format!("INSERT INTO {TABLE} (n) VALUES ({n})");
            Waiting::start(source, &sql).done_within(PATIENCE);
        }
        if let Some(usual) = usual {
            source.set_source("timeout", &usual);
        }
        replica.assert_same_rows(source);
        eventually(PATIENCE, "the receiver runs", || {
            replica.receiver() == ("Yes".to_owned(), "0".to_owned())
        });
        source.assert_no_crash();
        replica.assert_no_crash();
    }

    /// Switched off and on again, semi-sync is what it was.
    #[track_caller]
    pub fn assert_works_again(&self) {
        let source = &self.pair.source;
        self.set("OFF");
        self.set("ON");
        source.set_source("enabled", "ON");
        self.pair.replica().restart_receiver();
        self.pair.wait_clients();
        source.wait_status("status", "ON");
        self.pair.replica().wait_replica_status("ON");
        let before = source.counter("yes_tx");
        eventually(PATIENCE, "a commit is confirmed", || {
            source.insert(4);
            source.counter("yes_tx") > before
        });
    }

    /// The callback panics during `act`, and everything goes on.
    pub fn try_one(&self, callback: Callback, act: fn(&Stage)) {
        let mark = self.server.log_mark();
        self.plant(callback);
        act(self);
        self.wait_for_panic(callback);
        self.assert_named_once(callback, mark);
        self.wait_off();
        self.assert_replication_goes_on();
        self.assert_named_once(callback, mark);
    }
}
