//! A source with its replicas, and the statements that link them.
//!
//! Every server gets the test table and the replication users outside its binary log, so that a
//! test begins with an empty log and with counters at zero.

use std::fmt::Write;
use std::net::Ipv4Addr;

use crate::config::ServerConfig;
use crate::libraries::Libraries;
use crate::link::Link;
use crate::names::Names;
use crate::server::Server;
use crate::wait::{PATIENCE, wait_for, wait_while_it_moves};

/// `id` BIGINT AUTO_INCREMENT, `n` BIGINT, `body` LONGBLOB.
pub const TABLE: &str = "app.t";
/// The user that replicas connect as, and the one for TLS, whom the source lets in over nothing
/// else.
pub const REPLICATION_USER: &str = "repl";
pub const TLS_USER: &str = "repl_tls";
pub const REPLICATION_PASSWORD: &str = "Repl-1-secret";

impl Server {
    /// Makes the test table and the replication users, outside the binary log.
    #[track_caller]
    pub fn prepare(&self) {
        let mut conn = self.conn();
        let mut statements = vec![
            "SET sql_log_bin = 0".to_owned(),
            "CREATE DATABASE app".to_owned(),
            format!(
                "CREATE TABLE {TABLE} \
                 (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT, body LONGBLOB)"
            ),
        ];
        for user in [REPLICATION_USER, TLS_USER] {
            statements.push(format!(
                "CREATE USER {user} IDENTIFIED BY '{REPLICATION_PASSWORD}'"
            ));
            statements.push(format!(
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {user}"
            ));
        }
        statements.push(self.dialect().require_tls(TLS_USER));
        for sql in statements {
            crate::sql::rows_of(&mut conn, &sql).unwrap_or_else(|e| panic!("{self}: {sql}: {e}"));
        }
    }

    /// Makes this server a replica of `source` and starts it; does not wait.
    #[track_caller]
    pub fn replicate_from(&self, source: &Server, link: &Link) {
        self.point_to(source, link);
        self.execute(&format!("START REPLICA{}", self.for_channel(link)));
    }

    /// Ends the receiver thread and starts another.
    #[track_caller]
    pub fn restart_receiver(&self) {
        self.script("STOP REPLICA IO_THREAD;\nSTART REPLICA IO_THREAD;");
    }

    fn for_channel(&self, link: &Link) -> String {
        if self.dialect().has_channels() {
            format!(" FOR CHANNEL '{}'", link.channel)
        } else {
            assert_eq!(link.channel, "", "{self} has no channels");
            String::new()
        }
    }

