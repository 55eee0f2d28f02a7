//! Faults on purpose, each planted into a copy of the source tree: are they found, and how soon? A
//! target that finds nothing may be blind. The search begins as in CI: with what is kept.

use std::fs;
use std::path::{Path, PathBuf};

use semisync_live_tests::console::{OrStop, Stop, say, seconds, step};
use semisync_live_tests::{repository, target_dir};

use crate::found::Fault;
use crate::options::Options;
use crate::program::{self, Programs};

struct Planted {
    target: &'static str,
    what: &'static str,
    /// Below src/core/src.
    file: &'static str,
    /// Stands there once.
    right: &'static str,
    wrong: &'static str,
}

const FAULTS: [Planted; 14] = [
    Planted {
        target: "acknowledgements",
        what: "a packet may be a byte longer than an acknowledgement",
        file: "stream.rs",
        right: "if length > MAX_ACK {",
        wrong: "if length > MAX_ACK + 1 {",
    },
    Planted {
        target: "acknowledgements",
        what: "behind a packet without content one more byte is taken",
        file: "stream.rs",
        right: "let missing = size.saturating_sub(to.len()).min(from.len());",
        wrong: "let missing = size.saturating_sub(to.len()).max(1).min(from.len());",
    },
    Planted {
        target: "acknowledgements",
        what: "a stored frame that ends within a packet ends the packet",
        file: "stream.rs",
        right: "                split_packets(&mut self.packet, content, on)?;\n            } else {",
        wrong: "                split_packets(&mut self.packet, content, on)?;\n                \
                self.packet.clear();\n            } else {",
    },
    Planted {
        target: "events",
        what: "NULL passes for a length",
        file: "events.rs",
        right: "        0..=250 => 0,",
        wrong: "        0..=251 => 0,",
    },
    Planted {
        target: "events",
        what: "the length of an announcement is not looked at",
        file: "events.rs",
        right: "usize::try_from(u32::from_le_bytes(*length)) != Ok(event.len())",
        wrong: "usize::try_from(u32::from_le_bytes(*length)).is_ok_and(|it| it > event.len())",
    },
    Planted {
        target: "files",
        what: "a file that the index lists twice tells where another one lies",
        file: "log_files.rs",
        right: "let last = last.filter(|file| listed(file) == 1);",
        wrong: "let last = last.filter(|file| listed(file) >= 1);",
    },
    Planted {
        target: "files",
        what: "a file without commits speaks for what is flushed before it later",
        file: "log_files.rs",
        right: "self.flushed.filter(|flushed| flushed.file == file);",
        wrong: "self.flushed.filter(|flushed| flushed.file > file);",
    },
    Planted {
        target: "files",
        what: "a log goes on although its last file was replaced",
        file: "log_files.rs",
        right: "if is_replaced {",
        wrong: "if is_replaced && *last.name != *name {",
    },
    Planted {
        target: "files",
        what: "an old name means the first file that had it, not the last",
        file: "sent.rs",
        right: "if let Some((_, place)) = newest_first.find(|(file, _)| **file == *name) {",
        wrong: "if let Some((_, place)) = newest_first.rfind(|(file, _)| **file == *name) {",
    },
    Planted {
        target: "settings",
        what: "a name that is a keyword is shown without quotation marks",
        file: "quorum/terms.rs",
        right: r#"["ANY", "FIRST", "ZONES", "AND"]"#,
        wrong: r#"["ANY", "FIRST", "AND"]"#,
    },
    Planted {
        target: "settings",
        what: "FIRST does not pass over replicas that catch up",
        file: "quorum/chosen.rs",
        right: "catches_up: !voter.streaming,",
        wrong: "catches_up: false,",
    },
    Planted {
        target: "coordinator",
        what: "an acknowledgement is believed although nothing was sent",
        file: "coordinator/replicas.rs",
        right: "if Some(at) > sent {",
        wrong: "if sent.is_some_and(|sent| at > sent) {",
    },
    Planted {
        target: "coordinator",
        what: "the second applier that stops makes the first one's position forgotten",
        file: "coordinator/commits.rs",
        right: "self.abandoned = self.abandoned.max(Some(id.at));",
        wrong: "self.abandoned = Some(id.at);",
    },
    Planted {
        target: "coordinator",
        what: "a vote by connecting counts for what is flushed later",
        file: "coordinator/replicas.rs",
        right: "start.min(self.flushed), false)",
        wrong: "start, false)",
    },
];

