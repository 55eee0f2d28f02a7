//! Counting what passed, running commands quietly, and comparing directories.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};

use semisync_live_tests::console::Stop;

/// Lines of a failed command that are shown.
const SHOWN: usize = 15;

#[derive(Default)]
pub struct Checks {
    passed: usize,
    failed: usize,
}

impl Checks {
    /// Says and counts whether `claim` holds. The harness of the live tests fails by a panic, which
    /// counts too.
    pub fn check(&mut self, what: &str, claim: impl FnOnce() -> Result<(), String>) {
        let words = match catch_unwind(AssertUnwindSafe(claim)) {
            Ok(Ok(())) => {
                self.passed += 1;
                println!("   ok      {what}");
                return;
            }
            Ok(Err(words)) => words,
            Err(_) => "it panicked, see above".to_owned(),
        };
        self.failed += 1;
        println!("   FAILED  {what}");
        let lines: Vec<&str> = words.lines().collect();
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            println!("           {line}");
        }
    }

    /// The last words of a run that tried something.
    pub fn verdict(&self) -> Result<String, Stop> {
        println!("\n{} passed, {} failed", self.passed, self.failed);
        match self.failed {
            0 => Ok("passed".to_owned()),
            _ => Err(Stop::failed("not all checks passed")),
        }
    }
}

/// What a command says on both streams. Err: it failed; the command, and what it said.
pub fn quietly(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{name}: {error}"))?;
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words).into_owned();
    if output.status.success() {
        return Ok(words);
    }
    Err(format!("{words}\n{name}: {}", output.status))
}

/// That a command fails, and says why in these words.
pub fn refused(answer: Result<String, String>, why: &str) -> Result<(), String> {
    match answer {
        Ok(words) => Err(format!("it succeeded:\n{words}")),
        Err(words) if words.contains(why) => Ok(()),
        Err(words) => Err(format!("it does not say {why:?}:\n{words}")),
    }
}

pub fn words_of(stop: Stop) -> String {
    match stop {
        Stop::Failed { reason, .. } | Stop::Misused(reason) => reason,
    }
}

/// What lies in a directory under names that begin in one way: the bytes of each file, and where
/// each link leads.
pub struct Content {
    begin: &'static str,
    files: BTreeMap<String, Vec<u8>>,
}

impl Content {
    pub fn of(dir: &Path, begin: &'static str) -> Result<Content, String> {
        let mut files = BTreeMap::new();
        let read = |path: &Path| {
            if path.is_symlink() {
                return fs::read_link(path).map(|to| to.into_os_string().into_encoded_bytes());
            }
            fs::read(path)
        };
        let failed = |error| format!("{}: {error}", dir.display());
        for entry in fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(begin) {
                files.insert(name, read(&entry.path()).map_err(failed)?);
            }
        }
        Ok(Content { begin, files })
    }

    /// That `dir` has the same files with the same bytes.
    pub fn is_that_of(&self, dir: &Path) -> Result<(), String> {
        let now = Content::of(dir, self.begin)?.files;
        let differs = |name: &&String| self.files.get(*name) != now.get(*name);
        let all = self.files.keys().chain(now.keys());
        let different: Vec<&String> = all.filter(differs).collect();
        if different.is_empty() {
            return Ok(());
        }
        Err(format!("in {} differ: {different:?}", dir.display()))
    }
}

/// That two files have the same bytes.
pub fn same(one: &Path, other: &Path) -> Result<(), String> {
    quietly(Command::new("cmp").args([one, other])).map(drop)
}
