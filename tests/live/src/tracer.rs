//! What the threads of a server ask of the kernel, in their order, by `strace`. And what of it
//! would survive a power cut: what was synced.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process;
use crate::server::Server;
use crate::wait::{PATIENCE, eventually};

/// The calls by which files change and acknowledgements leave.
const CALLS: &str = "trace=write,pwrite64,fdatasync,fsync,sendto,openat,rename,unlink,ftruncate";

/// A server that is traced.
pub struct Tracer {
    strace: Child,
    output: PathBuf,
    /// The server's working directory.
    directory: PathBuf,
}

impl Tracer {
    /// Traces all threads of the server, also those that come. `more`: arguments of strace.
    #[track_caller]
    pub fn attach(server: &Server, more: &[&str]) -> Tracer {
        let output = server.dir().join(format!("strace-{}", server.log_mark()));
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-xx", "-s", "64", "-qq", "-e", CALLS, "-o"]);
        command.arg(&output).args(more);
        command.args(["-p", &server.pid().to_string()]);
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        let strace = process::spawn(command)
            .unwrap_or_else(|e| panic!("strace: {e} (ci/setup --host installs it)"));
        let tracer = Tracer {
            strace,
            output,
            directory: server.data_dir(),
        };
        eventually(PATIENCE, "all threads of the server are traced", || {
            is_traced(server.pid())
        });
        tracer
    }

    /// Lets the server go on alone. The calls up to now.
    #[track_caller]
    pub fn detach(mut self) -> Vec<Call> {
        process::signal(self.strace.id(), libc::SIGINT);
        self.strace.wait().expect("strace ends");
        self.calls()
    }

    /// As `detach`, for a server that has ended.
    #[track_caller]
    pub fn end(mut self) -> Vec<Call> {
        self.strace.wait().expect("strace ends");
        self.calls()
    }

    fn calls(&self) -> Vec<Call> {
        let lines = fs::read_to_string(&self.output).expect("the output of strace");
        let calls = calls_in(&lines, &self.directory);
        assert!(!calls.is_empty(), "strace saw nothing");
        calls
    }
}

fn is_traced(pid: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the server's threads");
    tasks.flatten().all(|task| {
        // A thread that has ended meanwhile has no status.
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        !status.lines().any(|line| line == "TracerPid:\t0")
    })
}

/// A call of the kernel. The calls of a trace are in the order in which they ended.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    pub thread: u32,
    /// When it began and ended: lines of the trace.
    pub began: usize,
    pub ended: usize,
    /// The files, as the descriptors and the arguments name them, in the order of the text.
    pub files: Vec<PathBuf>,
    /// The first bytes of what was written.
    pub bytes: Vec<u8>,
    flags: String,
    pub result: i64,
}

impl Call {
    /// Whether an acknowledgement is sent: a packet that begins with 0xEF.
    pub fn is_acknowledgement(&self) -> bool {
        matches!(self.name.as_str(), "sendto" | "write")
            && self.file().to_string_lossy().starts_with("socket:")
            && self.bytes.get(4) == Some(&0xEF)
    }

    fn is_write(&self) -> bool {
        matches!(self.name.as_str(), "write" | "pwrite64")
    }

    pub fn is_sync(&self) -> bool {
        matches!(self.name.as_str(), "fdatasync" | "fsync")
    }

    fn makes_file(&self) -> bool {
        self.name == "openat" && self.flags.contains("O_CREAT")
    }

    /// The file that it is about.
    pub fn file(&self) -> &Path {
        self.files.last().map_or(Path::new(""), PathBuf::as_path)
    }
}

/// `directory`: where relative paths begin.
fn calls_in(trace: &str, directory: &Path) -> Vec<Call> {
    let mut unfinished: BTreeMap<u32, (usize, String)> = BTreeMap::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, text)) = line.split_once(' ') else {
            continue;
        };
        let (Ok(thread), text) = (thread.parse(), text.trim_start()) else {
            continue;
        };
        let call = |began, text: &str| call(thread, began, number, text, directory);
        if let Some(begin) = text.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (number, begin.to_owned()));
        } else if let Some(begin) = text.strip_suffix(" <detached ...>") {
            // How it ended nobody knows.
            calls.extend(call(number, &format!("{begin}) = -1")));
        } else if let Some(end) = text.strip_prefix("<... ") {
            let (_, end) = end.split_once(" resumed>").expect("the end of a call");
            // It may have begun before strace came.
            if let Some((began, begin)) = unfinished.remove(&thread) {
                calls.extend(call(began, &(begin + end)));
            }
        } else {
            calls.extend(call(number, text));
        }
    }
    calls
}

/// `name(arguments) = result`; None: a signal, the end of a thread, a call without a result.
fn call(thread: u32, began: usize, ended: usize, text: &str, directory: &Path) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let number = result.split([' ', '<']).next()?;
    let mut files = between(arguments, '<', '>');
    let strings = between(arguments, '"', '"');
    let bytes = match name {
        "openat" | "rename" | "unlink" => {
            files = strings;
            Vec::new()
        }
        _ => strings.into_iter().next().unwrap_or_default(),
    };
    files.extend(between(result, '<', '>'));
    Some(Call {
        name: name.to_owned(),
        thread,
        began,
        ended,
        files: files
            .into_iter()
            .map(|file| whole(directory, OsString::from_vec(file).into()))
            .collect(),
        bytes,
        flags: arguments.to_owned(),
        result: number.parse().ok()?,
    })
}

