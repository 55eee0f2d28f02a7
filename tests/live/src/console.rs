//! How the programs behind `ci/NAME` talk, run other programs, fail, and end when they are
//! interrupted.
//!
//! A program is a function from arguments to a verdict. [`Program::run`] turns the function's
//! result into last words and an exit status: 0 passed, 1 failed, 2 wrong usage, 130 interrupted. A
//! panic counts as a failure.
//!
//! Whoever reads the output may leave early (`ci/test | head`). Then the program ends as after an
//! interrupt, without a word.
//!
//! Each child gets a process group of its own, so that a child that takes too long ends with all
//! that it started. After an interrupt the signal's thread alone goes on: it ends the children,
//! cleans up and ends the process.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::lock::lock;

/// A child that is told to end has this long before it is killed.
const GRACE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
/// How often a command whose output goes to a log alone shows that it moves.
const NEWS: Duration = Duration::from_secs(5);

/// Why a program ends without a verdict.
#[derive(Debug)]
pub enum Stop {
    Failed {
        reason: String,
        /// What the reader can do about it.
        remedy: Option<String>,
    },
    /// The arguments are wrong: why.
    Misused(String),
}

impl Stop {
    pub fn failed(reason: impl Display) -> Stop {
        Stop::Failed {
            reason: reason.to_string(),
            remedy: None,
        }
    }

    pub fn misused(why: impl Display) -> Stop {
        Stop::Misused(why.to_string())
    }

    #[must_use]
    pub fn remedy(self, text: impl Display) -> Stop {
        match self {
            Stop::Failed { reason, .. } => Stop::Failed {
                reason,
                remedy: Some(text.to_string()),
            },
            misused @ Stop::Misused(_) => misused,
        }
    }
}

/// Turns any error into a reason to stop: `fs::read(&path).or_stop(path.display())?`.
pub trait OrStop<T> {
    /// The error, after the words that say what failed.
    fn or_stop(self, what: impl Display) -> Result<T, Stop>;
}

impl<T, E: Display> OrStop<T> for Result<T, E> {
    fn or_stop(self, what: impl Display) -> Result<T, Stop> {
        self.map_err(|error| Stop::failed(format!("{what}: {error}")))
    }
}

pub struct Program {
    /// As people type it: `ci/test`.
    pub name: &'static str,
    /// The whole text of `--help`. The first line is shown when the arguments are wrong.
    pub usage: String,
}

impl Program {
    /// Runs `body` on the arguments of this process. The text it returns follows the name in the
    /// last line: "passed".
    pub fn run(&self, body: impl FnOnce(Vec<String>) -> Result<String, Stop>) -> ExitCode {
        let begun = Instant::now();
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if arguments.iter().any(|one| one == "-h" || one == "--help") {
            return self.tell(|| println!("{}", self.usage.trim_end()));
        }
        end_without_reader();
        self.end_on_signals();
        let result = catch_unwind(AssertUnwindSafe(|| body(arguments)));
        wait_if_interrupted();
        // The last words are the last also where both streams go into one file.
        let _ = io::stdout().flush();
        match result {
            Ok(Ok(verdict)) => {
                println!("\n{}: {verdict} ({})", self.name, seconds(begun.elapsed()));
                ExitCode::SUCCESS
            }
            Ok(Err(Stop::Failed { reason, remedy })) => {
                let spent = seconds(begun.elapsed());
                eprintln!("\n{}: FAILED: {reason} ({spent})", self.name);
                if let Some(remedy) = remedy {
                    eprintln!("   what to do: {remedy}");
                }
                ExitCode::FAILURE
            }
            Ok(Err(Stop::Misused(why))) => {
                eprintln!("{}: {why}", self.name);
                eprintln!("{}", self.usage.lines().next().unwrap_or_default());
                ExitCode::from(2)
            }
            Err(_) => {
                eprintln!("\n{}: FAILED: it panicked, see above", self.name);
                ExitCode::FAILURE
            }
        }
    }

    /// As `run`, for what is no work: `words` alone are printed.
    pub fn tell(&self, words: impl FnOnce()) -> ExitCode {
        end_without_reader();
        words();
        ExitCode::SUCCESS
    }

    fn end_on_signals(&self) {
        let name = self.name;
        let mut signals =
            Signals::new([SIGINT, SIGTERM, SIGHUP]).expect("these signals can be caught");
        thread::spawn(move || {
            if signals.forever().next().is_some() {
                end_all();
                eprintln!("\n{name}: interrupted");
                std::process::exit(130);
            }
        });
    }
}

/// "12.3 s".
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// A heading: what is done next.
pub fn step(title: impl Display) {
    if io::stdout().is_terminal() {
        println!("\n\x1b[1m== {title}\x1b[0m");
    } else {
        println!("\n== {title}");
    }
}

/// A line below a heading.
pub fn say(line: impl Display) {
    println!("   {line}");
}

