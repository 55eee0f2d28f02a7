//! Making: libraries without debug information, texts, the tarball, the packages, and a checksum
//! for each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::console::{OrStop, Stop, text_of};
use semisync_live_tests::{dist_dir_of, repository};

use crate::checks::quietly;
use crate::series::{LIBRARIES, Series, VERSION};

/// Makes all packages of a series in `work` and puts them into `packages`. Returns their paths.
pub fn all_of(series: &Series, work: &Path, packages: &Path) -> Result<Vec<PathBuf>, Stop> {
    let maker = Maker {
        series,
        work: work.join(format!("make-{}", series.name())),
        time: commit_time()?,
    };
    fs::create_dir(&maker.work).or_stop(maker.work.display())?;
    let made = [maker.tarball()?, maker.deb()?, maker.rpm()?];
    let published: Result<Vec<_>, Stop> = made.iter().map(|file| publish(file, packages)).collect();
    fs::remove_dir_all(&maker.work).or_stop(maker.work.display())?;
    published
}

/// The time of everything in a package, and of the package: that of the commit.
fn commit_time() -> Result<String, Stop> {
    if let Ok(time) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(time);
    }
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"])
        .current_dir(repository());
    let time = text_of(&mut git).or_else(|_| {
        let changelog = repository().join("CHANGELOG.md");
        text_of(Command::new("stat").args(["-c", "%Y"]).arg(changelog))
    })?;
    Ok(time.trim().to_owned())
}

struct Maker<'a> {
    series: &'a Series,
    work: PathBuf,
    time: String,
}

impl Maker<'_> {
    fn run(&self, command: &mut Command) -> Result<String, Stop> {
        command.env("SOURCE_DATE_EPOCH", &self.time);
        quietly(command).map_err(Stop::failed)
    }

    /// The directory that becomes the tarball. The other packages take their files from here.
    fn top(&self) -> PathBuf {
        self.work.join(self.series.tarball())
    }

    fn tarball(&self) -> Result<PathBuf, Stop> {
        let (top, repository) = (self.top(), repository());
        for dir in ["", "lib", "debug"] {
            make_dir(&top.join(dir))?;
        }
        for library in LIBRARIES {
            self.split(library)?;
        }
        self.run(
            Command::new(repository.join("ci/build"))
                .args(["--portable", "--check"])
                .args([top.join("lib").as_os_str(), self.series.name().as_ref()]),
        )?;
        let glibc = newest_glibc(&top.join("lib"))?;
        for text in ["semisync.cnf", "INSTALL"] {
            let template = repository.join("packaging").join(text);
            let template = fs::read_to_string(&template).or_stop(template.display())?;
            write(
                &top.join(text),
                self.series.fill_in(&template, &glibc).as_bytes(),
            )?;
        }
        for text in ["LICENSE", "CHANGELOG.md"] {
            copy(&repository.join(text), &top.join(text))?;
        }
        let file = self.work.join(self.series.tarball() + ".tar.gz");
        self.run(
            Command::new("tar")
                .args(["-C".as_ref(), self.work.as_os_str()])
                .args(["--sort=name", "--format=gnu", "--numeric-owner"])
                .args(["--owner=0", "--group=0", "-I", "gzip -9n"])
                .arg(format!("--mtime=@{}", self.time))
                .args(["-cf".as_ref(), file.as_os_str()])
                .arg(self.series.tarball()),
        )?;
        Ok(file)
    }

    /// The library as servers load it, and its debug information beside.
    fn split(&self, library: &str) -> Result<(), Stop> {
        let from = dist_dir_of(self.series.name(), "-portable").join(format!("{library}.so"));
        let stripped = self.top().join(format!("lib/{library}.so"));
        let debug = self.top().join(format!("debug/{library}.so.debug"));
        let mut objcopy = Command::new("objcopy");
        objcopy.args(["--only-keep-debug", "--compress-debug-sections"]);
        self.run(objcopy.args([&from, &debug]))?;
        let mut objcopy = Command::new("objcopy");
        objcopy.arg("--strip-unneeded");
        objcopy.arg(format!("--add-gnu-debuglink={}", debug.display()));
        self.run(objcopy.args([&from, &stripped]))?;
        set_mode(&stripped)?;
        set_mode(&debug)
    }

    /// What goes into a package, as `packaging/` expects it.
    fn stage(&self, into: &Path) -> Result<(), Stop> {
        make_dir(into)?;
        for library in LIBRARIES {
            let name = format!("{library}.so");
            copy(&self.top().join("lib").join(&name), &into.join(&name))?;
        }
        for text in ["semisync.cnf", "LICENSE", "CHANGELOG.md"] {
            copy(&self.top().join(text), &into.join(text))?;
        }
        Ok(())
    }

    fn deb(&self) -> Result<PathBuf, Stop> {
        // For cargo-deb this is the target directory: see packaging/Cargo.toml.
        let target = self.work.join("deb");
        let stage = target.join("release");
        make_dir(&target)?;
        self.stage(&stage)?;
        self.run(
            Command::new("gzip")
                .arg("-9n")
                .arg(stage.join("CHANGELOG.md")),
        )?;
        let compressed = stage.join("CHANGELOG.md.gz");
        fs::rename(&compressed, stage.join("changelog.gz")).or_stop(compressed.display())?;
        let file = self.work.join(self.series.deb());
        let mut cargo = Command::new("cargo");
        cargo.args(["deb", "--package", "semisync-packaging", "--variant"]);
        cargo.arg(self.series.name());
        cargo
            .args(["--no-build", "--no-strip", "--no-dbgsym", "--output"])
            .arg(&file);
        cargo
            .current_dir(repository())
            .env("CARGO_TARGET_DIR", &target);
        self.run(&mut cargo)?;
        Ok(file)
    }

    fn rpm(&self) -> Result<PathBuf, Stop> {
        let stage = self.work.join("rpm-stage");
        self.stage(&stage)?;
        let rpm = repository().join("packaging/rpm");
        copy(&rpm.join("plugin-files"), &stage.join("plugin-files"))?;
        let mut rpmbuild = Command::new("rpmbuild");
        rpmbuild.args(["-bb", "--quiet", "--target", "x86_64"]);
        let (package, product) = (self.series.package(), self.series.product());
        for (name, value) in [
            ("_topdir", self.work.join("rpm").display().to_string()),
            ("_rpmdir", self.work.display().to_string()),
            ("_rpmfilename", self.series.rpm()),
            ("stage", stage.display().to_string()),
            ("package", package),
            ("product", product),
            ("edition", VERSION.to_owned()),
            ("server", self.series.rpm_server()),
        ] {
            rpmbuild.arg(format!("--define={name} {value}"));
        }
        // Without the macros of whoever runs this.
        rpmbuild
            .env("HOME", &self.work)
            .arg(rpm.join("semisync.spec"));
        self.run(&mut rpmbuild)?;
        Ok(self.work.join(self.series.rpm()))
    }
}

