//! Trying the RPM packages, with stand-ins for all servers. The host's rpm installs them in a
//! directory; their scripts run in the system that lies there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::Names;
use semisync_live_tests::console::{OrStop, Stop, step};

use crate::checks::{Checks, Content, quietly, refused, same};
use crate::loading;
use crate::root::{Root, SERIES};
use crate::series::{LIBRARIES, Series};
use crate::servers::{ServerPackage, build_rpm, rpms_of};
use crate::tarball::{checksum_verifies, unpacked};

const PLUGIN_DIR: &str = "usr/lib64/mysql/plugin";
/// Versions of glibc's symbols up to 2.17, which Enterprise Linux 7 has.
const GLIBC: [&str; 20] = [
    "2.2.5", "2.2.6", "2.3", "2.3.2", "2.3.3", "2.3.4", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9",
    "2.10", "2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17",
];
/// Features of rpm that rpm 4.8 of Enterprise Linux 6 has.
const OLD_FEATURES: [&str; 3] = [
    "rpmlib(CompressedFileNames)",
    "rpmlib(FileDigests)",
    "rpmlib(PayloadFilesHavePrefix)",
];

pub fn attempt(
    checks: &mut Checks,
    wanted: &[Series],
    root: &Root,
    work: &Path,
    packages: &Path,
) -> Result<(), Stop> {
    let trial = Trial {
        root,
        work,
        packages,
        stand_ins: work.join("rpms"),
    };
    fs::create_dir(&trial.stand_ins).or_stop(trial.stand_ins.display())?;
    step("The RPM packages, in a system that has what Enterprise Linux 7 has");
    checks.check("a package with the C library of that system", || {
        trial.rpm("--install", &base_system(&trial.stand_ins)?)
    });
    for series in wanted {
        let product = series.product();
        let file = packages.join(series.rpm());
        step(format!(
            "The RPM package for {product}, with stand-ins for servers"
        ));
        checks.check("its checksum verifies", || checksum_verifies(&file));
        checks.check("it has licence, changes and the option file", || {
            trial.has_texts(&file)
        });
        checks.check("rpm of Enterprise Linux 6 can unpack it", || {
            needs_old_features(&file)
        });
        checks.check(
            "it is refused without a server, and with one of another series",
            || trial.is_refused(series),
        );
        for server in rpms_of(series) {
            let what = format!(
                "{}: installed, kept through upgrades of both, removed without a trace",
                server.title()
            );
            checks.check(&what, || {
                let result = trial.with_stand_in(series, &server);
                if result.is_err() {
                    // The next check begins anew; that something is not there is no matter.
                    let _ = trial.rpm("--erase", series.package());
                    let _ = trial.rpm("--erase", server.name);
                }
                result
            });
        }
        if series.name() != SERIES {
            continue;
        }
        let server = &rpms_of(series)[0];
        checks.check("installed once more", || trial.install_both(series, server));
        for names in Names::BOTH {
            let what = format!(
                "two servers with the libraries of that directory are semi-sync as {} and {}",
                names.source(),
                names.replica()
            );
            let plugin_dir = root.path(PLUGIN_DIR);
            checks.check(&what, || loading::replicates(series, &plugin_dir, names));
        }
        checks.check("removed together with the server", || {
            trial.removes_both(series, server)
        });
    }
    Ok(())
}

/// What the packages may need beside a server, as Enterprise Linux 7 provides it.
fn base_system(work: &Path) -> Result<PathBuf, String> {
    let mut provides = String::from("Provides: /bin/sh, rtld(GNU_HASH)\n");
    for file in [
        "libc.so.6",
        "libpthread.so.0",
        "libdl.so.2",
        "ld-linux-x86-64.so.2",
    ] {
        provides += &format!("Provides: {file}()(64bit)\n");
        for version in GLIBC {
            provides += &format!("Provides: {file}(GLIBC_{version})(64bit)\n");
        }
    }
    build_rpm(work, "base-system", "7", &provides, "%files\n")
}

fn needs_old_features(file: &Path) -> Result<(), String> {
    let needed = quietly(Command::new("rpm").args(["-qp", "--requires"]).arg(file))?;
    let mut features = needed.lines().filter(|line| line.starts_with("rpmlib("));
    let newer = features.find(|line| !OLD_FEATURES.iter().any(|old| line.starts_with(old)));
    match newer {
        Some(newer) => Err(format!("it needs {newer}")),
        None => Ok(()),
    }
}

struct Trial<'a> {
    root: &'a Root,
    work: &'a Path,
    packages: &'a Path,
    stand_ins: PathBuf,
}

