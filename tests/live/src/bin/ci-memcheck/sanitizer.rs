//! Libraries that ThreadSanitizer looks at, and a server that they load into.
//!
//! - The compiler marks each read and write of our code, of the crates that it uses, and of what is
//!   generic in the standard library. `-Zsanitizer` is for nightly compilers; RUSTC_BOOTSTRAP=1
//!   makes the stable one accept it. The rest of the standard library is not marked.
//! - The runtime comes from LLVM in the compiler's own version, and is loaded before the server. So
//!   it sees each lock, thread and allocation of the server's, but not what its code reads and
//!   writes.
//! - It does not find its places in memory where addresses are at random, hence `setarch`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use semisync_live_tests::console::{OrStop, Output, Stop, run, say, step, text_of};
use semisync_live_tests::{Libraries, ServerConfig, llvm, repository, target_dir};

use crate::story::Checker;

const SERIES: &str = "9.7";
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const FLAGS: [&str; 2] = [
    "-Zsanitizer=thread",
    // That the standard library is built without it.
    "-Cunsafe-allow-abi-mismatch=sanitizer",
];
/// Locks are the C library's (`server/watched`): the runtime sees in which order they are taken.
const CFG: &str = "--cfg semisync_watched";
/// What marked code calls.
const MARK: &[u8] = b"__tsan_write8";
/// Minutes on busy cores.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);

pub struct Sanitizer {
    dir: PathBuf,
    planted: PathBuf,
    runtime: PathBuf,
}

impl Checker for Sanitizer {
    fn under(&self, config: ServerConfig, server: &str) -> ServerConfig {
        let options = [
            format!("log_path={}", self.dir.join(server).display()),
            // Frames are told by their file and place in it; `thread_reports` finds the lines.
            "symbolize=0".to_owned(),
            "exitcode=0".to_owned(),
            "second_deadlock_stack=1".to_owned(),
            "history_size=7".to_owned(),
            // The server allocates in its handler of signals, when it crashes.
            "report_signal_unsafe=0".to_owned(),
        ];
        let words = [
            "setarch".to_owned(),
            "--addr-no-randomize".to_owned(),
            "env".to_owned(),
            format!("LD_PRELOAD={}", self.runtime.display()),
            format!("TSAN_OPTIONS={}", options.join(":")),
        ];
        let libraries = Libraries::In(self.dir.clone());
        config.libraries(libraries).under(words.into())
    }

    fn planted(&self) -> &Path {
        &self.planted
    }
}

impl Sanitizer {
    pub fn prepare() -> Result<Sanitizer, Stop> {
        let runtime = runtime()?;
        let dir = target_dir().join("races");
        if dir.exists() {
            fs::remove_dir_all(&dir).or_stop(dir.display())?;
        }
        fs::create_dir_all(&dir).or_stop(dir.display())?;
        step("Building libraries that ThreadSanitizer looks at");
        let planted = dir.join("semisync_planted.so");
        build_planted(&planted)?;
        build_ours(&dir)?;
        Ok(Sanitizer {
            dir,
            planted,
            runtime,
        })
    }

    /// What was written of a server: one file for each of its processes.
    pub fn words(&self, server: &str) -> Result<String, Stop> {
        let mut words = String::new();
        for entry in fs::read_dir(&self.dir).or_stop(self.dir.display())? {
            let path = entry.or_stop(self.dir.display())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(&format!("{server}.")) {
                let text = fs::read(&path).or_stop(path.display())?;
                words.push_str(&String::from_utf8_lossy(&text));
            }
        }
        Ok(words)
    }

    pub fn library(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

fn runtime() -> Result<PathBuf, Stop> {
    let version = llvm::version()?;
    let file =
        format!("/usr/lib/llvm-{version}/lib/clang/{version}/lib/linux/libclang_rt.tsan-x86_64.so");
    let file = PathBuf::from(file);
    if file.exists() {
        return Ok(file);
    }
    let why = format!("there is no {}", file.display());
    Err(Stop::failed(why).remedy(llvm::REMEDY))
}

fn build_planted(to: &Path) -> Result<(), Stop> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-type", "cdylib", "-g", "-o"]);
    rustc.arg(to).args(FLAGS).env("RUSTC_BOOTSTRAP", "1");
    rustc.arg(repository().join("tests/memcheck/planted.rs"));
    text_of(&mut rustc).map(drop)
}

fn build_ours(to: &Path) -> Result<(), Stop> {
    let libraries = ["semisync_source", "semisync_replica"];
    let build = target_dir().join("races-build");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--target", TRIPLE]);
    for library in libraries {
        cargo.args(["-p", library]);
    }
    cargo.arg("--target-dir").arg(&build);
    cargo.arg("--manifest-path");
    cargo.arg(repository().join("Cargo.toml"));
    cargo.env("MYSQL_SERIES", SERIES);
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("RUSTFLAGS", format!("{} {CFG}", FLAGS.join(" ")));
    // Reads and writes as they stand there, and not what is left of them.
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off");
    cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    fs::create_dir_all(&build).or_stop(build.display())?;
    let log = build.join("build.log");
    let ended = run(&mut cargo, BUILD_LIMIT, Output::Logged(&log))?;
    ended.or_failed(format!("the libraries do not build ({})", log.display()))?;
    for library in libraries {
        let built = build.join(TRIPLE).join(format!("release/lib{library}.so"));
        let file = to.join(format!("{library}.so"));
        let code = fs::read(&built).or_stop(built.display())?;
        if !code.windows(MARK.len()).any(|bytes| bytes == MARK) {
            return Err(Stop::failed(format!("{library}.so is not marked")));
        }
        fs::write(&file, code).or_stop(file.display())?;
    }
    say(format!("{} has them", to.display()));
    Ok(())
}
