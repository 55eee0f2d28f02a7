//! One mysqld: its directory, its start, its ends, its error log. SQL is in `sql.rs`.
//!
//! A server that ends by itself, or whose log shows a crash, fails the test that owns it: at the
//! next call, or at the latest on drop. When the test has failed the directory stays, and its place
//! is printed.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::Conn;

use crate::config::ServerConfig;
use crate::dialect::Dialect;
use crate::libraries::Libraries;
use crate::lock::lock;
use crate::names::Names;
use crate::paths::server_dir_of;
use crate::process;
use crate::scratch::{copy_tree, free_port, keep, new_dir, new_dir_on_disk};
use crate::wait::{PATIENCE, eventually, wait_for};

/// A start takes under a second on an idle machine.
const START_BOUND: Duration = Duration::from_secs(60);
const STOP_BOUND: Duration = Duration::from_secs(60);
/// So much longer a server may take to start that runs under a checker.
const UNDER_A_CHECKER: u32 = 5;
const CRASH_MARKS: [&str; 5] = [
    "got signal ",
    "Assertion fail",
    "Assertion `",
    "terminate called",
    "cannot unwind",
];

/// Servers that had crashed when they were dropped.
static CRASHES: AtomicUsize = AtomicUsize::new(0);

/// How many servers of this process have crashed so far. A test fails then; who looks for crashes
/// asks.
pub fn crashes_seen() -> usize {
    CRASHES.load(Ordering::SeqCst)
}

pub struct Server {
    config: Mutex<ServerConfig>,
    dir: PathBuf,
    port: Mutex<u16>,
    /// None: not running, and meant not to.
    child: Mutex<Option<Child>>,
    pub(crate) helper: Mutex<Option<Conn>>,
}

impl Server {
    /// Starts a server on a fresh data directory; fails the test if it does not come up.
    #[track_caller]
    pub fn start(config: ServerConfig) -> Server {
        Server::try_start(config).unwrap_or_else(|log| panic!("the server did not start:\n{log}"))
    }

    /// As `start`. A server that exits instead of serving is no failure: its error log comes back.
    pub fn try_start(config: ServerConfig) -> Result<Server, String> {
        let server = Server::make(config);
        server.launch()?;
        Ok(server)
    }

