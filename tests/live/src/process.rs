//! Child processes that do not outlive this one, and what /proc tells of them.
//!
//! The kernel can kill a child when its parent dies, but "parent" means the thread that made the
//! child. So one thread, which lives as long as this process, makes all children, and an
//! interrupted run leaves no server behind.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use crate::lock::lock;

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// The children that run. Their descriptors, unlike their numbers, are never given to other
/// processes.
static CHILDREN: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());
static ALL_ENDED: AtomicBool = AtomicBool::new(false);

/// Starts `command` from the thread that lives as long as this process.
pub fn spawn(command: Command) -> io::Result<Child> {
    static MAKER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let maker = MAKER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                // A group of its own: Ctrl-C in a terminal reaches this process alone, which then
                // ends its children.
                command.process_group(0);
                // SAFETY: the closure runs between fork and exec and calls prctl alone, which is
                // async-signal-safe and allocates nothing.
                unsafe {
                    command.pre_exec(|| {
                        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                        Ok(())
                    });
                }
                // The asker is gone only if its thread was; nothing to do for it then.
                let _ = reply.send(spawn_listed(command));
            }
        });
        Mutex::new(orders)
    });
    let (reply, answer) = mpsc::channel();
    let orders = lock(maker).clone();
    orders
        .send((command, reply))
        .expect("the thread that makes children lives");
    answer
        .recv()
        .expect("the thread that makes children answers")
}

/// Starts `command` so that it outlives this process, in a session of its own: Ctrl-C does not
/// reach it either.
pub fn spawn_to_stay(mut command: Command) -> io::Result<Child> {
    // SAFETY: the closure runs between fork and exec and calls setsid alone, which is
    // async-signal-safe and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            Ok(())
        });
    }
    spawn_listed(command)
}