impl Trial<'_> {
    /// Runs the host's rpm on the system.
    fn rpm_says(&self, action: &str, what: &OsStr) -> Result<String, String> {
        let mut rpm = Command::new("rpm");
        rpm.arg("--root").arg(self.root.dir());
        // Nobody signs stand-ins.
        rpm.args(["--nosignature", action]).arg(what);
        quietly(&mut rpm)
    }

    /// As `rpm_says`. Also what rpm only warns of, a script that fails, is a failure.
    fn rpm(&self, action: &str, what: impl AsRef<OsStr>) -> Result<(), String> {
        let words = self.rpm_says(action, what.as_ref())?;
        // Debian's rpm says that Debian has packages of its own.
        let own = |line: &&str| line.is_empty() || line.starts_with("rpm: ");
        match words.lines().find(|line| !own(line)) {
            Some(_) => Err(words),
            None => Ok(()),
        }
    }

    fn has_texts(&self, file: &Path) -> Result<(), String> {
        let listed = quietly(Command::new("rpm").args(["-qpl"]).arg(file))?;
        for text in ["LICENSE", "CHANGELOG.md", "semisync.cnf"] {
            let is_it = |path: &str| path.starts_with("/usr/share/doc/") && path.ends_with(text);
            if !listed.lines().any(is_it) {
                return Err(format!("no {text} in it:\n{listed}"));
            }
        }
        Ok(())
    }

    fn is_refused(&self, series: &Series) -> Result<(), String> {
        let file = self.packages.join(series.rpm());
        let refused = || refused(self.rpm_says("--install", file.as_ref()), "mysql-server");
        refused()?;
        if series.rpm_server().contains('<') {
            let other = Series::new(if series.name() == SERIES {
                "8.4"
            } else {
                SERIES
            });
            let server = &rpms_of(&other)[0];
            self.rpm("--install", server.rpm(1, &self.stand_ins)?)?;
            refused()?;
            self.rpm("--erase", server.name)?;
        }
        Ok(())
    }

    fn with_stand_in(&self, series: &Series, server: &ServerPackage) -> Result<(), String> {
        self.install_both(series, server)?;
        self.ours_are_there(series)?;
        self.rpm("--verify", series.package())?;
        for (library, aside) in self.kept_aside(series) {
            let own =
                fs::read_to_string(&aside).map_err(|e| format!("{}: {e}", aside.display()))?;
            if own != server.stock_text(library, 1) {
                return Err(format!("{} has: {own}", aside.display()));
            }
        }
        // The server is upgraded, then ours.
        self.rpm("--upgrade", server.rpm(2, &self.stand_ins)?)?;
        self.ours_are_there(series)?;
        let mut again = Command::new("rpm");
        again
            .arg("--root")
            .arg(self.root.dir())
            .args(["--upgrade", "--replacepkgs"]);
        quietly(again.arg(self.packages.join(series.rpm())))?;
        self.ours_are_there(series)?;
        self.rpm("--erase", series.package())?;
        let plugin_dir = self.root.path(PLUGIN_DIR);
        Content::of(&server.rpm_stock(2, &self.stand_ins), "semisync")?.is_that_of(&plugin_dir)?;
        self.rpm("--verify", server.name)?;
        self.nothing_of_ours_is_left()?;
        self.rpm("--erase", server.name)
    }

    fn install_both(&self, series: &Series, server: &ServerPackage) -> Result<(), String> {
        self.rpm("--install", server.rpm(1, &self.stand_ins)?)?;
        self.rpm("--install", self.packages.join(series.rpm()))
    }

    fn removes_both(&self, series: &Series, server: &ServerPackage) -> Result<(), String> {
        let mut rpm = Command::new("rpm");
        rpm.arg("--root").arg(self.root.dir()).arg("--erase");
        quietly(rpm.args([server.name, &series.package()]))?;
        self.nothing_of_ours_is_left()?;
        // rpm removes the directory together with the last file in it.
        let left = self.root.path(PLUGIN_DIR).read_dir().into_iter().flatten();
        match left.flatten().next() {
            Some(entry) => Err(format!("left: {}", entry.path().display())),
            None => Ok(()),
        }
    }

    fn ours_are_there(&self, series: &Series) -> Result<(), String> {
        LIBRARIES.iter().try_for_each(|library| {
            let name = format!("{library}.so");
            let ours = unpacked(series, self.work).join("lib").join(&name);
            same(&ours, &self.root.path(PLUGIN_DIR).join(&name))
        })
    }

    /// The server's own libraries, and where they are while ours are installed.
    fn kept_aside(&self, series: &Series) -> Vec<(&'static str, PathBuf)> {
        let plugin_dir = self.root.path(PLUGIN_DIR);
        let aside = |library: &&'static str| {
            let name = format!("{library}.so.distrib");
            (*library, plugin_dir.join(name))
        };
        series.stock().iter().map(aside).collect()
    }

    fn nothing_of_ours_is_left(&self) -> Result<(), String> {
        for dir in ["usr/lib64", "usr/libexec", "usr/share/doc"] {
            let dir = self.root.path(dir);
            let entries = fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
            for entry in entries.flatten() {
                if entry.file_name().to_string_lossy().contains("semisync") {
                    return Err(format!("left: {}", entry.path().display()));
                }
            }
        }
        Ok(())
    }
}