    /// Starts several at once, in parallel.
    #[track_caller]
    pub fn start_all(configs: Vec<ServerConfig>) -> Vec<Server> {
        let servers: Vec<Server> = configs.into_iter().map(Server::make).collect();
        let results: Vec<Result<(), String>> = thread::scope(|scope| {
            let starts: Vec<_> = servers
                .iter()
                .map(|server| scope.spawn(|| server.launch()))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().expect("no panic in a start"))
                .collect()
        });
        for result in results {
            result.unwrap_or_else(|log| panic!("a server did not start:\n{log}"));
        }
        servers
    }

    fn make(config: ServerConfig) -> Server {
        let series = config.dialect.series();
        config.libraries.assert_built(series);
        let dir = if config.on_disk {
            new_dir_on_disk()
        } else {
            new_dir()
        };
        fs::create_dir_all(dir.join("plugin")).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        config.libraries.copy_into(&dir.join("plugin"), series);
        let data = match &config.data_in {
            None => dir.join("data"),
            Some(place) => {
                let data = place.join("data");
                symlink(&data, dir.join("data")).expect("a new link in a new directory");
                data
            }
        };
        copy_tree(&server_dir_of(series).join("data"), &data)
            .unwrap_or_else(|e| panic!("copying the template to {}: {e}", dir.display()));
        give_identity(&dir.join("data"));
        if config.to_stay {
            keep(&dir);
        }
        Server {
            config: Mutex::new(config),
            dir,
            port: Mutex::new(free_port()),
            child: Mutex::new(None),
            helper: Mutex::new(None),
        }
    }

    /// Starts the process and waits until it serves. Err: it exited instead; its error log.
    fn launch(&self) -> Result<(), String> {
        for attempt in 0.. {
            let mark = self.log_mark();
            match self.launch_once(mark) {
                Err(log) if attempt < 3 && log.contains("Bind on TCP/IP port") => {
                    *lock(&self.port) = free_port();
                }
                result => return result,
            }
        }
        unreachable!("the loop returns")
    }

    fn launch_once(&self, mark: usize) -> Result<(), String> {
        let config = lock(&self.config).clone();
        let my_cnf = self.option_file();
        fs::write(&my_cnf, config.my_cnf(&self.dir, self.port())).expect("my.cnf is written");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path());
        let log = log.expect("the error log opens");
        let server_dir = server_dir_of(config.dialect.series());
        let mysqld = server_dir.join("bin/mysqld");
        let mut command = match config.under.split_first() {
            None => Command::new(mysqld),
            Some((checker, arguments)) => {
                let mut command = Command::new(checker);
                command.args(arguments).arg(mysqld);
                command
            }
        };
        command.arg(format!("--defaults-file={}", my_cnf.display()));
        command.args(&config.arguments);
        command.envs(config.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a second handle of the error log"));
        command.stderr(log);
        process::enter(&mut command, config.namespaces.clone());
        let child = if config.to_stay {
            process::spawn_to_stay(command)
        } else {
            process::spawn(command)
        };
        let child = child.unwrap_or_else(|e| panic!("bin/mysqld: {e}"));
        *lock(&self.child) = Some(child);

        let start_bound = START_BOUND
            * if config.under.is_empty() {
                1
            } else {
                UNDER_A_CHECKER
            };
        let begin = Instant::now();
        loop {
            if self.try_conn().is_ok() {
                return Ok(());
            }
            if let Some(status) = self.exit_status() {
                *lock(&self.child) = None;
                return Err(format!("{status}\n{}", self.log_since(mark)));
            }
            if begin.elapsed() > start_bound {
                panic!(
                    "{self}: not serving after {start_bound:?}\n{}",
                    self.log_since(mark)
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn exit_status(&self) -> Option<ExitStatus> {
        let mut child = lock(&self.child);
        child
            .as_mut()
            .and_then(|child| child.try_wait().expect("a child can be waited for"))
    }

    /// Whether it takes connections over TCP.
    pub fn listens(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).is_ok()
    }

    /// Ends the server by SHUTDOWN, or as an init script does where there is no such statement.
    /// Returns how long that took. The end must be a clean one.
    #[track_caller]
    pub fn stop(&self) -> Duration {
        let begin = Instant::now();
        if self.dialect().has_shutdown_statement() {
            self.execute("SHUTDOWN");
        } else {
            process::signal(self.pid(), libc::SIGTERM);
        }
        self.wait_exit();
        begin.elapsed()
    }

    /// Waits for the end of a server that was told to end by other means.
    #[track_caller]
    pub fn wait_exit(&self) {
        *lock(&self.helper) = None;
        let (status, _) = wait_for(STOP_BOUND, &format!("the end of {self}"), || {
            self.exit_status()
                .ok_or_else(|| format!("it runs; its log:\n{}", tail(&self.log(), 20)))
        });
        *lock(&self.child) = None;
        assert!(
            status.success(),
            "{self} ended with {status}:\n{}",
            tail(&self.log(), 40)
        );
        self.assert_no_crash();
    }

    /// Waits for the end of a server that aborts on purpose. Returns its error log and empties it:
    /// what it says is no crash.
    #[track_caller]
    pub fn wait_abort(&self) -> String {
        *lock(&self.helper) = None;
        let (status, _) = wait_for(STOP_BOUND, &format!("the end of {self}"), || {
            self.exit_status().ok_or_else(|| "it runs".to_owned())
        });
        *lock(&self.child) = None;
        let log = self.log();
        // The server's own handler of SIGABRT writes a stack trace and exits.
        let aborted = format!("got signal {}", libc::SIGABRT);
        assert!(
            !status.success() && log.contains(&aborted),
            "{self} ended with {status}:\n{}",
            tail(&log, 40)
        );
        fs::write(self.log_path(), "").expect("an error log to empty");
        log
    }

    /// SIGKILL: what a power cut looks like from outside.
    pub fn kill9(&self) {
        *lock(&self.helper) = None;
        if let Some(mut child) = lock(&self.child).take() {
            // An error means that it is gone already, which the wait tells.
            let _ = child.kill();
            let status = child.wait().expect("a killed child can be waited for");
            assert_eq!(
                status.signal(),
                Some(libc::SIGKILL),
                "{self} was not alive: {status}"
            );
        }
    }

    /// SIGSTOP: connected, and silent.
    pub fn freeze(&self) {
        let pid = self.pid();
        process::signal(pid, libc::SIGSTOP);
        eventually(PATIENCE, "the server stands still", || {
            process::is_stopped(pid)
        });
    }

    pub fn thaw(&self) {
        process::signal(self.pid(), libc::SIGCONT);
    }

    /// Starts a stopped or killed server on its data directory.
    #[track_caller]
    pub fn start_again(&self) {
        assert!(lock(&self.child).is_none(), "{self} runs");
        // Same port: replicas know it.
        self.launch_once(self.log_mark())
            .unwrap_or_else(|log| panic!("{self} did not start again:\n{log}"));
    }

    #[track_caller]
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Changes what the next start uses.
    pub fn reconfigure(&self, change: impl FnOnce(ServerConfig) -> ServerConfig) {
        let mut config = lock(&self.config);
        *config = change(config.clone());
    }

    /// Whether it was started and has not been ended by us.
    pub fn runs(&self) -> bool {
        lock(&self.child).is_some()
    }

    pub fn pid(&self) -> u32 {
        lock(&self.child).as_ref().expect("the server runs").id()
    }

    pub fn port(&self) -> u16 {
        *lock(&self.port)
    }

    pub fn server_id(&self) -> u32 {
        lock(&self.config).server_id
    }

    pub fn names(&self) -> Names {
        lock(&self.config).names
    }

    pub fn has_stock_libraries(&self) -> bool {
        lock(&self.config).libraries == Libraries::Stock
    }

    pub fn dialect(&self) -> Dialect {
        lock(&self.config).dialect.clone()
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("mysql.sock")
    }

    pub fn plugin_dir(&self) -> PathBuf {
        self.dir.join("plugin")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The my.cnf of the last start.
    pub fn option_file(&self) -> PathBuf {
        self.dir.join("my.cnf")
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn log_path(&self) -> PathBuf {
        self.dir.join("error.log")
    }

    /// The whole error log.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A place in the error log, for `log_since`.
    pub fn log_mark(&self) -> usize {
        fs::read(self.log_path()).map_or(0, |bytes| bytes.len())
    }

    pub fn log_since(&self, mark: usize) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(mark..).unwrap_or_default()).into_owned()
    }

    /// Errors in the log since `mark`, but for "failed on net_flush()": this line says, as stock's
    /// does, that a connection broke in a write.
    pub fn stray_errors_since(&self, mark: usize) -> Vec<String> {
        let log = self.log_since(mark);
        let is_stray =
            |line: &&str| line.contains("[ERROR]") && !line.contains("failed on net_flush()");
        log.lines().filter(is_stray).map(str::to_owned).collect()
    }

    /// Waits for a line that contains `pattern`; returns the first one.
    #[track_caller]
    pub fn wait_log(&self, pattern: &str) -> String {
        self.wait_log_since(0, pattern)
    }

    #[track_caller]
    pub fn wait_log_since(&self, mark: usize, pattern: &str) -> String {
        let what = format!("a line with {pattern:?} in the log of {self}");
        let seen = || {
            let log = self.log_since(mark);
            let line = log
                .lines()
                .find(|line| line.contains(pattern))
                .map(str::to_owned);
            line.ok_or_else(|| format!("...\n{}", tail(&log, 25)))
        };
        wait_for(PATIENCE, &what, seen).0
    }

    /// Fails if the server has ended by itself or its log shows a crash.
    #[track_caller]
    pub fn assert_no_crash(&self) {
        let ended = lock(&self.child).is_some() && self.exit_status().is_some();
        let log = self.log();
        let crash = CRASH_MARKS.iter().find(|mark| log.contains(**mark));
        assert!(
            !ended && crash.is_none(),
            "{self} crashed (ended by itself: {ended}, {crash:?} in the log):\n{}",
            tail(&log, 60)
        );
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", lock(&self.config).label, self.dir.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let runs = lock(&self.child).is_some() && self.exit_status().is_none();
        let stays = lock(&self.config).to_stay && runs;
        if stays || process::all_ended() {
            return;
        }
        let failed = thread::panicking();
        let ended = self.exit_status();
        if let Some(mut child) = lock(&self.child).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = self.log();
        let crash = CRASH_MARKS.iter().any(|mark| log.contains(mark));
        if !failed && ended.is_none() && !crash {
            let _ = fs::remove_dir_all(&self.dir);
            return;
        }
        if crash {
            CRASHES.fetch_add(1, Ordering::SeqCst);
        }
        keep(&self.dir);
        eprintln!(
            "--- {self} is kept; the end of its error log:\n{}\n---",
            tail(&log, 40)
        );
        assert!(failed, "{self} crashed (ended by itself: {ended:?})");
    }
}

/// Ends all servers at once and removes their directories, for a process that was interrupted.
pub fn end_all() {
    process::end_all();
    crate::scratch::remove_ours();
}

/// Two servers with one UUID refuse to replicate, and two servers of MySQL 5.6 that start in the
/// same moment make the same one (generate_server_uuid() in mysqld.cc has only the time and the
/// network card to go by; 5.7 adds the process id).
fn give_identity(data: &Path) {
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid").expect("the kernel makes UUIDs");
    let file = data.join("auto.cnf");
    fs::write(&file, format!("[auto]\nserver-uuid={uuid}"))
        .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
}

/// The last lines of an error log, without those that tell of the storage engine.
fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("[InnoDB]"))
        .collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
