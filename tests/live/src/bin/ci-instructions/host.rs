//! The host of a library: a C program that exports what the library looks up in a server. Its
//! structures are those of `mysql-headers/`, from which the library itself is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use semisync_live_tests::console::{OrStop, Output, Stop, run, text_of};
use semisync_live_tests::{repository, target_dir};

/// It takes a second.
const LIMIT: Duration = Duration::from_secs(120);

pub struct Host {
    program: PathBuf,
    dir: PathBuf,
}

pub fn build(series: &str) -> Result<Host, Stop> {
    let dir = target_dir().join("instructions");
    fs::create_dir_all(&dir).or_stop(dir.display())?;
    let program = dir.join("host");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]);
    // One function answers for many that are looked up and hardly called.
    compiler.args(["-Wno-cast-function-type", "-Wno-attribute-alias"]);
    compiler.arg("-I").arg(repository().join("include"));
    let headers = repository().join("mysql-headers").join(series);
    compiler.arg("-I").arg(headers);
    compiler.arg(repository().join("tests/instructions/host.c"));
    compiler.args(["-rdynamic", "-ldl", "-lpthread", "-o"]);
    text_of(compiler.arg(&program))?;
    Ok(Host { program, dir })
}

impl Host {
    /// What callgrind writes about the hooks of a library.
    pub fn run(&self, side: &str, library: &Path) -> Result<String, Stop> {
        let written = self.dir.join(format!("callgrind-{side}.out"));
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["-q", "--tool=callgrind"]);
        valgrind.args(["--compress-strings=no", "--compress-pos=no"]);
        valgrind.arg(format!("--callgrind-out-file={}", written.display()));
        valgrind.arg(&self.program).arg(side).arg(library);
        let ended = run(&mut valgrind, LIMIT, Output::Shown)
            .map_err(|stop| stop.remedy("ci/setup --host installs valgrind"))?;
        ended.or_failed(format!("the host of the {side}'s library"))?;
        fs::read_to_string(&written).or_stop(written.display())
    }
}