/// Moves a file and its checksum into the directory of packages, whole or not at all.
fn publish(file: &Path, packages: &Path) -> Result<PathBuf, Stop> {
    let name = file.file_name().expect("a package has a name");
    let dir = file.parent().expect("a package lies in a directory");
    let sum = text_of(Command::new("sha256sum").arg(name).current_dir(dir))?;
    let sum_file = PathBuf::from(format!("{}.sha256", file.display()));
    fs::write(&sum_file, sum).or_stop(sum_file.display())?;
    make_dir(packages)?;
    let mut mv = Command::new("mv");
    mv.arg("-f").args([file, &sum_file, packages]);
    quietly(&mut mv).map_err(Stop::failed)?;
    Ok(packages.join(name))
}

/// The newest version of the C library that any of these libraries asks for.
fn newest_glibc(libraries: &Path) -> Result<String, Stop> {
    let mut readelf = Command::new("readelf");
    readelf.args(["--version-info", "--wide"]);
    readelf.args(LIBRARIES.map(|name| libraries.join(format!("{name}.so"))));
    let text = text_of(&mut readelf)?;
    let versions = text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("GLIBC_"));
    let numbers = |version: &&str| -> Vec<u32> {
        version
            .split('.')
            .filter_map(|number| number.parse().ok())
            .collect()
    };
    let newest = versions.max_by_key(numbers);
    newest
        .map(str::to_owned)
        .ok_or_else(|| Stop::failed("the libraries ask for no glibc"))
}

fn make_dir(dir: &Path) -> Result<(), Stop> {
    fs::create_dir_all(dir).or_stop(dir.display())?;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dir, mode).or_stop(dir.display())
}

fn set_mode(file: &Path) -> Result<(), Stop> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).or_stop(file.display())
}

fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    fs::copy(from, to).or_stop(from.display())?;
    set_mode(to)
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Stop> {
    fs::write(file, bytes).or_stop(file.display())?;
    set_mode(file)
}
