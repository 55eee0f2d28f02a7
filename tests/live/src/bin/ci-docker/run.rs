//! One run: its name, which all that it makes carries as a label; its directory; its log of what
//! docker says; and that nothing of it stays.
//!
//! The signal's thread clears away too, while the others are at work: from then on their commands
//! wait for the end of the process, and what makes something is waited for.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread;
use std::time::Duration;

use semisync_live_tests::console::{self, OrStop, Output, Stop};
use semisync_live_tests::lock;

use crate::engine::Engine;

/// What takes longer, also over a slow network, hangs.
const LONGEST: Duration = Duration::from_secs(1200);
/// How much of a log is shown when the run fails.
pub const END_OF_A_LOG: usize = 12;

pub struct Run {
    name: String,
    work: PathBuf,
    /// An engine of our own, as long as it runs.
    pub engine: Mutex<Option<Engine>>,
    /// Where our own engine listens.
    pub host: OnceLock<String>,
    /// Held by whoever makes something, and in the end by whoever clears away.
    making: Mutex<()>,
    ending: AtomicBool,
    cleared: Mutex<bool>,
}

impl Run {
    pub fn new() -> Result<Arc<Run>, Stop> {
        let name = format!("semisync-{}", std::process::id());
        let work = env::temp_dir().join(format!("semisync-docker.{}", std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&work)
            .or_stop(work.display())?;
        Ok(Arc::new(Run {
            name,
            work,
            engine: Mutex::new(None),
            host: OnceLock::new(),
            making: Mutex::new(()),
            ending: AtomicBool::new(false),
            cleared: Mutex::new(false),
        }))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// A name that belongs to this run: of a container, or of an image.
    pub fn named(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }

    pub fn work(&self) -> &Path {
        &self.work
    }

    pub fn log(&self) -> PathBuf {
        self.work.join("log")
    }

    // --- commands ---

    /// A command of docker's without input; what it complains about goes to the log.
    pub fn docker(&self, arguments: &[&str]) -> Result<Command, Stop> {
        self.wait_if_ending();
        self.command("docker", arguments)
    }

    /// As `docker`, with so many seconds for it.
    pub fn docker_within(&self, seconds: &str, arguments: &[&str]) -> Result<Command, Stop> {
        self.wait_if_ending();
        self.command("timeout", &[&[seconds, "docker"], arguments].concat())
    }

    fn wait_if_ending(&self) {
        while self.ending.load(Ordering::SeqCst) {
            thread::park();
        }
    }

    /// Held while something is made that has to be cleared away.
    pub fn making(&self) -> MutexGuard<'_, ()> {
        let making = lock(&self.making);
        if self.ending.load(Ordering::SeqCst) {
            drop(making);
            self.wait_if_ending();
            unreachable!("the signal's thread ends the process");
        }
        making
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Result<Command, Stop> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command.stderr(self.open_log()?);
        // A group of its own: Ctrl-C in a terminal reaches this program alone, which then clears
        // away.
        command.process_group(0);
        if let Some(host) = self.host.get() {
            command
                .env("DOCKER_HOST", host)
                .env_remove("DOCKER_CONTEXT");
        }
        Ok(command)
    }

    fn open_log(&self) -> Result<File, Stop> {
        let log = self.log();
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(true)
            .open(&log)
            .or_stop(log.display())
    }

    /// What a command of docker's answers; an error when it fails.
    pub fn ask(&self, arguments: &[&str]) -> Result<String, Stop> {
        let mut command = self.docker(arguments)?;
        answer_of(&mut command)
    }

    /// A command of docker's whose answer is of no interest.
    pub fn quiet(&self, arguments: &[&str]) -> Result<(), Stop> {
        let answer = self.ask(arguments)?;
        writeln!(self.open_log()?, "{answer}").or_stop("the log")
    }

    /// As `quiet`, for what makes something that has to be cleared away.
    pub fn make(&self, arguments: &[&str]) -> Result<(), Stop> {
        let _making = self.making();
        answer_of(&mut self.command("docker", arguments)?).map(drop)
    }

    /// A command that may take minutes: what it does is shown, and how far it is. An interrupt ends
    /// it before anything is cleared away. Returns whether it succeeded.
    pub fn long(&self, what: &str, program: &str, arguments: &[&str]) -> Result<bool, Stop> {
        console::say(what);
        let mut command = self.command(program, arguments)?;
        Ok(console::run(&mut command, LONGEST, Output::Logged(&self.log()))?.is_success())
    }

    /// The version of the engine that answers.
    pub fn engine_version(&self) -> Option<String> {
        let arguments = ["20", "docker", "version", "--format", "{{.Server.Version}}"];
        let mut command = self.command("timeout", &arguments).ok()?;
        answer_of(&mut command)
            .ok()
            .filter(|version| !version.is_empty())
    }

    pub fn show_end_of_log(&self) {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        eprintln!("\n--- the last lines of what docker said\n{}", end_of(&log));
    }

    // --- the end ---

    /// Removes whatever carries this run's label, ends the engine if it is ours, removes the
    /// directory. Whoever comes second waits for the first and does nothing.
    pub fn clear_away(&self) {
        let mut cleared = lock(&self.cleared);
        if *cleared {
            return;
        }
        self.ending.store(true, Ordering::SeqCst);
        let _making = lock(&self.making);
        if self.engine_version().is_some() {
            self.remove_ours();
        }
        if let Some(engine) = lock(&self.engine).take() {
            engine.end();
        }
        // Should anything still be mounted below, it stays untouched.
        let _ = Command::new("rm")
            .args(["-rf", "--one-file-system"])
            .arg(&self.work)
            .status();
        *cleared = true;
    }

    fn remove_ours(&self) {
        let label = format!("label={}", self.name);
        // What cannot be removed is said in the log by docker; all else goes all the same.
        let ask = |arguments: &[&str]| {
            let answer = self
                .command("docker", arguments)
                .and_then(|mut command| answer_of(&mut command));
            answer.unwrap_or_default()
        };
        let all = |list: &[&str], remove: &[&str]| {
            let ids = ask(list);
            let ids: Vec<&str> = ids.split_whitespace().collect();
            if !ids.is_empty() {
                ask(&[remove, &ids].concat());
            }
        };
        all(
            &["ps", "--all", "--quiet", "--filter", &label],
            &["rm", "--force", "--volumes"],
        );
        all(
            &["network", "ls", "--quiet", "--filter", &label],
            &["network", "rm"],
        );
        for image in ["libraries", "base", "packages"] {
            all(
                &["images", "--quiet", &self.named(image)],
                &["rmi", "--force"],
            );
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.clear_away();
    }
}

/// What a command writes to its standard output.
pub fn answer_of(command: &mut Command) -> Result<String, Stop> {
    let what = format!("{command:?}");
    let output = command
        .stdout(Stdio::piped())
        .spawn()
        .and_then(|child| child.wait_with_output());
    let output = output.or_stop(&what)?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(answer.trim_end_matches('\n').to_owned()),
        false => Err(Stop::failed(format!("{}: {what}", output.status))),
    }
}

pub fn end_of(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(END_OF_A_LOG)..].join("\n")
}
