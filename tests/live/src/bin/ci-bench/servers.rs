//! One side's servers: a source with its replicas, and how they are linked.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use semisync_live_tests::{
    Libraries, Names, Server, ServerConfig, Topology, Transport, eventually, lock,
};

use crate::cell::{Cell, Stand};
use crate::delay::Delay;

/// A link to a replica is made within this time, TLS and a busy machine included.
const LINKED_WITHIN: Duration = Duration::from_secs(20);

pub struct Servers {
    topology: Topology,
    is_semi_sync: bool,
    has_operators_plugin: bool,
    link: Mutex<Option<(Transport, Duration)>>,
}

impl Servers {
    /// Starts them, in one side's name and with its libraries. `Libraries::None`: asynchronous
    /// replication, without any plugin.
    pub fn start(side: &str, libraries: &Libraries, stand: Stand) -> Servers {
        let is_semi_sync = *libraries != Libraries::None;
        let config = |id: u32, label: fmt::Arguments| {
            let config = ServerConfig::new(id, Names::New)
                .libraries(libraries.clone())
                .label(&label.to_string())
                .option("max-connections=500")
                .roomy();
            if !stand.durable {
                return config;
            }
            let config = config.on_disk().option("sync-binlog=1");
            config.option("innodb-flush-log-at-trx-commit=1")
        };
        let source = config(1, format_args!("source ({side})"));
        let mut configs = vec![if is_semi_sync {
            // A switch to asynchronous replication would be a figure of something else.
            let timeout = format!("{}=60000", Names::New.source_var("timeout"));
            source.as_source().option(&timeout)
        } else {
            source
        }];
        for (number, id) in (1..=stand.replicas).zip(2..) {
            let replica = config(id, format_args!("replica {number} ({side})"));
            configs.push(if is_semi_sync {
                replica.as_replica()
            } else {
                replica
            });
        }
        let mut servers = Server::start_all(configs);
        servers.iter().for_each(Server::prepare);
        let replicas = servers.split_off(1);
        let source = servers.swap_remove(0);
        Servers {
            topology: Topology { source, replicas },
            is_semi_sync,
            has_operators_plugin: *libraries == Libraries::Ours,
            link: Mutex::new(None),
        }
    }

    pub fn is_semi_sync(&self) -> bool {
        self.is_semi_sync
    }

    pub fn source(&self) -> &Server {
        &self.topology.source
    }

    pub fn replicas(&self) -> &[Server] {
        &self.topology.replicas
    }

    /// The source, then the replicas.
    pub fn all(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(self.source()).chain(self.replicas())
    }

    /// Makes everything as the cell wants it.
    pub fn arrange(&self, cell: &Cell) {
        self.link(cell.transport, cell.delay);
        if !cell.applies {
            for replica in self.replicas() {
                replica.execute("STOP REPLICA SQL_THREAD");
            }
        }
        if self.is_semi_sync {
            let source = self.source();
            source.set_wait_point(cell.wait_point);
            let count = source.names().wait_count_var();
            source.execute(&format!("SET GLOBAL {count} = {}", cell.count));
            if self.has_operators_plugin {
                source.set_operator("spin_us", &cell.spin_us.to_string());
            }
            source.wait_status("clients", &self.replicas().len().to_string());
            source.wait_status("status", "ON");
        }
    }

    fn link(&self, transport: Transport, delay: Duration) {
        let mut linked = lock(&self.link);
        if *linked == Some((transport, delay)) {
            return;
        }
        let source = self.source();
        let mut link = transport.link();
        if !delay.is_zero() {
            let way = Delay::in_front_of(source.port(), delay).expect("a way with a delay");
            link = link.port(way.port());
        }
        let former = source.dumps();
        for replica in self.replicas() {
            if linked.is_some() {
                replica.execute("STOP REPLICA");
                self.forget_unapplied(replica);
            }
            replica.replicate_from(source, &link);
        }
        eventually(LINKED_WITHIN, "a new dump for each replica", || {
            let dumps = source.dumps();
            let all_new = dumps.iter().all(|dump| !former.contains(dump));
            all_new && dumps.len() == self.replicas().len()
        });
        *linked = Some((transport, delay));
    }

    /// Has a stopped replica go on behind what it has not applied: nobody reads its tables.
    fn forget_unapplied(&self, replica: &Server) {
        let has = self.source().value("SELECT @@gtid_executed");
        replica.execute("RESET REPLICA");
        replica.execute("RESET BINARY LOGS AND GTIDS");
        replica.execute(&format!("SET GLOBAL gtid_purged = '{has}'"));
    }
}
