//! What a server's threads have used, as the kernel counts it: processor time and context switches,
//! by the thread's part in the server. A difference of two readings is what a slice used.
//!
//! `/proc/PID/task/TID/schedstat` has the time in nanoseconds, `status` the switches. A thread that
//! has ended is not in the later reading; in a slice none ends, since its sessions stay connected.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use semisync_live_tests::Server;

use crate::turns::Figures;

/// What a thread has used so far.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Used {
    cpu_ns: u64,
    voluntary: u64,
    involuntary: u64,
}

/// The parts that the threads of one server have, by the kernel's numbers of the threads.
pub struct Parts(HashMap<u32, &'static str>);

impl Parts {
    /// As `performance_schema` knows them. In 5.6 and MariaDB it does not tell the kernel's numbers,
    /// and no part is known.
    pub fn of(server: &Server) -> Parts {
        let sql = "SELECT THREAD_OS_ID, NAME, COALESCE(PROCESSLIST_COMMAND, '') \
                   FROM performance_schema.threads WHERE THREAD_OS_ID IS NOT NULL";
        let rows = server.try_rows(sql).unwrap_or_default();
        let part = |row: &Vec<String>| Some((row[0].parse().ok()?, part(&row[1], &row[2])));
        Parts(rows.iter().filter_map(part).collect())
    }

    /// Of a thread that `performance_schema` does not know, nothing is told.
    pub fn of_thread(&self, tid: u32) -> &'static str {
        self.0.get(&tid).copied().unwrap_or("others")
    }

    #[cfg(test)]
    pub fn unknown() -> Parts {
        Parts(HashMap::new())
    }
}

/// The part of a thread, by its name in `performance_schema` and its command.
fn part(name: &str, command: &str) -> &'static str {
    let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if command.starts_with("Binlog Dump") {
        "dump"
    } else if any(&["one_connection"]) {
        "sessions"
    } else if any(&["ack_receiver", "Ack_receiver"]) {
        "ack_receiver"
    } else if any(&["replica_io", "slave_io"]) {
        "receiver"
    } else if any(&["replica_sql", "slave_sql", "replica_worker", "slave_worker"]) {
        "applier"
    } else if any(&["innodb"]) {
        "innodb"
    } else {
        "others"
    }
}

/// One reading of a server's threads.
pub struct Reading(BTreeMap<u32, Used>);

impl Reading {
    pub fn of(pid: u32) -> Reading {
        Reading(
            threads(pid)
                .filter_map(|tid| Some((tid, used(pid, tid)?)))
                .collect(),
        )
    }

    /// What was used since `earlier`, for each of `commits`: in all, and by part.
    pub fn figures_since(
        &self,
        earlier: &Reading,
        parts: &Parts,
        server: &str,
        commits: f64,
    ) -> Figures {
        let mut figures = Figures::new();
        for (tid, now) in &self.0 {
            let before = earlier.0.get(tid).copied().unwrap_or_default();
            let part = parts.of_thread(*tid);
            let voluntary = now.voluntary.saturating_sub(before.voluntary) as f64;
            let involuntary = now.involuntary.saturating_sub(before.involuntary) as f64;
            let cpu_us = now.cpu_ns.saturating_sub(before.cpu_ns) as f64 / 1e3;
            let mut add = |key: String, value: f64| {
                *figures.entry(key).or_default() += value / commits;
            };
            add(format!("{server}.cpu_us"), cpu_us);
            add(format!("{server}.cpu_us.{part}"), cpu_us);
            add(format!("{server}.switches"), voluntary + involuntary);
            add(format!("{server}.switches.{part}"), voluntary + involuntary);
            add(format!("{server}.switches_voluntary"), voluntary);
            add(format!("{server}.switches_involuntary"), involuntary);
        }
        figures
    }
}

/// The threads that a process has now.
pub fn threads(pid: u32) -> impl Iterator<Item = u32> {
    let dir = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{dir}: {e}"));
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// `None`: the thread has ended meanwhile.
fn used(pid: u32, tid: u32) -> Option<Used> {
    let dir = format!("/proc/{pid}/task/{tid}");
    let schedstat = fs::read_to_string(format!("{dir}/schedstat")).ok()?;
    let status = fs::read_to_string(format!("{dir}/status")).ok()?;
    Some(Used {
        cpu_ns: schedstat.split_whitespace().next()?.parse().ok()?,
        voluntary: number_after(&status, "voluntary_ctxt_switches:")?,
        involuntary: number_after(&status, "nonvoluntary_ctxt_switches:")?,
    })
}

fn number_after(text: &str, word: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn the_part_of_a_thread_is_known_by_its_name_or_its_command() {
        let dump = part("thread/sql/one_connection", "Binlog Dump GTID");
        assert_eq!(dump, "dump");
        assert_eq!(part("thread/sql/one_connection", "Query"), "sessions");
        assert_eq!(part("thread/sql/replica_worker", "Query"), "applier");
        assert_eq!(part("thread/sql/signal_handler", ""), "others");
    }

    #[test]
    fn lines_of_status_are_told_apart_by_their_whole_beginning() {
        let status = "voluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t4\n";
        assert_eq!(number_after(status, "voluntary_ctxt_switches:"), Some(17));
        assert_eq!(number_after(status, "nonvoluntary_ctxt_switches:"), Some(4));
    }

    #[test]
    fn a_reading_sees_the_time_and_the_switches_of_this_process() {
        let pid = std::process::id();
        let parts = Parts::unknown();
        let before = Reading::of(pid);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(50) {
            std::hint::black_box(0);
        }
        std::thread::sleep(Duration::from_millis(1));
        let figures = Reading::of(pid).figures_since(&before, &parts, "source", 2.0);
        // Half of what one thread at least has used, on a machine that may be busy.
        assert!(figures["source.cpu_us"] > 1_000.0, "{figures:?}");
        assert!(figures["source.switches_voluntary"] >= 0.5, "{figures:?}");
        assert_eq!(figures["source.cpu_us"], figures["source.cpu_us.others"]);
    }
}
