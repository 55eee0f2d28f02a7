//! Who brings about what goes wrong in a round.
//!
//! A trouble begins, lasts for its spell or until the round is over, and is made good again. What
//! is done to the source by SQL may fail, because the source may be frozen or dead at that moment.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::{Server, lock};

use crate::clients::Fleet;
use crate::diary::Diary;
use crate::hub::{ROOMS, Weather};
use crate::plan::{Plan, Planned};
use crate::promote;
use crate::stage::{Stage, set};
use crate::threads;
use crate::trouble::Trouble;

const STEP: Duration = Duration::from_millis(5);

/// Who does all this.
pub struct Operator<'r> {
    pub stage: &'r Stage,
    pub plan: &'r Plan,
    pub diary: &'r Diary,
    pub fleet: &'r Fleet,
    /// The load is over: what lasts ends.
    pub over: AtomicBool,
    /// Held while a server is stopped, or its replication is: one trouble at a time.
    pub servers: [Mutex<()>; ROOMS],
    links: [Mutex<()>; ROOMS],
    /// Held while a variable of the source is changed.
    settings: Mutex<()>,
}

impl<'r> Operator<'r> {
    pub fn new(stage: &'r Stage, plan: &'r Plan, diary: &'r Diary, fleet: &'r Fleet) -> Self {
        Operator {
            stage,
            plan,
            diary,
            fleet,
            over: AtomicBool::new(false),
            servers: Default::default(),
            links: Default::default(),
            settings: Mutex::default(),
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn linger(&self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time && !self.is_over() {
            sleep(STEP);
        }
    }

    fn source(&self) -> &Server {
        &self.stage.servers[self.plan.source]
    }

    /// Waits for its moment, and does it.
    pub fn inflict(&self, planned: &Planned) {
        self.linger(planned.at);
        let (replica, spell) = (planned.replica, planned.spell);
        let source = self.plan.source;
        let what = match planned.trouble.is_about_a_replica() {
            true => format!("{} ({})", planned.trouble, replica + 1),
            false => planned.trouble.to_string(),
        };
        let noted = |work: &dyn Fn()| {
            if self.is_over() {
                return;
            }
            let entry = self.diary.begin(what.clone());
            work();
            self.diary.end(entry);
        };
        let on_server = |server: usize, work: &dyn Fn(&Server)| {
            let _guard = lock(&self.servers[server]);
            noted(&|| work(&self.stage.servers[server]));
        };
        let on_link = |to_source: Weather, to_replica: Weather| {
            let _guard = lock(&self.links[replica]);
            noted(&|| {
                self.stage.hub.set(replica, source, to_source);
                self.stage.hub.set(source, replica, to_replica);
                self.linger(spell);
                self.stage.hub.set(replica, source, Weather::FAIR);
                self.stage.hub.set(source, replica, Weather::FAIR);
            });
        };
        let of_source = |work: &dyn Fn(&Server)| {
            let _guard = lock(&self.settings);
            noted(&|| work(self.source()));
        };
        let fair = Weather::FAIR;
        match &planned.trouble {
            Trouble::Cut => on_link(Weather::CUT, Weather::CUT),
            Trouble::CutToSource => on_link(Weather::CUT, fair),
            Trouble::CutToReplica => on_link(fair, Weather::CUT),
            Trouble::Delay => {
                let delay = spell / 8;
                on_link(Weather { delay, ..fair }, Weather { delay, ..fair });
            }
            Trouble::Loss => {
                let loss = 200;
                on_link(Weather { loss, ..fair }, Weather { loss, ..fair });
            }
            Trouble::Reorder => {
                let jitter = Duration::from_millis(8);
                on_link(Weather { jitter, ..fair }, Weather { jitter, ..fair });
            }
            Trouble::FreezeReplica => on_server(replica, &|server| self.freeze(server, spell)),
            Trouble::FreezeSource => on_server(source, &|server| self.freeze(server, spell)),
            Trouble::StopReceiver => on_server(replica, &|server| {
                try_all(server, ["STOP REPLICA IO_THREAD"]);
                self.linger(spell);
                try_all(server, ["START REPLICA IO_THREAD"]);
            }),
            Trouble::RestartReplica => on_server(replica, &|server| {
                server.execute("STOP REPLICA IO_THREAD");
                promote::wait_applied(server);
                threads::stop_applier(server);
                server.stop();
                server.start_again();
            }),
            Trouble::KillReplica => on_server(replica, &|server| {
                server.kill9();
                self.linger(spell);
                server.start_again();
            }),
            Trouble::ResetReplica => on_server(replica, &|server| reset(server)),
            Trouble::FullDisk => on_server(replica, &|server| {
                let room = &self.stage.rooms[replica];
                room.fill_disk();
                self.linger(spell);
                room.free_disk();
                threads::wake_receiver(server);
            }),
            Trouble::RotateRelayLog => on_server(replica, &|server| {
                // Otherwise the replica has a transaction of its own.
                try_all(server, ["FLUSH NO_WRITE_TO_BINLOG RELAY LOGS"]);
            }),
            Trouble::RestartSource => on_server(source, &|server| self.come_back(server, true)),
            Trouble::KillSource => on_server(source, &|server| self.come_back(server, false)),
            Trouble::RotateLog => noted(&|| try_all(self.source(), ["FLUSH BINARY LOGS"])),
            Trouble::KillClients => noted(&|| {
                for connection in self.fleet.connections().iter().step_by(4) {
                    try_all(self.source(), [format!("KILL {connection}")]);
                }
            }),
            Trouble::KillDump => noted(&|| {
                threads::kill_one(self.source(), "COMMAND LIKE 'Binlog Dump%'");
            }),
            Trouble::Disable => of_source(&|server| {
                let enabled = server.names().source_var("enabled");
                let doubt = self.diary.begin_doubt();
                let off = server.try_rows(&set(&enabled, "OFF"));
                self.linger(spell / 2);
                let on = server.try_rows(&set(&enabled, "ON"));
                self.end_doubt_if(doubt, off.is_ok() && on.is_ok());
            }),
            Trouble::ChangeRule(rule) => of_source(&|server| {
                try_all(server, self.stage.rule_statements(server.names(), rule));
            }),
            Trouble::ChangeWaitPoint(point) => of_source(&|server| {
                try_all(
                    server,
                    [set(&server.names().source_var("wait_point"), point)],
                );
            }),
            Trouble::Release => of_source(&|server| {
                let doubt = self.diary.begin_doubt();
                let done = server.try_rows(&set("semisync_source_release_waits", "ON"));
                self.end_doubt_if(doubt, done.is_ok());
            }),
            Trouble::KillEndsWait => of_source(&|server| {
                let doubt = self.diary.begin_doubt();
                let variable = "semisync_source_kill_ends_wait";
                try_all(server, [set(variable, "ON")]);
                for connection in self.fleet.connections().iter().step_by(3) {
                    try_all(server, [format!("KILL {connection}")]);
                }
                self.linger(spell / 4);
                let done = server.try_rows(&set(variable, "OFF"));
                self.end_doubt_if(doubt, done.is_ok());
            }),
            Trouble::Fence => of_source(&|server| {
                try_all(server, [set("semisync_source_fenced", "ON")]);
                self.linger(spell / 2);
                try_all(server, [set("semisync_source_fenced", "OFF")]);
            }),
            Trouble::MinReplicas => of_source(&|server| {
                try_all(server, [set("semisync_source_min_replicas", 3)]);
                self.linger(spell);
                try_all(server, [set("semisync_source_min_replicas", 0)]);
            }),
        }
    }

    /// A doubt that could not be ended lasts to the end of the round.
    fn end_doubt_if(&self, doubt: usize, done: bool) {
        if done {
            self.diary.end_doubt(doubt);
        }
    }

    fn freeze(&self, server: &Server, spell: Duration) {
        server.freeze();
        self.linger(spell);
        server.thaw();
    }

    /// The source ends and comes back as the source. What was in its log is committed then, and
    /// semi-sync is disabled until the operator has set it up: till then an OK proves nothing.
    fn come_back(&self, server: &Server, orderly: bool) {
        let _guard = lock(&self.settings);
        match orderly {
            true => _ = server.stop(),
            false => server.kill9(),
        }
        self.fleet.send_to(None);
        let doubt = self.diary.begin_doubt();
        server.start_again();
        let done = self.stage.take_source_role(server, &self.plan.setting);
        self.end_doubt_if(doubt, done.is_ok());
        self.fleet.send_to(Some(server));
    }
}

/// As a careful operator does: what the relay log holds is applied before it is thrown away.
fn reset(server: &Server) {
    server.execute("STOP REPLICA IO_THREAD");
    promote::wait_applied(server);
    threads::stop_applier(server);
    server.script("RESET REPLICA;\nSTART REPLICA;");
}

fn try_all<S: AsRef<str>>(server: &Server, statements: impl IntoIterator<Item = S>) {
    for sql in statements {
        // It may be frozen or dead; the diary has what was tried.
        let _ = server.try_rows(sql.as_ref());
    }
}