    /// CHANGE REPLICATION SOURCE alone.
    #[track_caller]
    pub fn point_to(&self, source: &Server, link: &Link) {
        let dialect = self.dialect();
        let user = if link.tls { TLS_USER } else { REPLICATION_USER };
        let mut sql = format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST='{}', SOURCE_PORT={}, \
             SOURCE_USER='{user}', SOURCE_PASSWORD='{REPLICATION_PASSWORD}', \
             SOURCE_CONNECT_RETRY=1, SOURCE_SSL={}",
            link.host.unwrap_or(Ipv4Addr::LOCALHOST),
            link.port.unwrap_or(source.port()),
            u8::from(link.tls),
        );
        if dialect.takes_new_statements() {
            sql.push_str(", GET_SOURCE_PUBLIC_KEY=1, SOURCE_RETRY_COUNT=1000");
        } else if link.tls {
            // Without a certificate to trust these servers do not ask for TLS.
            let trusted = source.data_dir().join("ca.pem");
            let _ = write!(sql, ", SOURCE_SSL_CA='{}'", trusted.display());
        }
        self.set_compression(link, &mut sql);
        // Stock learns that a connection is gone when it next writes to the connection.
        let of_stock = (Libraries::under_test() == Libraries::Stock).then_some("0.2");
        if let Some(seconds) = link.heartbeat.or(of_stock) {
            let _ = write!(sql, ", SOURCE_HEARTBEAT_PERIOD={seconds}");
        }
        let gtids = self.has_gtids() && source.has_gtids();
        if link.auto_position && gtids {
            sql.push_str(", SOURCE_AUTO_POSITION=1");
        } else {
            if dialect.has_gtid() {
                sql.push_str(", SOURCE_AUTO_POSITION=0");
            }
            let (file, position) = self.applied().filter(|_| !gtids).unwrap_or_else(|| {
                // The replica knows by its GTIDs what it has applied.
                (source.value("SHOW BINARY LOGS"), 4)
            });
            let _ = write!(sql, ", SOURCE_LOG_FILE='{file}', SOURCE_LOG_POS={position}");
        }
        sql.push_str(&self.for_channel(link));
        self.execute(&sql);
    }

    fn set_compression(&self, link: &Link, sql: &mut String) {
        let algorithm = link.compression.as_deref();
        if self.dialect().has_compression_algorithms() {
            let algorithm = algorithm.unwrap_or("uncompressed");
            let _ = write!(sql, ", SOURCE_COMPRESSION_ALGORITHMS='{algorithm}'");
        } else {
            let on = match algorithm {
                None => "OFF",
                Some("zlib") => "ON",
                Some(other) => panic!("{self} has no {other}"),
            };
            self.execute(&format!("SET GLOBAL slave_compressed_protocol = {on}"));
        }
    }

    /// Whether transactions have MySQL's GTIDs here.
    #[track_caller]
    pub fn has_gtids(&self) -> bool {
        self.dialect().has_gtid() && self.variable("gtid_mode") == "ON"
    }

    /// Up to where in the source's log this replica has applied it; `None` before it has begun.
    #[track_caller]
    pub fn applied(&self) -> Option<(String, u64)> {
        let columns = self.replica_columns()?;
        let file = columns.get("Relay_Source_Log_File")?.clone();
        let position = columns.get("Exec_Source_Log_Pos")?.parse().ok()?;
        (!file.is_empty()).then_some((file, position))
    }

    /// Waits until this replica has applied all that `source` has committed.
    #[track_caller]
    pub fn wait_applied(&self, source: &Server) {
        if !(self.has_gtids() && source.has_gtids()) {
            return self.wait_applied_to(source.binlog_position());
        }
        let goal = source.variable("gtid_executed");
        wait_while_it_moves(&format!("{goal} applied on {self}"), || {
            let sql = format!("SELECT GTID_SUBSET('{goal}', @@global.gtid_executed)");
            if self.value(&sql) == "1" {
                Ok(())
            } else {
                Err(self.variable("gtid_executed"))
            }
        });
    }

    #[track_caller]
    fn wait_applied_to(&self, goal: (String, u64)) {
        // The names have one length, so they compare as their numbers do.
        let what = format!("{goal:?} applied on {self}");
        wait_while_it_moves(&what, || match self.applied() {
            Some(applied) if applied >= goal => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }

    /// Waits until this replica has applied all, and the test table is that of the source.
    #[track_caller]
    pub fn assert_same_rows(&self, source: &Server) {
        self.wait_applied(source);
        let sql = format!(
            "SELECT COUNT(*), COALESCE(BIT_XOR(CRC32(CONCAT_WS(':', id, n, CRC32(body)))), 0) \
             FROM {TABLE}"
        );
        // MySQL 5.6 counts a transaction among the executed ones before its rows can be seen.
        let expected = source.rows(&sql);
        wait_for(PATIENCE, &format!("rows of {self}: {expected:?}"), || {
            let rows = self.rows(&sql);
            if rows == expected {
                Ok(())
            } else {
                Err(format!("{rows:?}"))
            }
        });
    }

    /// Rows of the test table; with `n`, those that have it.
    #[track_caller]
    pub fn count_rows(&self, n: Option<i64>) -> u64 {
        let only = n.map(|n| format!(" WHERE n = {n}")).unwrap_or_default();
        let sql = format!("SELECT COUNT(*) FROM {TABLE}{only}");
        self.value(&sql).parse().expect("a number of rows")
    }

    /// One row into the test table, on the kept connection.
    #[track_caller]
    pub fn insert(&self, n: i64) {
        self.execute(&format!("INSERT INTO {TABLE} (n) VALUES ({n})"));
    }
}

pub struct Topology {
    pub source: Server,
    pub replicas: Vec<Server>,
}

/// What a topology is made of; `start` makes it.
#[derive(Clone)]
pub struct Builder {
    source: ServerConfig,
    replica: ServerConfig,
    replicas: u32,
    link: Link,
}

impl Topology {
    /// A source and one replica, semi-sync on both ends, in one vocabulary.
    #[allow(clippy::new_ret_no_self)] // a test reads best when it begins with what it makes
    pub fn new(names: Names) -> Builder {
        Builder {
            source: ServerConfig::new(1, names).as_source().label("source"),
            replica: ServerConfig::new(2, names).as_replica(),
            replicas: 1,
            link: Link::default(),
        }
    }

    /// Makes the replicas replicate, and waits until the source counts them all.
    #[track_caller]
    pub fn link(&self, link: &Link) {
        for replica in &self.replicas {
            replica.replicate_from(&self.source, link);
        }
        self.wait_clients();
    }

    /// Waits until the source counts all replicas.
    #[track_caller]
    pub fn wait_clients(&self) {
        self.source
            .wait_status("clients", &self.replicas.len().to_string());
    }

    /// The only replica, or the first.
    pub fn replica(&self) -> &Server {
        &self.replicas[0]
    }
}

impl Builder {
    pub fn replicas(mut self, count: u32) -> Builder {
        self.replicas = count;
        self
    }

    /// The replicas in another vocabulary than the source's.
    pub fn replica_names(mut self, names: Names) -> Builder {
        let ServerConfig {
            libraries, dialect, ..
        } = self.replica;
        self.replica = ServerConfig::new(2, names)
            .series(dialect.series())
            .as_replica()
            .libraries(libraries);
        self
    }

    pub fn source_libraries(mut self, libraries: Libraries) -> Builder {
        self.source = self.source.libraries(libraries);
        self
    }

    pub fn replica_libraries(mut self, libraries: Libraries) -> Builder {
        self.replica = self.replica.libraries(libraries);
        self
    }

    /// A line of the source's my.cnf.
    pub fn source_option(mut self, line: &str) -> Builder {
        self.source = self.source.option(line);
        self
    }

    /// A line of every replica's my.cnf.
    pub fn replica_option(mut self, line: &str) -> Builder {
        self.replica = self.replica.option(line);
        self
    }

    /// A variable of the source's plugin, by suffix: `set("timeout", "700")`.
    pub fn set(self, suffix: &str, value: &str) -> Builder {
        let line = format!("{}={value}", self.source.names.source_var(suffix));
        self.source_option(&line)
    }

    pub fn wait_count(self, count: u32) -> Builder {
        let line = format!("{}={count}", self.source.names.wait_count_var());
        self.source_option(&line)
    }

    pub fn configure_source(
        mut self,
        change: impl FnOnce(ServerConfig) -> ServerConfig,
    ) -> Builder {
        self.source = change(self.source);
        self
    }

    pub fn configure_replica(
        mut self,
        change: impl FnOnce(ServerConfig) -> ServerConfig,
    ) -> Builder {
        self.replica = change(self.replica);
        self
    }

    pub fn over(mut self, link: Link) -> Builder {
        self.link = link;
        self
    }

    /// Starts the servers and links them.
    #[track_caller]
    pub fn start(self) -> Topology {
        let link = self.link.clone();
        let topology = self.start_unlinked();
        topology.link(&link);
        topology
    }

    /// Starts the servers; nobody replicates yet.
    #[track_caller]
    pub fn start_unlinked(self) -> Topology {
        let mut configs = vec![self.source];
        for number in 0..self.replicas {
            let mut replica = self.replica.clone();
            replica.server_id = 2 + number;
            configs.push(replica.label(&format!("replica {}", 1 + number)));
        }
        let mut servers = Server::start_all(configs);
        servers.iter().for_each(Server::prepare);
        let replicas = servers.split_off(1);
        let source = servers.swap_remove(0);
        Topology { source, replicas }
    }
}