/// Each fault of the targets that are asked for.
pub fn find(options: &Options) -> Result<String, Stop> {
    let faults = FAULTS
        .iter()
        .filter(|fault| options.targets.iter().any(|one| one == fault.target));
    let faults: Vec<_> = faults.collect();
    let mut missed = Vec::new();
    for (nth, fault) in faults.iter().enumerate() {
        step(format!(
            "{} of {}, {}: {}",
            nth + 1,
            faults.len(),
            fault.target,
            fault.what
        ));
        let programs = program::build(&planted(fault)?, &target_dir().join("fuzz-planted"))?;
        let kept = programs.replay(
            fault.target,
            &repository().join("fuzz/corpus").join(fault.target),
        )?;
        let by_kept = kept.fault.as_ref().map_or("not found", |_| "found");
        say(format!("by the inputs that are kept: {by_kept}"));
        if kept.fault.is_some() {
            continue;
        }
        match search(&programs, fault, options)? {
            Some((time, runs)) => say(format!("by a search: after {time}, {runs} inputs")),
            None => {
                say(format!("by a search: not within {} s", options.seconds));
                missed.push(fault.what);
            }
        }
    }
    if missed.is_empty() {
        return Ok(format!("all {} planted faults are found", faults.len()));
    }
    Err(Stop::failed(format!("not found: {}", missed.join("; "))))
}

/// The time, and how many inputs it took.
fn search(
    programs: &Programs,
    fault: &Planted,
    options: &Options,
) -> Result<Option<(String, u64)>, Stop> {
    let found = target_dir().join("fuzz-planted/corpus");
    if found.exists() {
        fs::remove_dir_all(&found).or_stop(found.display())?; // of an earlier fault
    }
    let corpora = [found, repository().join("fuzz/corpus").join(fault.target)];
    let ended = programs.search(fault.target, &corpora, options.seconds, options.seed)?;
    let found = ended.fault.map(|Fault { words, .. }| {
        say(words.first().map_or("", String::as_str));
        (seconds(ended.figures.time), ended.figures.runs)
    });
    Ok(found)
}

/// A copy of the source tree with this fault.
fn planted(fault: &Planted) -> Result<PathBuf, Stop> {
    let tree = target_dir().join("fuzz-planted/tree");
    if tree.exists() {
        fs::remove_dir_all(&tree).or_stop(tree.display())?;
    }
    for part in [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "fuzz",
        "src",
        "tests",
        "packaging",
    ] {
        copy(&repository().join(part), &tree.join(part))?;
    }
    let file = tree.join("src/core/src").join(fault.file);
    let text = fs::read_to_string(&file).or_stop(file.display())?;
    if text.matches(fault.right).count() != 1 {
        let why = format!(
            "src/core/src/{} has no longer '{}', once",
            fault.file, fault.right
        );
        let remedy = "plant the fault anew in tests/live/src/bin/ci-fuzz/planted.rs";
        return Err(Stop::failed(why).remedy(remedy));
    }
    fs::write(&file, text.replace(fault.right, fault.wrong)).or_stop(file.display())?;
    Ok(tree)
}

fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap_or(to)).or_stop(to.display())?;
        fs::copy(from, to).or_stop(from.display())?;
        return Ok(());
    }
    for entry in fs::read_dir(from).or_stop(from.display())? {
        let name = entry.or_stop(from.display())?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_can_be_planted() {
        for fault in FAULTS {
            let file = repository().join("src/core/src").join(fault.file);
            let text = fs::read_to_string(&file).expect("a file");
            assert_eq!(text.matches(fault.right).count(), 1, "{}", fault.what);
        }
    }
}