// --- children ----------------------------------------------------------------------------------

/// Where a child's output goes.
#[derive(Clone, Copy)]
pub enum Output<'a> {
    /// Where this program's own goes.
    Shown,
    /// To the end of a file. Every few seconds its last line is shown, and at the end the time.
    Logged(&'a Path),
    /// To the end of a file, and shown as it comes.
    Both(&'a Path),
    /// To the end of a file. Nothing is shown: the caller tells.
    Kept(&'a Path),
}

#[derive(Debug)]
pub enum Ended {
    By(ExitStatus),
    /// It was ended when its time was over.
    TooLong(Duration),
}

impl Ended {
    pub fn is_success(&self) -> bool {
        matches!(self, Ended::By(status) if status.success())
    }

    /// `reason` is why the program stops if the command did not succeed.
    pub fn or_failed(self, reason: impl Display) -> Result<(), Stop> {
        if self.is_success() {
            return Ok(());
        }
        Err(Stop::failed(format!("{reason}: {self}")))
    }
}

impl Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::By(status) => status.fmt(f),
            Ended::TooLong(limit) => write!(f, "ended after {}, too long", seconds(*limit)),
        }
    }
}

/// Runs a command to its end, without input. The command has until `limit`; what it leaves running
/// cannot hold this program up, even with our output open. The error says that it could not be
/// started.
pub fn run(command: &mut Command, limit: Duration, output: Output) -> Result<Ended, Stop> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut log = None;
    command.stdin(Stdio::null()).process_group(0);
    if let Output::Logged(path) | Output::Both(path) | Output::Kept(path) = output {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(path);
        let file = file.or_stop(path.display())?;
        command.stdout(file.try_clone().or_stop(path.display())?);
        command.stderr(file);
        log = Some(Follower::at_the_end_of(path)?);
    }
    let begun = Instant::now();
    // An interrupt between the start and the note of it would miss the child.
    let mut groups = lock(&GROUPS);
    if INTERRUPTED.load(Ordering::SeqCst) {
        drop(groups);
        wait_if_interrupted();
        unreachable!("the signal's thread ends the process");
    }
    let mut child = command.spawn().or_stop(&name)?;
    groups.push(child.id());
    drop(groups);

    let mut news = NEWS;
    let ended = loop {
        let status = child.try_wait().or_stop(&name)?;
        if let (Output::Both(_), Some(log)) = (output, &mut log) {
            log.show();
        }
        if let Some(status) = status {
            break Ended::By(status);
        }
        let spent = begun.elapsed();
        if spent >= limit {
            end_group(&mut child);
            break Ended::TooLong(limit);
        }
        if let (Output::Logged(_), Some(log), true) = (output, &mut log, spent >= news) {
            say(format!("  {}: {}", seconds(spent), log.last_line()));
            news += NEWS;
        }
        thread::sleep(POLL);
    };
    lock(&GROUPS).retain(|group| *group != child.id());
    wait_if_interrupted();
    if let Output::Logged(_) = output {
        let spent = seconds(begun.elapsed());
        match &ended {
            Ended::By(status) if status.success() => say(format!("  done in {spent}")),
            other => say(format!("  {other}, in {spent}")),
        }
    }
    Ok(ended)
}

/// What a command writes to its standard output. If the command fails, the error has what it wrote
/// to the other.
pub fn text_of(command: &mut Command) -> Result<String, Stop> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().or_stop(&name)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Stop::failed(format!("{name}: {}: {words}", output.status)))
}

fn end_group(child: &mut Child) {
    signal_group(child.id(), libc::SIGTERM);
    let begun = Instant::now();
    while begun.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(POLL);
    }
    // Also what ignored the first signal and what the child left behind.
    signal_group(child.id(), libc::SIGKILL);
    let _ = child.wait();
}

fn signal_group(leader: u32, signal: libc::c_int) {
    let group = libc::pid_t::try_from(leader).expect("a process id");
    // SAFETY: kill takes no pointers. The group was made by `run`, and its number is not given to
    // others while a process is in it; when all are gone, the call does nothing but fail.
    unsafe { libc::kill(-group, signal) };
}

/// A log file that is read while another process writes it.
struct Follower {
    file: File,
    last: String,
}

impl Follower {
    fn at_the_end_of(path: &Path) -> Result<Follower, Stop> {
        let mut file = File::open(path).or_stop(path.display())?;
        file.seek(SeekFrom::End(0)).or_stop(path.display())?;
        let last = String::new();
        Ok(Follower { file, last })
    }

    fn new_bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // What cannot be read now is in the file for people.
        let _ = self.file.read_to_end(&mut bytes);
        bytes
    }

    fn show(&mut self) {
        let bytes = self.new_bytes();
        let mut out = io::stdout().lock();
        let _ = out.write_all(&bytes).and_then(|()| out.flush());
    }

    fn last_line(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.new_bytes()).into_owned();
        let mut lines = text.split(['\n', '\r']).map(str::trim);
        if let Some(line) = lines.rfind(|line| !line.is_empty()) {
            self.last = line.chars().take(100).collect();
        }
        self.last.clone()
    }
}

