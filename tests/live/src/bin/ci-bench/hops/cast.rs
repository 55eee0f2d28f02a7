//! Who takes part in a commit: threads, told apart by what they do.

use std::collections::{BTreeMap, HashSet};
use std::fs;

use libc::c_long;
use semisync_live_tests::Topology;
use semisync_live_tests::console::{OrStop, Stop};

use crate::hops::events::{Event, Kind, Tid};

/// Calls by which a packet leaves.
pub const SENDS: [c_long; 4] = [
    libc::SYS_sendto,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_sendmsg,
];
/// Calls by which a packet is read.
pub const READS: [c_long; 4] = [
    libc::SYS_recvfrom,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvmsg,
];

/// The threads of one pair of servers, and what their descriptors are.
pub struct Cast {
    pub client: Tid,
    /// Serves the client, and leads its commit group.
    pub session: Tid,
    pub dump: Tid,
    /// The replica's.
    pub receiver: Tid,
    pub source: Server,
    pub replica: Server,
}

/// What is known of one server.
pub struct Server {
    threads: HashSet<Tid>,
    sockets: HashSet<u64>,
    /// The log that it writes: binary log or relay log.
    logs: HashSet<u64>,
}

impl Server {
    /// `log`: the base name of the files of that log.
    fn look(pid: u32, log: &str) -> Result<Server, Stop> {
        let mut sockets = HashSet::new();
        let mut logs = HashSet::new();
        let dir = format!("/proc/{pid}/fd");
        for entry in fs::read_dir(&dir).or_stop(&dir)?.flatten() {
            let number = entry.file_name().to_str().and_then(|n| n.parse().ok());
            // A descriptor may be closed meanwhile.
            let (Some(number), Ok(target)) = (number, fs::read_link(entry.path())) else {
                continue;
            };
            let is_log = target.file_stem().is_some_and(|stem| stem == log)
                && target.extension().is_some_and(|end| end != "index");
            if is_log {
                logs.insert(number);
            } else if target.to_string_lossy().starts_with("socket:") {
                sockets.insert(number);
            }
        }
        let threads = threads_of(pid)?.into_iter().collect();
        Ok(Server {
            threads,
            sockets,
            logs,
        })
    }

    /// A server of these threads, one socket and one log.
    #[cfg(test)]
    pub fn with(threads: &[Tid], socket: u64, log: u64) -> Server {
        Server {
            threads: threads.iter().copied().collect(),
            sockets: [socket].into(),
            logs: [log].into(),
        }
    }

    pub fn has(&self, thread: Tid) -> bool {
        self.threads.contains(&thread)
    }

    pub fn is_socket(&self, fd: u64) -> bool {
        self.sockets.contains(&fd)
    }

    pub fn is_log(&self, fd: u64) -> bool {
        self.logs.contains(&fd)
    }

    /// The thread of this server of which most events fit.
    fn busiest(&self, events: &[Event], fits: impl Fn(Tid, c_long, u64) -> bool) -> Option<Tid> {
        let mut counts: BTreeMap<Tid, usize> = BTreeMap::new();
        for event in events {
            if let Kind::Enter { thread, call, fd } = event.kind
                && self.has(thread)
                && fits(thread, call, fd)
            {
                *counts.entry(thread).or_default() += 1;
            }
        }
        counts.into_iter().max_by_key(|(_, n)| *n).map(|(t, _)| t)
    }
}

impl Cast {
    pub fn of(topology: &Topology, client: Tid, events: &[Event]) -> Result<Cast, Stop> {
        let source = Server::look(topology.source.pid(), "binlog")?;
        let replica = Server::look(topology.replica().pid(), "relay")?;
        let writes = |fd, server: &Server| server.is_log(fd);
        let session = source.busiest(events, |_, call, fd| {
            SENDS.contains(&call) && writes(fd, &source)
        });
        let session = session.or_stop_missing("writes the binary log")?;
        let dump = source.busiest(events, |thread, call, fd| {
            thread != session && SENDS.contains(&call) && source.is_socket(fd)
        });
        let receiver = replica.busiest(events, |_, call, fd| {
            SENDS.contains(&call) && writes(fd, &replica)
        });
        Ok(Cast {
            client,
            session,
            dump: dump.or_stop_missing("sends the binary log")?,
            receiver: receiver.or_stop_missing("writes the relay log")?,
            source,
            replica,
        })
    }
}

trait OrMissing {
    fn or_stop_missing(self, what: &str) -> Result<Tid, Stop>;
}

impl OrMissing for Option<Tid> {
    fn or_stop_missing(self, what: &str) -> Result<Tid, Stop> {
        self.ok_or_else(|| Stop::failed(format!("no thread was seen that {what}")))
    }
}

/// All threads of a process.
fn threads_of(pid: u32) -> Result<Vec<Tid>, Stop> {
    let dir = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&dir).or_stop(&dir)?.flatten();
    let number = |entry: fs::DirEntry| entry.file_name().to_str().and_then(|n| n.parse().ok());
    Ok(entries.filter_map(number).collect())
}
