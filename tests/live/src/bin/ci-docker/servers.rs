//! The servers in containers: their start, their options, their ends, their logs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::Dialect;
use semisync_live_tests::console::{OrStop, Stop, say};

use crate::run::{END_OF_A_LOG, Run, answer_of};

pub const SOURCE: &str = "source";
pub const REPLICA_1: &str = "replica-1";
pub const REPLICA_2: &str = "replica-2";
pub const ALL: [&str; 3] = [SOURCE, REPLICA_1, REPLICA_2];

const START_BOUND: Duration = Duration::from_secs(120);
const OPTION_FILE: &str = "/etc/mysql/conf.d/semisync.cnf";

pub struct Servers<'r> {
    pub run: &'r Run,
    pub dialect: Dialect,
    /// Checks that have passed.
    pub passed: AtomicU32,
}

impl Servers<'_> {
    pub fn new<'r>(run: &'r Run, series: &str) -> Servers<'r> {
        Servers {
            run,
            dialect: Dialect::of(series),
            passed: AtomicU32::new(0),
        }
    }

    pub fn container(&self, server: &str) -> String {
        self.run.named(server)
    }

    // --- starting and ending ---

    /// All three, on a network that leads nowhere else.
    pub fn start_all(&self) -> Result<(), Stop> {
        let network = self.run.name();
        self.run.make(&[
            "network",
            "create",
            "--internal",
            "--label",
            network,
            network,
        ])?;
        for (id, server) in (1..).zip(ALL) {
            self.create(server, id)?;
            // Without options about semi-sync at first: the first guide does it all at run time.
            self.put_options(server, "")?;
            self.run.quiet(&["start", &self.container(server)])?;
        }
        self.await_starts(&ALL)?;
        ALL.iter().try_for_each(|server| self.add_users(server))
    }

    /// A container that is not started yet, without a data directory.
    pub fn create(&self, server: &str, id: u32) -> Result<(), Stop> {
        let (run, name, image) = (
            self.run.name(),
            self.container(server),
            self.run.named("libraries"),
        );
        let mut arguments = vec![
            "create",
            "--name",
            &name,
            "--label",
            run,
            "--hostname",
            server,
        ];
        arguments.extend(["--network", run, "--network-alias", server]);
        arguments.extend(["--env", "MYSQL_ALLOW_EMPTY_PASSWORD=1"]);
        arguments.extend(["--env", "MYSQL_INITDB_SKIP_TZINFO=1"]);
        let id = format!("--server-id={id}");
        // Without native AIO: the kernel has a limited number of it for the whole machine, which
        // other servers may have used up.
        arguments.extend([&image, &id, "--innodb-use-native-aio=0"]);
        self.run.make(&arguments)
    }

    pub fn start(&self, server: &str) -> Result<(), Stop> {
        self.run.quiet(&["start", &self.container(server)])?;
        self.await_starts(&[server])
    }

    /// What a power cut looks like from outside.
    pub fn kill(&self, server: &str) -> Result<(), Stop> {
        say(format!("$ docker kill {server}"));
        self.run.quiet(&["kill", &self.container(server)])
    }

    pub fn remove(&self, server: &str) -> Result<(), Stop> {
        self.run
            .quiet(&["rm", "--force", "--volumes", &self.container(server)])
    }

    fn await_starts(&self, servers: &[&str]) -> Result<(), Stop> {
        let begin = Instant::now();
        for server in servers {
            let container = self.container(server);
            while !self.answers(server)? {
                let state = ["inspect", "--format", "{{.State.Running}}", &container];
                if self.run.ask(&state)? != "true" {
                    return Err(Stop::failed(format!("{server} did not start")));
                }
                if begin.elapsed() > START_BOUND {
                    let reason = format!("{server} does not answer two minutes after its start");
                    return Err(Stop::failed(reason));
                }
                sleep(Duration::from_millis(300));
            }
        }
        Ok(())
    }

    /// Over TCP: while an image makes its data directory, its server answers on the socket alone.
    fn answers(&self, server: &str) -> Result<bool, Stop> {
        let container = self.container(server);
        let client = ["exec", &container, "mysql", "--user=root"];
        let question = ["--host=127.0.0.1", "--protocol=tcp", "--execute=SELECT 1"];
        let mut command = self
            .run
            .docker_within("10", &[&client[..], &question[..]].concat())?;
        Ok(answer_of(command.stderr(Stdio::null())).is_ok())
    }

    /// The users, without the binary log: they are the same everywhere, and no transaction of any
    /// server.
    pub fn add_users(&self, server: &str) -> Result<(), Stop> {
        let users = "SET sql_log_bin = 0; \
             CREATE USER repl IDENTIFIED BY 'secret'; GRANT REPLICATION SLAVE ON *.* TO repl; \
             CREATE USER app IDENTIFIED BY 'secret'; GRANT ALL ON ha.* TO app";
        self.sql(server, users).map(drop)
    }

    /// The servers start anew with these lines in place of docker/conf.d/semisync.cnf.
    pub fn restart_with(&self, lines: &str, servers: &[&str]) -> Result<(), Stop> {
        say(format!("{}, {OPTION_FILE}:", servers.join(" ")));
        match lines {
            "" => say("   (nothing)"),
            lines => lines.lines().for_each(|line| println!("      {line}")),
        }
        // Replicas first. A source gives its dump threads ten seconds when it shuts down, with any
        // plugin: they are ended before.
        for server in ALL.iter().rev().filter(|server| servers.contains(server)) {
            for session in self.sql(server, "SHOW PROCESSLIST")?.lines() {
                let fields: Vec<&str> = session.split('\t').collect();
                if fields
                    .get(4)
                    .is_some_and(|command| command.starts_with("Binlog Dump"))
                {
                    // It may be gone meanwhile.
                    let _ = self.sql(server, &format!("KILL {}", fields[0]));
                }
            }
            self.run
                .quiet(&["stop", "-t", "60", &self.container(server)])?;
            self.put_options(server, lines)?;
        }
        // The source first. A replica that finds no source tries again after a minute.
        for server in servers {
            self.run.quiet(&["start", &self.container(server)])?;
            self.await_starts(&[server])?;
        }
        Ok(())
    }

    fn put_options(&self, server: &str, lines: &str) -> Result<(), Stop> {
        let file = self.run.work().join("semisync.cnf");
        fs::write(&file, format!("[mysqld]\n{lines}\n")).or_stop(file.display())?;
        let readable = PermissionsExt::from_mode(0o644);
        fs::set_permissions(&file, readable).or_stop(file.display())?;
        let target = format!("{}:{OPTION_FILE}", self.container(server));
        self.run
            .quiet(&["cp", &file.display().to_string(), &target])
    }

    // --- logs ---

    /// The error log since the server was last started.
    pub fn log(&self, server: &str) -> Result<String, Stop> {
        let container = self.container(server);
        let state = ["inspect", "--format", "{{.State.StartedAt}}", &container];
        let since = self.run.ask(&state)?;
        self.logs(&["logs", "--since", &since, &container])
    }

    /// A container's log is what it writes to either stream.
    fn logs(&self, arguments: &[&str]) -> Result<String, Stop> {
        let mut command = self.run.docker(arguments)?;
        let output = command
            .stderr(Stdio::piped())
            .output()
            .or_stop("docker logs")?;
        if !output.status.success() {
            return Err(Stop::failed("docker logs"));
        }
        let text = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    pub fn show_ends_of_logs(&self) {
        for server in ALL {
            let tail = END_OF_A_LOG.to_string();
            let log = self.logs(&["logs", "--tail", &tail, &self.container(server)]);
            if let Ok(log) = log {
                eprintln!(
                    "\n--- the last lines of the log of {server}\n{}",
                    log.trim_end()
                );
            }
        }
    }
}
