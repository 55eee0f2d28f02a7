//! The two vocabularies: master and slave of MySQL 5.5 to 8.0, source and replica since 8.0.26. The
//! plugins are the same, the words differ.

mod available;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Names {
    Old,
    New,
}

impl Names {
    pub const BOTH: [Names; 2] = [Names::Old, Names::New];

    pub fn other(self) -> Names {
        match self {
            Names::Old => Names::New,
            Names::New => Names::Old,
        }
    }

    /// "master" or "source".
    pub fn source(self) -> &'static str {
        match self {
            Names::Old => "master",
            Names::New => "source",
        }
    }

    /// "slave" or "replica".
    pub fn replica(self) -> &'static str {
        match self {
            Names::Old => "slave",
            Names::New => "replica",
        }
    }

    /// Turns a text in the old vocabulary into this one: guides are quoted as their readers type
    /// them.
    pub fn spell(self, text: &str) -> String {
        match self {
            Names::Old => text.to_owned(),
            Names::New => text.replace("master", "source").replace("slave", "replica"),
        }
    }

    pub fn source_plugin(self) -> String {
        format!("rpl_semi_sync_{}", self.source())
    }

    pub fn replica_plugin(self) -> String {
        format!("rpl_semi_sync_{}", self.replica())
    }

    pub fn source_library(self) -> String {
        format!("semisync_{}.so", self.source())
    }

    pub fn replica_library(self) -> String {
        format!("semisync_{}.so", self.replica())
    }

    pub fn libraries(self) -> [String; 2] {
        [self.source_library(), self.replica_library()]
    }

    /// `timeout` -> `rpl_semi_sync_source_timeout`.
    pub fn source_var(self, suffix: &str) -> String {
        format!("rpl_semi_sync_{}_{suffix}", self.source())
    }

    /// `enabled` -> `rpl_semi_sync_replica_enabled`.
    pub fn replica_var(self, suffix: &str) -> String {
        format!("rpl_semi_sync_{}_{suffix}", self.replica())
    }

    pub fn wait_count_var(self) -> String {
        format!(
            "rpl_semi_sync_{}_wait_for_{}_count",
            self.source(),
            self.replica()
        )
    }

    pub fn wait_no_replica_var(self) -> String {
        format!("rpl_semi_sync_{}_wait_no_{}", self.source(), self.replica())
    }

    /// `yes_tx` -> `Rpl_semi_sync_source_yes_tx`.
    pub fn source_status(self, suffix: &str) -> String {
        format!("Rpl_semi_sync_{}_{suffix}", self.source())
    }

    pub fn replica_status(self) -> String {
        format!("Rpl_semi_sync_{}_status", self.replica())
    }

    pub fn install_source(self) -> String {
        format!(
            "INSTALL PLUGIN {} SONAME '{}'",
            self.source_plugin(),
            self.source_library()
        )
    }

    pub fn install_replica(self) -> String {
        format!(
            "INSTALL PLUGIN {} SONAME '{}'",
            self.replica_plugin(),
            self.replica_library()
        )
    }

    /// What SHOW PROCESSLIST says of a session that waits for acknowledgements.
    pub fn waiting_state(self) -> String {
        format!("Waiting for semi-sync ACK from {}", self.replica())
    }
}