/// Makes `command` start in these namespaces of the kernel.
pub(crate) fn enter(command: &mut Command, namespaces: Vec<Arc<OwnedFd>>) {
    if namespaces.is_empty() {
        return;
    }
    let join = move || {
        for namespace in &namespaces {
            // SAFETY: no pointers; the descriptor is open as long as this closure lives.
            if unsafe { libc::setns(namespace.as_raw_fd(), 0) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec and calls setns alone, which is
    // async-signal-safe and allocates nothing.
    unsafe { command.pre_exec(join) };
}

fn spawn_listed(mut command: Command) -> io::Result<Child> {
    // Locked until the child is in the list, so that `end_all` misses no child.
    let mut children = lock(&CHILDREN);
    let child = command.spawn()?;
    children.retain(|child| !has_ended(child, Duration::ZERO));
    // Without such a descriptor (an old kernel) `end_all` passes this child over.
    children.extend(pidfd_of(child.id()));
    Ok(child)
}

/// Kills all children and waits until they have ended. For a process that is about to end: from now
/// on no child can be started.
pub fn end_all() {
    let children = lock(&CHILDREN);
    ALL_ENDED.store(true, Ordering::SeqCst);
    for child in children.iter() {
        let nothing = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: the descriptor is open as long as the list has it; no information about the
        // signal is given. An error means that the child has ended already.
        unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                child.as_raw_fd(),
                libc::SIGKILL,
                nothing,
                0,
            )
        };
    }
    for child in children.iter() {
        has_ended(child, Duration::from_secs(20));
    }
    // It stays locked: whoever wants to start a child waits for the end of this process.
    std::mem::forget(children);
}

/// Whether `end_all` has been called: whoever misses a child has no reason to complain.
pub fn all_ended() -> bool {
    ALL_ENDED.load(Ordering::SeqCst)
}

fn pidfd_of(pid: u32) -> io::Result<OwnedFd> {
    let pid = libc::pid_t::try_from(pid).expect("a pid");
    // SAFETY: no pointers; the result is checked, and nobody else's.
    unsafe { owned(libc::syscall(libc::SYS_pidfd_open, pid, 0)) }
}

/// Whether a child ends within `bound`. (It may have to be waited for still.)
fn has_ended(child: &OwnedFd, bound: Duration) -> bool {
    let mut poll = libc::pollfd {
        fd: child.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let bound = libc::c_int::try_from(bound.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: one structure, which lives as long as the call.
    unsafe { libc::poll(&raw mut poll, 1, bound) == 1 }
}

/// Sends a signal to a process that we started.
pub fn signal(pid: u32, signal: libc::c_int) {
    let pid = libc::pid_t::try_from(pid).expect("a pid");
    // SAFETY: kill takes no pointers. The pid is that of a child that nobody has waited for, so it
    // cannot have been reused.
    let result = unsafe { libc::kill(pid, signal) };
    assert_eq!(
        result,
        0,
        "kill({pid}, {signal}): {}",
        io::Error::last_os_error()
    );
}

/// Whether every thread of the process is stopped: SIGSTOP reaches them one by one, and an
/// acknowledgement may leave meanwhile.
pub fn is_stopped(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    tasks.flatten().all(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let state = stat
            .rsplit_once(") ")
            .map(|(_, rest)| rest.starts_with('T'));
        state == Some(true)
    })
}

/// The process's connection to `port` of this machine, through a descriptor of our own.
pub fn connection_to(pid: u32, port: u16) -> io::Result<TcpStream> {
    let process = pidfd_of(pid)?;
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))?.flatten() {
        let number: Option<i32> = entry.file_name().to_str().and_then(|n| n.parse().ok());
        let number = number.expect("the number of a descriptor");
        // SAFETY: no pointers; the result is checked, and nobody else's.
        let copy = unsafe {
            owned(libc::syscall(
                libc::SYS_pidfd_getfd,
                process.as_raw_fd(),
                number,
                0,
            ))
        };
        let copy = match copy {
            // Closed meanwhile.
            Err(e) if e.raw_os_error() == Some(libc::EBADF) => continue,
            copy => TcpStream::from(copy?),
        };
        // What is no connection has no peer.
        if copy.peer_addr().is_ok_and(|peer| peer.port() == port) {
            return Ok(copy);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// # Safety
/// A descriptor that nobody else owns, or -1 with errno.
unsafe fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(result) {
        // SAFETY: the caller's promise.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Threads of the process now.
pub fn threads(pid: u32) -> usize {
    count(&format!("/proc/{pid}/task"))
}

/// Open file descriptors of the process now.
pub fn descriptors(pid: u32) -> usize {
    count(&format!("/proc/{pid}/fd"))
}

/// Open descriptors that are no files, which a server opens as it sees fit: sockets, pipes, epolls.
pub fn unnamed_descriptors(pid: u32) -> usize {
    let dir = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{dir}: {e}"));
    // One that is closed meanwhile has no target any more.
    let targets = entries
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.filter(|target| target.is_relative()).count()
}

/// Leaves a process room for so many more descriptors, until this is dropped.
pub struct FewDescriptors {
    pid: u32,
    before: libc::rlimit,
}

impl FewDescriptors {
    #[track_caller]
    pub fn left(pid: u32, free: usize) -> FewDescriptors {
        let dir = format!("/proc/{pid}/fd");
        let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{dir}: {e}"));
        let number = |entry: fs::DirEntry| entry.file_name().to_string_lossy().parse::<u64>().ok();
        let used: BTreeSet<u64> = entries.flatten().filter_map(number).collect();
        // A limit is for numbers, and the lowest free number is given next.
        let end = (0..).filter(|number| !used.contains(number)).nth(free);
        let before = limit_descriptors(pid, None);
        let few = libc::rlimit {
            rlim_cur: end.expect("numbers do not end"),
            ..before
        };
        limit_descriptors(pid, Some(few));
        FewDescriptors { pid, before }
    }
}

impl Drop for FewDescriptors {
    fn drop(&mut self) {
        limit_descriptors(self.pid, Some(self.before));
    }
}

/// The limit that the process had.
#[track_caller]
fn limit_descriptors(pid: u32, limit: Option<libc::rlimit>) -> libc::rlimit {
    let process = libc::pid_t::try_from(pid).expect("a process id");
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let new = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both point to limits, or to nothing, which live as long as the call.
    let result = unsafe { libc::prlimit(process, libc::RLIMIT_NOFILE, new, &raw mut before) };
    let error = io::Error::last_os_error();
    // A process that has ended has no limits.
    assert!(
        result == 0 || error.raw_os_error() == Some(libc::ESRCH),
        "prlimit: {error}"
    );
    before
}

fn count(dir: &str) -> usize {
    fs::read_dir(dir)
        .unwrap_or_else(|e| panic!("{dir}: {e}"))
        .count()
}

/// Resident memory in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let line = text
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a VmRSS line");
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number of kB")
}

/// Processor time used so far, user and system, all threads.
pub fn cpu_time(pid: u32) -> Duration {
    let pid = libc::pid_t::try_from(pid).expect("a process id");
    let mut clock = 0;
    // SAFETY: the pointer is to a clock id of ours.
    let result = unsafe { libc::clock_getcpuclockid(pid, &mut clock) };
    assert_eq!(result, 0, "process {pid} has a clock");
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec of ours.
    let result = unsafe { libc::clock_gettime(clock, &mut time) };
    assert_eq!(result, 0, "the clock of process {pid} can be read");
    let seconds = u64::try_from(time.tv_sec).expect("time goes on");
    let nanos = u64::try_from(time.tv_nsec).expect("time goes on");
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}

/// The processors that the calling thread may run on.
pub fn processors() -> Vec<usize> {
    let mut set = no_processors();
    // SAFETY: the set is ours, and as long as it is said to be; 0 is the calling thread.
    let result = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) };
    assert_eq!(result, 0, "a thread's processors can be read");
    let most = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
    // SAFETY: the numbers are below the set's size.
    let is_in = |number: &usize| unsafe { libc::CPU_ISSET(*number, &set) };
    (0..most).filter(is_in).collect()
}

/// From now on the calling thread runs on this processor alone, which is one of `processors`.
pub fn stay_on(processor: usize) -> io::Result<()> {
    let mut set = no_processors();
    // SAFETY: the number is below the set's size, as those of `processors` are.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: the set is ours, and as long as it is said to be; 0 is the calling thread.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn no_processors() -> libc::cpu_set_t {
    // SAFETY: it is an array of bits, for which zeroes are a value.
    unsafe { std::mem::zeroed() }
}
