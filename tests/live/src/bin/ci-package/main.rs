//! Makes what users download, and tries it: a tarball, a Debian package and an RPM package for each
//! server series. `ci/package` runs this program.
//!
//! | file | owns |
//! |---|---|
//! | `series.rs` | what differs from series to series: names of files, words in texts |
//! | `make.rs` | making: libraries without debug information, texts, packages, checksums |
//! | `checks.rs` | counting what passed, running commands quietly, comparing directories |
//! | `tarball.rs` | trying a tarball |
//! | `loading.rs` | libraries in real servers |
//! | `root.rs` | a clean Debian system in a directory, in which packages are installed |
//! | `servers.rs` | the packages of all makers that have a server in them, and stand-ins |
//! | `deb.rs`, `rpm.rs` | trying the Debian and the RPM packages in such a system |

mod checks;
mod deb;
mod loading;
mod make;
mod root;
mod rpm;
mod series;
mod servers;
mod tarball;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use semisync_live_tests::console::{self, OnInterrupt, OrStop, Output, Program, Stop, step};
use semisync_live_tests::{dist_dir_of, known_series, repository};

use checks::{Checks, quietly};
use root::Root;
use series::Series;

/// Libraries for all series, a compiled tool, a server: each within an hour, or something hangs.
const SCRIPT_LIMIT: Duration = Duration::from_secs(3600);

const USAGE: &str = "\
usage: ci/package [--help] [--test] [SERIES...]

Builds libraries that need no newer C library than glibc 2.17, and makes packages of them. Puts into
$SEMISYNC_DIST/packages, for each SERIES (default: for all of them), each with its checksum beside:
  semisync-VERSION-SERIES-linux-x86_64.tar.gz
      the four libraries without debug information, which is in files of its own, an example
      option file, INSTALL, CHANGELOG.md, LICENSE
  mysql-plugin-semisync-SERIES_VERSION_amd64.deb
  mysql-plugin-semisync-SERIES-VERSION-1.x86_64.rpm
      (mariadb-plugin-... for MariaDB) the libraries in place of the server's own, which are kept
      aside until the package is removed
  --test   also tries them: checksums, the libraries and the option file in real servers (of those
           series of which ci/setup made one), the packages in a clean Debian system (as root)
";

fn main() -> ExitCode {
    let program = Program {
        name: "ci/package",
        usage: format!("{USAGE}The series: {}", known_series().join(" ")),
    };
    program.run(package)
}

fn package(arguments: Vec<String>) -> Result<String, Stop> {
    let (test, wanted) = understand(&arguments)?;
    let names: Vec<&str> = wanted.iter().map(Series::name).collect();
    script("ci/setup", &["--package-tools"])?;
    if test {
        script("ci/setup", &[root::SERIES])?;
    }
    script("ci/build", &[&["--portable"], &names[..]].concat())?;

    let work = Work::new()?;
    let packages = dist_dir_of("packages", "");
    step(format!("Packages of version {}", series::VERSION));
    for one in &wanted {
        for path in make::all_of(one, &work.dir, &packages)? {
            let size = fs::metadata(&path).or_stop(path.display())?.len();
            console::say(format!("{} ({} KiB)", path.display(), size / 1024));
        }
    }
    if !test {
        return Ok(format!(
            "{} has the packages for {}",
            packages.display(),
            names.join(" ")
        ));
    }

    let mut checks = Checks::default();
    step("What was made");
    checks.check(
        "made a second time, every package has the same bytes",
        || twice_the_same(&wanted, &work.dir, &packages),
    );
    for one in &wanted {
        tarball::attempt(&mut checks, one, &work.dir, &packages);
    }
    let trial_in = |root| deb::Trial {
        root,
        work: &work.dir,
        packages: &packages,
    };
    let root = Root::copy_to(work.dir.join("system"))?;
    deb::beside_the_real_server(&trial_in(&root), &mut checks, &wanted);
    fs::remove_dir_all(root.dir()).or_stop(root.dir().display())?;
    let root = Root::copy_to(work.dir.join("clean-system"))?;
    deb::beside_stand_ins(&trial_in(&root), &mut checks, &wanted);
    rpm::attempt(&mut checks, &wanted, &root, &work.dir, &packages)?;
    checks.verdict()
}

fn script(path: &str, arguments: &[&str]) -> Result<(), Stop> {
    let mut command = Command::new(repository().join(path));
    let ended = console::run(command.args(arguments), SCRIPT_LIMIT, Output::Shown)?;
    ended
        .or_failed(format!("{path} did not end well"))
        .map_err(|stop| stop.remedy("see its words above"))
}

/// Whether to try the packages, and the series.
fn understand(arguments: &[String]) -> Result<(bool, Vec<Series>), Stop> {
    let known = known_series();
    let (options, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|one| one.starts_with('-'));
    if let Some(unknown) = options.iter().find(|option| **option != "--test") {
        return Err(Stop::misused(format!("unknown option '{unknown}'")));
    }
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        let known = known.join(" ");
        let why = format!("no such server series: '{unknown}' (there are: {known})");
        return Err(Stop::misused(why));
    }
    let wanted = known
        .iter()
        .filter(|name| names.is_empty() || names.contains(name));
    Ok((
        !options.is_empty(),
        wanted.map(|name| Series::new(name)).collect(),
    ))
}

/// Is what lies in `packages` what a second making gives, elsewhere and for a user with another
/// umask?
fn twice_the_same(wanted: &[Series], work: &Path, packages: &Path) -> Result<(), String> {
    // SAFETY: umask takes no pointers; no other thread of this program makes files now.
    let usual = unsafe { libc::umask(0o077) };
    let again = work.join("again");
    let made: Result<Vec<PathBuf>, Stop> = fs::create_dir(&again)
        .or_stop(again.display())
        .and_then(|()| {
            let lists = wanted
                .iter()
                .map(|one| make::all_of(one, &again, &again.join("packages")));
            Ok(lists.collect::<Result<Vec<_>, Stop>>()?.concat())
        });
    // SAFETY: as above.
    unsafe { libc::umask(usual) };
    for path in made.map_err(checks::words_of)? {
        let first = packages.join(path.file_name().expect("a package has a name"));
        quietly(Command::new("cmp").args([&path, &first]))?;
    }
    Ok(())
}

/// A directory for what is needed while the program runs. The directory goes when the program ends.
struct Work {
    dir: PathBuf,
    _on_interrupt: OnInterrupt,
}

impl Work {
    fn new() -> Result<Work, Stop> {
        let name = format!("semisync-package-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir(&dir).or_stop(dir.display())?;
        let removed = dir.clone();
        let _on_interrupt = OnInterrupt::then(move || drop(fs::remove_dir_all(removed)));
        Ok(Work { dir, _on_interrupt })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
