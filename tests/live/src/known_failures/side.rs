//! Whose semi-sync runs, and the servers that it runs in. All have the servers' own defaults but
//! for what a case sets.

use std::fs;

use crate::pair::Builder;
use crate::{
    Dialect, Libraries, Link, Names, PATIENCE, Server, ServerConfig, Topology, eventually,
    servers_dir,
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Side {
    /// The libraries that come with the MySQL server of this series.
    Stock(String),
    /// Ours, in the same server.
    Ours(String),
    /// What is built into MariaDB.
    MariaDb(&'static str),
}

impl Side {
    /// What the suites of this run are about.
    pub fn under_test() -> Side {
        let series = Dialect::of_run().series().to_owned();
        match Libraries::under_test() {
            Libraries::Stock => Side::Stock(series),
            _ => Side::Ours(series),
        }
    }

    pub fn series(&self) -> &str {
        match self {
            Side::Stock(series) | Side::Ours(series) => series,
            Side::MariaDb(series) => series,
        }
    }

    pub fn is_ours(&self) -> bool {
        matches!(self, Side::Ours(_))
    }

    pub fn is_mariadb(&self) -> bool {
        matches!(self, Side::MariaDb(_))
    }

    /// As `--sides` has it.
    pub fn word(&self) -> &str {
        match self {
            Side::Stock(_) => "stock",
            Side::Ours(_) => "ours",
            Side::MariaDb(series) => series.trim_start_matches("mariadb-"),
        }
    }

    /// "MySQL 9.7.4, ours".
    pub fn name(&self) -> String {
        let file = servers_dir().join(self.series()).join("version");
        let number = self.dialect().number();
        let version = fs::read_to_string(file).unwrap_or(number);
        let maker = match self.dialect().is_mariadb() {
            true => "MariaDB",
            false => "MySQL",
        };
        let whose = match self {
            Side::Stock(_) => ", stock",
            Side::Ours(_) => ", ours",
            Side::MariaDb(_) => "",
        };
        format!("{maker} {}{whose}", version.trim())
    }

    pub fn dialect(&self) -> Dialect {
        Dialect::of(self.series())
    }

    pub fn names(&self) -> Names {
        *self.dialect().stock_names().last().expect("there is one")
    }

    /// A server without semi-sync enabled. The libraries are there.
    pub fn server(&self, id: u32) -> ServerConfig {
        let libraries = match self {
            Side::Stock(_) => Libraries::Stock,
            Side::Ours(_) => Libraries::Ours,
            Side::MariaDb(_) => Libraries::None,
        };
        ServerConfig::new(id, self.names())
            .series(self.series())
            .libraries(libraries)
    }

    /// The source's side is there, enabled.
    pub fn as_source(&self, config: ServerConfig) -> ServerConfig {
        match self {
            Side::MariaDb(_) => config.option("rpl_semi_sync_master_enabled=1"),
            _ => config.as_source(),
        }
    }

    /// The replica's side is there, enabled.
    pub fn as_replica(&self, config: ServerConfig) -> ServerConfig {
        match self {
            Side::MariaDb(_) => config.option("rpl_semi_sync_slave_enabled=1"),
            _ => config.as_replica(),
        }
    }

    /// A source and its replicas.
    pub fn topology(&self, timeout_ms: &str) -> Builder {
        Topology::new(self.names())
            .configure_source(|_| self.as_source(self.server(1)).label("source"))
            .configure_replica(|_| self.as_replica(self.server(2)))
            .set("timeout", timeout_ms)
    }

    /// A source and one replica, linked.
    pub fn pair(&self, timeout_ms: &str) -> Topology {
        self.topology(timeout_ms).start()
    }

    /// A source for fake replicas.
    pub fn lone_source(&self, timeout_ms: &str) -> Server {
        let timeout = self.names().source_var("timeout");
        let config = self.as_source(self.server(1));
        let source = Server::start(config.option(&format!("{timeout}={timeout_ms}")));
        source.prepare();
        source.allow_fakes();
        source
    }

    /// How many replicas must answer can be set.
    pub fn has_count(&self) -> bool {
        match self {
            Side::Ours(_) => true,
            Side::Stock(series) => series != "5.6" && !self.dialect().is_mariadb(),
            Side::MariaDb(_) => false,
        }
    }

    /// The replica connects by GTID. MariaDB has a word of its own for that.
    pub fn connect_by_gtid(&self, pair: &Topology, link: Link) {
        let replica = pair.replica();
        if !self.is_mariadb() {
            return pair.link(&link);
        }
        replica.point_to(&pair.source, &link);
        replica.execute("CHANGE MASTER TO MASTER_USE_GTID = slave_pos");
        replica.execute("START REPLICA");
        pair.wait_clients();
    }

    /// Waits until the replica has all rows; positions of MariaDB's GTIDs are not compared.
    pub fn wait_rows(&self, source: &Server, replica: &Server) {
        let rows = source.count_rows(None);
        eventually(PATIENCE, "all rows on the replica", || {
            replica.count_rows(None) == rows
        });
    }
}
