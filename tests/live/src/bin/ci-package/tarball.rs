//! Trying a tarball: what lies in it, and its libraries and option file in a real server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::console::{say, step};
use semisync_live_tests::repository;

use crate::checks::{Checks, quietly};
use crate::loading;
use crate::series::{LIBRARIES, Series};

/// Where `attempt` leaves the tarball unpacked.
pub fn unpacked(series: &Series, work: &Path) -> PathBuf {
    work.join("unpacked").join(series.tarball())
}

pub fn attempt(checks: &mut Checks, series: &Series, work: &Path, packages: &Path) {
    let name = series.name();
    step(format!("The tarball for {name}"));
    let file = packages.join(series.tarball() + ".tar.gz");
    let top = unpacked(series, work);
    checks.check("its checksum verifies", || checksum_verifies(&file));
    checks.check("it unpacks, into one directory", || unpacks(&file, &top));
    checks.check(
        "licence, changes, INSTALL and the option file are in it, filled in",
        || texts_are_whole(&top),
    );
    checks.check("its libraries pass the checks of ci/build", || {
        let mut build = Command::new(repository().join("ci/build"));
        build.args(["--portable", "--check"]).arg(top.join("lib"));
        quietly(build.arg(name)).map(drop)
    });
    checks.check("the debug files belong to them", || {
        LIBRARIES
            .iter()
            .try_for_each(|library| debug_is_found(&top, library))
    });
    match loading::server_version(series) {
        Some(version) => checks.check(
            &format!(
                "a {name} server ({version}) starts with the option file as it is, and loads \
                 all four"
            ),
            || loading::starts_as_shipped(series, &top),
        ),
        None => say(format!(
            "not tried: there is no server of series {name}, so nothing was loaded"
        )),
    }
}

/// By the file with the checksum that lies beside.
pub fn checksum_verifies(file: &Path) -> Result<(), String> {
    let sum = format!("{}.sha256", file.display());
    let dir = file.parent().expect("a package lies in a directory");
    let mut sha256sum = Command::new("sha256sum");
    sha256sum.args(["--quiet", "-c", &sum]).current_dir(dir);
    quietly(&mut sha256sum).map(drop)
}

fn unpacks(file: &Path, top: &Path) -> Result<(), String> {
    let dir = top.parent().expect("a directory in that of the work");
    let listed = quietly(Command::new("tar").arg("-tzf").arg(file))?;
    let own = top.file_name().unwrap_or_default().to_string_lossy();
    let inside = format!("{own}/");
    if let Some(outside) = listed.lines().find(|name| !name.starts_with(&inside)) {
        return Err(format!("{outside} lies beside {inside}"));
    }
    fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(dir).arg("-xzf").arg(file);
    quietly(&mut tar).map(drop)
}

fn texts_are_whole(top: &Path) -> Result<(), String> {
    for name in ["LICENSE", "CHANGELOG.md", "INSTALL", "semisync.cnf"] {
        let text =
            fs::read_to_string(top.join(name)).map_err(|error| format!("{name}: {error}"))?;
        if text.trim().is_empty() {
            return Err(format!("{name} is empty"));
        }
        if let Some(line) = text.lines().find(|line| is_open(line)) {
            return Err(format!("{name} is not filled in: {line}"));
        }
    }
    Ok(())
}

/// Does the line still have a `@word@` or a tag of a template?
fn is_open(line: &str) -> bool {
    let pieces: Vec<&str> = line.split('@').collect();
    let is_word = |piece: &&str| !piece.is_empty() && piece.chars().all(char::is_alphabetic);
    let between = pieces.iter().skip(1).rev().skip(1);
    line.starts_with("#[") || between.filter(|piece| is_word(piece)).count() > 0
}

/// Does a debugger find file and line through the link in the library? (addr2line compares the
/// checksum in it.)
fn debug_is_found(top: &Path, library: &str) -> Result<(), String> {
    let both = PathBuf::from(format!("{}-{library}", top.display()));
    fs::create_dir(&both).map_err(|error| format!("{}: {error}", both.display()))?;
    let (stripped, debug) = (format!("{library}.so"), format!("{library}.so.debug"));
    for (dir, name) in [("lib", &stripped), ("debug", &debug)] {
        let from = top.join(dir).join(name);
        fs::copy(&from, both.join(name)).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    let mut nm = Command::new("nm");
    let symbols = quietly(nm.arg("--demangle=rust").arg(both.join(&debug)))?;
    let of_ours = |line: &&str| {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let ours = |name: &str| name.trim_start_matches('<').starts_with("semisync_");
        matches!(words[..], [_, "t" | "T", name] if ours(name))
    };
    let line = symbols.lines().find(of_ours);
    let line = line.ok_or_else(|| format!("{debug} has no function of ours"))?;
    let address = format!("0x{}", line.split(' ').next().unwrap_or_default());
    let mut addr2line = Command::new("addr2line");
    let place = quietly(addr2line.arg("-e").arg(both.join(&stripped)).arg(&address))?;
    let number = place.trim().split_once(".rs:").map(|(_, number)| number);
    if !number.is_some_and(|number| number.starts_with(|digit| ('1'..='9').contains(&digit))) {
        return Err(format!("{stripped}, address {address}: {place}"));
    }
    let mut readelf = Command::new("readelf");
    let sections = quietly(readelf.arg("-SW").arg(both.join(&stripped)))?;
    match [".debug_", ".symtab"]
        .iter()
        .find(|name| sections.contains(**name))
    {
        Some(own) => Err(format!("{stripped} still has {own} of its own")),
        None => Ok(()),
    }
}
