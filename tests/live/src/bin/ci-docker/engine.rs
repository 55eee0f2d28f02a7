//! A Docker engine of our own, for as long as the run lasts: its start and its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use semisync_live_tests::console::{OrStop, Stop};
use semisync_live_tests::process;

const END_BOUND: Duration = Duration::from_secs(30);
/// An engine makes it whatever it is told.
const KEY: &str = "/etc/docker/key.json";

/// An engine of our own.
pub struct Engine {
    dockerd: Child,
    containerd_pid: PathBuf,
    /// The key was there before.
    had_key: bool,
}

impl Engine {
    /// `command` starts dockerd, which starts containerd; that one writes its number to a file.
    pub fn start(command: &mut Command, containerd_pid: PathBuf) -> Result<Engine, Stop> {
        let had_key = Path::new(KEY).exists();
        Ok(Engine {
            dockerd: command.spawn().or_stop("unshare")?,
            containerd_pid,
            had_key,
        })
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.dockerd.try_wait(), Ok(None))
    }

    pub fn end(mut self) {
        if self.is_running() {
            process::signal(self.dockerd.id(), libc::SIGTERM);
        }
        let begin = Instant::now();
        while begin.elapsed() < END_BOUND && self.is_running() {
            sleep(Duration::from_millis(100));
        }
        if self.is_running() {
            let _ = self.dockerd.kill();
            let _ = self.dockerd.wait();
            // What a dockerd that is killed leaves behind.
            let pid = fs::read_to_string(&self.containerd_pid).unwrap_or_default();
            let _ = Command::new("kill").args(["-KILL", pid.trim()]).status();
        }
        if !self.had_key {
            let _ = fs::remove_file(KEY);
        }
        // Only if it is empty.
        let _ = fs::remove_dir("/etc/docker");
    }
}
