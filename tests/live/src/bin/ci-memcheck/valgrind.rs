//! How a server runs under valgrind.
//!
//! - The server's own allocator (tcmalloc) is replaced by valgrind's, as malloc is.
//! - Valgrind wants the symbols of the loader that starts the server. `ci/setup --memcheck` has put
//!   them beside the server; here they get the places in which valgrind looks.
//! - bin/mysqld is a script that becomes the server, so children are traced; the script's own are
//!   not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::console::{OrStop, Stop, text_of};
use semisync_live_tests::{ServerConfig, repository, servers_dir, target_dir};

use crate::reports::{self, Report};
use crate::story::Checker;

const SERIES: &str = "9.7";

pub struct Valgrind {
    dir: PathBuf,
    planted: PathBuf,
}

impl Checker for Valgrind {
    fn under(&self, config: ServerConfig, server: &str) -> ServerConfig {
        config.under(self.words(server))
    }

    fn planted(&self) -> &Path {
        &self.planted
    }
}

impl Valgrind {
    pub fn prepare() -> Result<Valgrind, Stop> {
        let dir = target_dir().join("memcheck");
        if dir.exists() {
            fs::remove_dir_all(&dir).or_stop(dir.display())?;
        }
        fs::create_dir_all(&dir).or_stop(dir.display())?;
        let planted = dir.join("semisync_planted.so");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-g", "-O0", "-o"])
            .arg(&planted);
        compiler.arg(repository().join("tests/memcheck/planted.c"));
        text_of(&mut compiler)?;
        place_symbols(&dir.join("symbols"))?;
        Ok(Valgrind { dir, planted })
    }

    /// What stands before bin/mysqld.
    fn words(&self, server: &str) -> Vec<String> {
        let words = [
            "valgrind".to_owned(),
            "--quiet".to_owned(),
            "--trace-children=yes".to_owned(),
            "--trace-children-skip=*/readlink".to_owned(),
            "--soname-synonyms=somalloc=libtcmalloc*".to_owned(),
            format!(
                "--extra-debuginfo-path={}",
                self.dir.join("symbols").display()
            ),
            "--leak-check=full".to_owned(),
            "--show-leak-kinds=definite,indirect".to_owned(),
            "--num-callers=40".to_owned(),
            "--error-limit=no".to_owned(),
            "--keep-debuginfo=yes".to_owned(),
            "--xml=yes".to_owned(),
            format!("--xml-file={}", self.xml(server).display()),
        ];
        words.into()
    }

    fn xml(&self, server: &str) -> PathBuf {
        self.dir.join(format!("{server}.xml"))
    }

    pub fn reports(&self, server: &str) -> Result<Vec<Report>, Stop> {
        let file = self.xml(server);
        let xml = fs::read_to_string(&file).or_stop(file.display())?;
        reports::read(&xml).or_stop(file.display())
    }
}

/// Valgrind looks below `--extra-debuginfo-path` for the directory of the file that it reads.
fn place_symbols(symbols: &Path) -> Result<(), Stop> {
    let home = servers_dir().join(SERIES);
    let debug = home.join("debug/.build-id");
    let builds = fs::read_dir(&debug).or_stop(debug.display());
    let builds = builds.map_err(|stop| stop.remedy("ci/setup --memcheck 9.7"))?;
    let root = home.join("root").canonicalize().or_stop(home.display())?;
    let below = |dir: &str| {
        let dir = root.join(dir);
        symbols.join(dir.strip_prefix("/").unwrap_or(&dir))
    };
    let dirs = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "lib64"].map(below);
    for dir in &dirs {
        fs::create_dir_all(dir).or_stop(dir.display())?;
    }
    for build in builds.flatten() {
        let files = fs::read_dir(build.path()).or_stop(debug.display())?;
        for file in files.flatten() {
            for dir in &dirs {
                // Two builds whose names differ in their first byte alone do not meet.
                symlink(file.path(), dir.join(file.file_name())).or_stop(dir.display())?;
            }
        }
    }
    Ok(())
}
