//! Four servers in four rooms. Each of them can be the source, and each begins a round empty.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use mysql::prelude::Queryable;
use semisync_live_tests::console::{OrStop, Stop, say};
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{Dialect, Libraries, Names, Server, ServerConfig, Transport};

use crate::hub::{Hub, ROOMS};
use crate::lists;
use crate::room::Room;
use crate::rule::Rule;
use crate::threads;

/// Nobody waits so long for a lock that a session left behind.
const LOCK_SECONDS: u32 = 20;
/// A receiver that hears nothing for so long connects anew.
const NET_SECONDS: u32 = 2;

pub struct Stage {
    pub rooms: Vec<Room>,
    pub hub: Hub,
    pub servers: Vec<Server>,
    pub dialect: Dialect,
    /// The operator's plugin is there.
    pub ours: bool,
}

/// How a source is set up.
#[derive(Clone, Debug)]
pub struct Setting {
    pub enabled: bool,
    pub wait_point: &'static str,
    pub timeout_ms: u64,
    pub timeout_action: &'static str,
    pub rule: Rule,
}

impl Stage {
    pub fn build() -> Result<Stage, Stop> {
        let rooms = (1..=ROOMS).map(|number| {
            let number = u8::try_from(number).expect("a few rooms");
            Room::new(number)
        });
        let rooms: Vec<Room> = rooms
            .collect::<Result<_, _>>()
            .or_stop("a network of its own for each server")
            .map_err(|stop| stop.remedy("run it as root, where there is /dev/net/tun"))?;
        let hub = Hub::between(&rooms);
        let servers = start_servers(&rooms);
        Ok(Stage {
            hub,
            servers,
            rooms,
            dialect: Dialect::of_run(),
            ours: Libraries::are_ours(),
        })
    }

    /// New servers in the same rooms, after something has gone wrong with the old ones.
    pub fn rebuild(&mut self) {
        say("new servers");
        self.hub.clear();
        while let Some(server) = self.servers.pop() {
            // One that has crashed says so once more; the round's record has it.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(server)));
        }
        self.rooms.iter().for_each(Room::free_disk);
        self.servers = start_servers(&self.rooms);
    }

    pub fn all_but(server: usize) -> impl Iterator<Item = usize> {
        (0..ROOMS).filter(move |other| *other != server)
    }

    /// All servers run, nobody replicates, no log has anything in it, no table either.
    pub fn reset(&self) {
        self.hub.clear();
        self.rooms.iter().for_each(Room::free_disk);
        let servers = self.servers.iter();
        in_parallel(servers, |server| self.empty(server));
    }

    fn empty(&self, server: &Server) {
        if !server.runs() {
            server.start_again();
        }
        server.assert_no_crash();
        leave_source(server);
        self.leave_source_role(server);
        let mut conn = server.conn();
        for sql in [
            "SET sql_log_bin = 0".to_owned(),
            format!("SET lock_wait_timeout = {LOCK_SECONDS}"),
            format!("TRUNCATE TABLE {TABLE}"),
            format!("TRUNCATE TABLE {}", lists::TABLE),
        ] {
            conn.query_drop(&sql)
                .unwrap_or_else(|e| panic!("{server}: {sql}: {e}"));
        }
        server.execute("RESET BINARY LOGS AND GTIDS");
    }

    /// Sets what a source does with commits, and enables semi-sync.
    pub fn take_source_role(&self, server: &Server, setting: &Setting) -> mysql::Result<()> {
        for sql in self.statements(server, setting) {
            server.try_rows(&sql)?;
        }
        Ok(())
    }

    fn statements(&self, server: &Server, setting: &Setting) -> Vec<String> {
        let names = server.names();
        let mut all = vec![
            set(&names.source_var("timeout"), setting.timeout_ms),
            set(&names.wait_no_replica_var(), "ON"),
        ];
        if self.dialect.has_wait_point() {
            all.push(set(&names.source_var("wait_point"), setting.wait_point));
        }
        if self.ours {
            let action = format!("'{}'", setting.timeout_action);
            all.push(set("semisync_source_timeout_action", action));
        }
        all.extend(self.rule_statements(names, &setting.rule));
        let enabled = if setting.enabled { "ON" } else { "OFF" };
        all.push(set(&names.source_var("enabled"), enabled));
        all
    }

    /// The statements that change to a rule. At no moment does a commit need less than the old rule
    /// or the new one asks for.
    pub fn rule_statements(&self, names: Names, rule: &Rule) -> Vec<String> {
        let mut all = Vec::new();
        match rule {
            Rule::Count(count) => {
                if self.dialect.has_wait_count() {
                    all.push(set(&names.wait_count_var(), count));
                }
                if self.ours {
                    all.push(set("semisync_source_quorum", "''"));
                }
            }
            Rule::Quorum { text, .. } => {
                all.push(set("semisync_source_quorum", format!("'{text}'")));
            }
        }
        all
    }

    fn leave_source_role(&self, server: &Server) {
        let names = server.names();
        server.execute(&set(&names.source_var("enabled"), "OFF"));
        if self.ours {
            server.set_operator("quorum", "''");
            server.set_operator("kill_ends_wait", "OFF");
            if self.dialect.has_before_commit() {
                server.set_operator("fenced", "OFF");
                server.set_operator("min_replicas", "0");
            }
        }
    }

    /// Makes one server the source of others. Does not wait.
    pub fn replicate(&self, replica: usize, source: usize, transport: Transport) {
        let link = transport.link().host(self.rooms[source].address);
        self.servers[replica].replicate_from(&self.servers[source], &link);
    }
}

/// The server is no replica any more.
pub fn leave_source(server: &Server) {
    server.execute("STOP REPLICA IO_THREAD");
    threads::stop_applier(server);
    server.execute("RESET REPLICA ALL");
}

pub fn set(variable: &str, value: impl std::fmt::Display) -> String {
    format!("SET GLOBAL {variable} = {value}")
}

/// Does the same with several, at once.
pub fn in_parallel<T: Send>(all: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = all.map(|one| scope.spawn(move || work(one))).collect();
        // The panic of a thread is that of the round.
        for thread in threads {
            thread
                .join()
                .unwrap_or_else(|p| std::panic::resume_unwind(p));
        }
    });
}

fn start_servers(rooms: &[Room]) -> Vec<Server> {
    let servers = Server::start_all((1..).zip(rooms).map(config).collect());
    in_parallel(servers.iter(), |server| {
        server.prepare();
        lists::prepare(server);
    });
    servers
}

/// Both sides are loaded, as for a switch-over. The two zones have two servers each.
fn config((id, room): (u32, &Room)) -> ServerConfig {
    let names = Names::newest();
    let zone = if id <= 2 { "a" } else { "b" };
    let dialect = Dialect::of_run();
    let side = if dialect.takes_new_statements() {
        "replica"
    } else {
        "slave"
    };
    ServerConfig::new(id, names)
        .label(&format!("server {id}"))
        .as_source()
        .option(&format!("{}=0", names.source_var("enabled")))
        .as_replica()
        .option("bind-address=0.0.0.0")
        .option(&format!("relay-log={}/relay", room.disk.display()))
        .option(&format!("loose-semisync_replica_zone={zone}"))
        .option("max-binlog-size=2M")
        // What a cut connection never tells is noticed within a round.
        .option(&format!("{side}-net-timeout={NET_SECONDS}"))
        .inside(&room.namespaces)
}