// --- interrupts --------------------------------------------------------------------------------

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The leaders of the process groups that run now.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
type Action = Box<dyn FnOnce() + Send>;
static CLEANUPS: Mutex<Vec<(u64, Action)>> = Mutex::new(Vec::new());

/// What has to be done if the program is interrupted, as long as this value lives. Destructors do
/// not run then.
#[must_use]
pub struct OnInterrupt(u64);

impl OnInterrupt {
    pub fn then(action: impl FnOnce() + Send + 'static) -> OnInterrupt {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&CLEANUPS).push((number, Box::new(action)));
        OnInterrupt(number)
    }
}

impl Drop for OnInterrupt {
    fn drop(&mut self) {
        lock(&CLEANUPS).retain(|(number, _)| *number != self.0);
    }
}

/// Ends the children and cleans up.
fn end_all() {
    INTERRUPTED.store(true, Ordering::SeqCst);
    end_groups();
    while let Some((_, cleanup)) = { lock(&CLEANUPS).pop() } {
        cleanup();
    }
}

/// From now on a panic because nobody reads the standard output is none, but the end. `println!`
/// panics then: Rust programs ignore the signal that ends others.
fn end_without_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !has_reader(libc::STDOUT_FILENO) {
            end_all();
            // As a shell tells of a program that SIGPIPE has ended.
            std::process::exit(128 + libc::SIGPIPE);
        }
        usual(info);
    }));
}

/// Whether somebody may still read what is written to this descriptor, if it is that of a pipe.
fn has_reader(descriptor: libc::c_int) -> bool {
    let mut poll = libc::pollfd {
        fd: descriptor,
        events: 0,
        revents: 0,
    };
    // SAFETY: one structure, which lives as long as the call.
    let seen = unsafe { libc::poll(&raw mut poll, 1, 0) };
    seen != 1 || poll.revents & libc::POLLERR == 0
}

fn end_groups() {
    let begun = Instant::now();
    lock(&GROUPS)
        .iter()
        .for_each(|group| signal_group(*group, libc::SIGTERM));
    while begun.elapsed() < GRACE && !lock(&GROUPS).is_empty() {
        thread::sleep(POLL);
    }
    lock(&GROUPS)
        .iter()
        .for_each(|group| signal_group(*group, libc::SIGKILL));
}

/// The signal's thread ends the process; until then no other thread may say or start anything, nor
/// record what the end of the children makes of its work.
pub fn wait_if_interrupted() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn logged(script: &str, limit: Duration) -> (Ended, String) {
        let name = format!(
            "semisync-console-{}-{:?}",
            std::process::id(),
            thread::current().id()
        );
        let log = std::env::temp_dir().join(name);
        let ended = run(&mut shell(script), limit, Output::Both(&log)).expect("sh starts");
        let text = std::fs::read_to_string(&log).expect("there is a log");
        std::fs::remove_file(&log).expect("the log can be removed");
        (ended, text)
    }

    #[test]
    fn a_command_has_its_output_in_the_log_and_tells_how_it_ended() {
        let (ended, log) = logged(
            "echo words; echo worse >&2; exit 3",
            Duration::from_secs(60),
        );
        assert_eq!(log, "words\nworse\n");
        assert_eq!(ended.to_string(), "exit status: 3");
        assert!(!ended.is_success());
    }

    #[test]
    fn a_command_that_takes_too_long_ends_with_all_that_it_started() {
        let script = "sleep 1000 & echo $!; wait";
        let (ended, log) = logged(script, Duration::from_millis(300));
        assert!(matches!(ended, Ended::TooLong(_)), "{ended}");
        let stat = format!("/proc/{}/stat", log.trim());
        // Killed; whoever inherited it may not have noticed yet.
        let gone = || std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "));
        crate::eventually(crate::PATIENCE, "the end of what it started", gone);
    }

    #[test]
    fn a_pipe_has_a_reader_until_its_other_end_is_closed() {
        let (reader, writer) = io::pipe().expect("a pipe");
        assert!(has_reader(writer.as_raw_fd()));
        drop(reader);
        assert!(!has_reader(writer.as_raw_fd()));
        let file = File::open("/dev/null").expect("no pipe");
        assert!(has_reader(file.as_raw_fd()));
    }

    #[test]
    fn what_a_command_leaves_running_does_not_hold_the_caller_up() {
        let begun = Instant::now();
        let (ended, log) = logged("sleep 100 & echo $!", Duration::from_secs(60));
        assert!(ended.is_success(), "{ended}");
        assert!(begun.elapsed() < Duration::from_secs(50));
        crate::process::signal(log.trim().parse().expect("a process id"), libc::SIGKILL);
    }
}
