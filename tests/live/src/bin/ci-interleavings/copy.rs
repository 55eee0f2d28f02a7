//! A copy of the sources with all bugs on purpose: `tests/interleavings/planted/*.patch`. A patch
//! whose name begins with `_` holds no bug, but what the others need. (One changes the version: cargo
//! takes two trees that build into one directory for the same, if their packages are called alike.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::console::{OrStop, Stop, text_of};
use semisync_live_tests::{repository, target_dir};

const PATCHES: &str = "tests/interleavings/planted";
/// What is built, and the members of the workspace that cargo wants to see.
const COPIED: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "include",
    "mysql-headers",
    "src",
    "tests",
    "packaging",
    "fuzz",
];

/// Makes the copy. Where it is, and the names of its bugs. A file that is as it was before keeps
/// its time, so that only what has changed is built anew.
pub fn with_bugs() -> Result<(PathBuf, Vec<String>), Stop> {
    let place = target_dir().join("interleavings");
    let (fresh, copy) = (place.join("fresh"), place.join("with-bugs"));
    let _ = fs::remove_dir_all(&fresh);
    for name in COPIED {
        copy_changed(&repository().join(name), &fresh.join(name))?;
    }
    let dir = repository().join(PATCHES);
    let entries = fs::read_dir(&dir).or_stop(dir.display())?;
    let files = entries.flatten().map(|entry| entry.path());
    let mut patches: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|end| end == "patch"))
        .collect();
    patches.sort();
    for patch in &patches {
        apply(patch, &fresh)?;
    }
    for name in COPIED {
        copy_changed(&fresh.join(name), &copy.join(name))?;
    }
    fs::remove_dir_all(&fresh).or_stop(fresh.display())?;
    let names = patches
        .iter()
        .filter_map(|patch| patch.file_stem()?.to_str());
    let bugs = names.filter(|name| !name.starts_with('_'));
    Ok((copy, bugs.map(str::to_owned).collect()))
}

fn apply(patch: &Path, tree: &Path) -> Result<(), Stop> {
    let mut git = Command::new("git");
    git.args(["apply", "--whitespace=nowarn"]).arg(patch);
    // The tree lies in a repository, but is not of it.
    let above = tree.parent().unwrap_or(tree);
    git.current_dir(tree).env("GIT_CEILING_DIRECTORIES", above);
    text_of(&mut git).map(drop).map_err(|_| {
        let name = patch.file_name().unwrap_or_default().to_string_lossy();
        Stop::failed(format!("{PATCHES}/{name} does not apply any more")).remedy(
            "change the patch as the code has changed: the bug must still be what its name says",
        )
    })
}

/// Copies what differs, and removes what is not there any more.
fn copy_changed(from: &Path, to: &Path) -> Result<(), Stop> {
    if !from.is_dir() {
        let new = fs::read(from).or_stop(from.display())?;
        if fs::read(to).ok().as_ref() != Some(&new) {
            let dir = to.parent().unwrap_or(to);
            fs::create_dir_all(dir).or_stop(dir.display())?;
            fs::write(to, new).or_stop(to.display())?;
        }
        return Ok(());
    }
    for entry in fs::read_dir(to).into_iter().flatten().flatten() {
        if !from.join(entry.file_name()).exists() {
            let old = entry.path();
            let removed = if old.is_dir() {
                fs::remove_dir_all(&old)
            } else {
                fs::remove_file(&old)
            };
            removed.or_stop(old.display())?;
        }
    }
    for entry in fs::read_dir(from).or_stop(from.display())?.flatten() {
        copy_changed(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
