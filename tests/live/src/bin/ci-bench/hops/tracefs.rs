//! The kernel's own tracing (tracefs): what threads ask of the kernel, who wakes whom, and which
//! thread a core turns to. Both servers are seen by the same means, and neither is changed.
//!
//! An instance has a buffer of its own, so that nobody else's tracing is disturbed. While tracing
//! is on, system calls of all processes are a little slower.

use std::fs;
use std::path::{Path, PathBuf};

use semisync_live_tests::console::{OrStop, Stop};

const TRACEFS: &str = "/sys/kernel/tracing";
/// For each core.
const BUFFER_KB: u32 = 16 * 1024;
const EVENTS: [&str; 4] = [
    "raw_syscalls/sys_enter",
    "raw_syscalls/sys_exit",
    "sched/sched_switch",
    "sched/sched_waking",
];

/// A trace of our own, which goes when it is dropped.
pub struct Trace {
    dir: PathBuf,
}

impl Trace {
    /// Of all threads of the machine. (With the kernel's filter by thread, switches from an idle
    /// core were missing.)
    pub fn new() -> Result<Trace, Stop> {
        let instances = Path::new(TRACEFS).join("instances");
        if !instances.exists() {
            return Err(
                Stop::failed(format!("there is no {}", instances.display())).remedy(format!(
                    "as root, with a kernel that traces: mount -t tracefs nodev {TRACEFS}"
                )),
            );
        }
        let dir = instances.join(format!("semisync-hops-{}", std::process::id()));
        fs::create_dir(&dir).or_stop(dir.display())?;
        let trace = Trace { dir };
        trace.write("trace_clock", "mono")?;
        trace.write("buffer_size_kb", &BUFFER_KB.to_string())?;
        trace.write("tracing_on", "0")?;
        for event in EVENTS {
            trace.write(&format!("events/{event}/enable"), "1")?;
        }
        Ok(trace)
    }

    /// What is traced while `work` runs: one event a line, in the order of their times.
    pub fn during(&self, work: impl FnOnce()) -> Result<String, Stop> {
        self.write("trace", "")?;
        self.write("tracing_on", "1")?;
        work();
        self.write("tracing_on", "0")?;
        let file = self.dir.join("trace");
        let text = fs::read_to_string(&file).or_stop(file.display())?;
        if has_lost_events(&text) {
            return Err(
                Stop::failed("the kernel's buffer was too small for the trace")
                    .remedy("trace fewer commits at a time: --slice"),
            );
        }
        Ok(text)
    }

    fn write(&self, file: &str, value: &str) -> Result<(), Stop> {
        let file = self.dir.join(file);
        fs::write(&file, value).or_stop(file.display())
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // Nothing is left to do about an error; the instance costs memory only.
        let _ = self.write("tracing_on", "0");
        let _ = fs::remove_dir(&self.dir);
    }
}

/// "# entries-in-buffer/entries-written: 80/90   #P:2"
fn has_lost_events(text: &str) -> bool {
    let numbers = text
        .lines()
        .find_map(|line| line.strip_prefix("# entries-in-buffer/entries-written: "))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|numbers| numbers.split_once('/'));
    numbers.is_none_or(|(in_buffer, written)| in_buffer != written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_the_buffer_lost_are_noticed() {
        let head = "# tracer: nop\n#\n# entries-in-buffer/entries-written: ";
        assert!(!has_lost_events(&format!("{head}80/80   #P:2\n")));
        assert!(has_lost_events(&format!("{head}80/90   #P:2\n")));
        assert!(has_lost_events("# tracer: nop\n"));
    }
}
