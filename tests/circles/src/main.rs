//! Checks that the modules of a crate form no circles: whoever reads one module has an order in
//! which to read those that it needs.
//!
//! `semisync-circles` checks every crate of the workspace: libraries, programs, tests and build
//! scripts. `semisync-circles FILE...` checks the crates with these root files.
//!
//! A module leads to another one when it names an item that the other one defines: in a `use`, in a
//! path in code, in the tokens of a macro. Re-exports are followed to where the item is defined.
//! To declare a module and to re-export what is in it is no use of it. `#[cfg(test)]` is left out,
//! and a crate with files for each server series is checked once for each.
//!
//! A path that begins with `crate`, `self` or `super` and leads to nothing is an error,
//! and so is a large crate without uses: this program must not pass because it is blind.
//!
//! Not seen: a method that is called on a value (the type's module was named to get the value), a
//! trait that only a glob brings in, and a macro that is put together in another macro.
//!
//! The body of a `macro_rules!` counts as code of the module that has the macro; its `$crate::` is
//! `crate::`.
//!
//! `cargo modules --acyclic` takes a type and its own method for a circle, and compiles for a
//! quarter of an hour.

mod attributes;
mod collect;
mod graph;
mod resolve;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use graph::Graph;
use serde_json::Value;

/// A crate with more modules than this in which none leads to another was not read rightly.
const ALONE: usize = 3;

fn main() -> ExitCode {
    let files: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let checked = if files.is_empty() {
        workspace()
    } else {
        let named = |file: PathBuf| (file.display().to_string(), file);
        Ok(files.into_iter().map(named).collect())
    };
    let faults = checked.map(|crates| {
        let faults = crates.iter().filter(|(name, root)| !is_sound(name, root));
        faults.count()
    });
    match faults {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("semisync-circles: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The crates of the workspace, by name and root file.
fn workspace() -> Result<Vec<(String, PathBuf)>, String> {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let here = env::current_dir().unwrap_or_default();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let mut crates = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            let root = PathBuf::from(text(&target["src_path"]));
            let root = root.strip_prefix(&here).unwrap_or(&root).to_path_buf();
            let name = format!(
                "{} ({} {})",
                text(&package["name"]),
                text(&target["kind"][0]),
                text(&target["name"])
            );
            crates.push((name, root));
        }
    }
    if crates.is_empty() {
        return Err("cargo knows no crate here".into());
    }
    Ok(crates)
}

/// Checks one crate, for each of its series, and says what it found.
fn is_sound(name: &str, root: &Path) -> bool {
    let read = |file: &Path| fs::read_to_string(file).ok();
    let series = match tree::load(&read, root, None) {
        Ok(tree) if tree.series.is_empty() => vec![None],
        Ok(tree) => tree.series.into_iter().map(Some).collect(),
        Err(error) => {
            eprintln!("{name}: {error}");
            return false;
        }
    };
    let mut sound = true;
    for series in series {
        let label = series
            .as_ref()
            .map_or_else(|| name.to_string(), |series| format!("{name} for {series}"));
        match tree::load(&read, root, series.as_deref()) {
            Ok(tree) => sound &= judge(&label, &Graph::of(&tree, series.as_deref())),
            Err(error) => {
                eprintln!("{label}: {error}");
                sound = false;
            }
        }
    }
    sound
}

fn judge(name: &str, graph: &Graph) -> bool {
    let (modules, edges) = (graph.modules(), graph.edges());
    let circles = graph.circles();
    println!(
        "{name}: modules {modules}, uses {edges}, circles {}",
        circles.len()
    );
    for circle in &circles {
        eprint!("{name}: {}", graph.describe(circle));
    }
    for path in &graph.lost {
        eprintln!("{name}: {path}: leads to nothing that this program sees");
    }
    let is_blind = modules > ALONE && edges == 0;
    if is_blind {
        eprintln!("{name}: no module uses another one: this program does not see the uses");
    }
    circles.is_empty() && graph.lost.is_empty() && !is_blind
}