/// A path, as descriptors are shown.
fn whole(directory: &Path, path: PathBuf) -> PathBuf {
    match path.strip_prefix(".") {
        Ok(inside) => directory.join(inside),
        Err(_) => path,
    }
}

/// What stands between two marks, each byte of it as `\xNN`.
fn between(text: &str, open: char, close: char) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once(open) {
        let Some((inside, behind)) = behind.split_once(close) else {
            break;
        };
        let bytes = inside.split("\\x").skip(1);
        found.push(
            bytes
                .filter_map(|hex| u8::from_str_radix(hex, 16).ok())
                .collect(),
        );
        rest = behind;
    }
    found
}

/// The files of a log and what of them is on disk, as a trace goes on.
pub struct Disk<'a> {
    is_log: &'a dyn Fn(&Path) -> bool,
    logs: BTreeMap<PathBuf, Log>,
}

/// Sizes in bytes. A log is only appended to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Log {
    pub written: u64,
    pub synced: u64,
    /// The name is on disk.
    pub named: bool,
}

impl<'a> Disk<'a> {
    /// `there`: the files that there are when the trace begins; they count as synced.
    pub fn new(there: &BTreeMap<PathBuf, u64>, is_log: &'a dyn Fn(&Path) -> bool) -> Disk<'a> {
        let logs = there.iter().map(|(path, size)| {
            let log = Log {
                written: *size,
                synced: *size,
                named: true,
            };
            (path.clone(), log)
        });
        Disk {
            is_log,
            logs: logs.collect(),
        }
    }

    /// The calls up to this one, in the order in which they ended: what a call that syncs has
    /// certainly synced is what was written before it began.
    pub fn after(mut self, calls: &[Call]) -> BTreeMap<PathBuf, Log> {
        // What there was when a line was reached, for the syncs that began there.
        let mut begun: BTreeMap<usize, BTreeMap<PathBuf, Log>> = BTreeMap::new();
        let syncs: BTreeSet<usize> = calls
            .iter()
            .filter(|call| call.is_sync())
            .map(|call| call.began)
            .collect();
        let mut waiting = syncs.into_iter().peekable();
        for call in calls {
            while let Some(line) = waiting.next_if(|line| *line < call.ended) {
                begun.insert(line, self.logs.clone());
            }
            let file = call.file().to_path_buf();
            if call.result < 0 {
                continue;
            }
            if call.is_sync() {
                let before = begun.remove(&call.began);
                self.on_sync(&file, &before.unwrap_or_else(|| self.logs.clone()));
            } else if (self.is_log)(&file) {
                if call.is_write() {
                    let log = self.logs.entry(file).or_default();
                    log.written += u64::try_from(call.result).expect("bytes");
                } else if call.makes_file() {
                    self.logs.entry(file).or_default();
                } else if call.name == "unlink" {
                    self.logs.remove(&file);
                }
            }
        }
        self.logs
    }

    fn on_sync(&mut self, file: &Path, before: &BTreeMap<PathBuf, Log>) {
        for (path, was) in before {
            let Some(log) = self.logs.get_mut(path) else {
                continue;
            };
            if path == file {
                log.synced = log.synced.max(was.written);
            }
            log.named |= path.parent() == Some(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    #[test]
    fn a_sync_covers_what_was_written_before_it_began() {
        let (file, dir) = (hex("/d/r.1"), hex("/d"));
        let trace = format!(
            "7 openat(AT_FDCWD<{dir}>, \"{file}\", O_RDWR|O_CREAT, 0640) = 3<{file}>\n\
             7 write(3<{file}>, \"{0}\", 4) = 4\n\
             8 fdatasync(3<{file}> <unfinished ...>\n\
             7 write(3<{file}>, \"{0}\", 4) = 4\n\
             8 <... fdatasync resumed>) = 0\n\
             8 fsync(4<{dir}>) = 0\n\
             9 fdatasync(3<{file}>) = -1 EIO (Input/output error)\n\
             9 unlink(\"{1}\") = 0\n\
             9 +++ exited with 0 +++\n",
            hex("abcd"),
            hex("./r.1")
        );
        let calls = calls_in(&trace, Path::new("/d"));
        assert_eq!(calls.len(), 7);
        let is_log = |path: &Path| path == Path::new("/d/r.1");
        let after = |n| Disk::new(&BTreeMap::new(), &is_log).after(&calls[..n]);
        let log = |n| after(n)[Path::new("/d/r.1")];
        assert_eq!(
            log(3),
            Log {
                written: 8,
                synced: 0,
                named: false
            }
        );
        assert_eq!(
            log(4),
            Log {
                written: 8,
                synced: 4,
                named: false
            }
        );
        assert_eq!(
            log(6),
            Log {
                written: 8,
                synced: 4,
                named: true
            }
        );
        assert!(after(7).is_empty());
    }

    #[test]
    fn an_acknowledgement_is_known_by_its_first_byte() {
        let socket = hex("socket:[7]");
        let trace = format!("7 sendto(3<{socket}>, \"\\x19\\x00\\x00\\x01\\xef\", 5, 0) = 5");
        assert!(calls_in(&trace, Path::new("/"))[0].is_acknowledgement());
    }
}
