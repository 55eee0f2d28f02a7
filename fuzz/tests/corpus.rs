//! Every input that is kept is given to its target again.

use semisync_fuzz::TARGETS;
use std::{fs, path::Path};

fn replay(target: &str) {
    let run = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, run) = run.expect("a target of that name");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let entries = fs::read_dir(&corpus).expect("a corpus");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 20,
        "{}: {} inputs",
        corpus.display(),
        files.len()
    );
    for file in files {
        println!("{}", file.display()); // shown if the target panics
        run(&fs::read(&file).expect("an input"));
    }
}

#[test]
fn acknowledgements() {
    replay("acknowledgements");
}

#[test]
fn events() {
    replay("events");
}

#[test]
fn files() {
    replay("files");
}

#[test]
fn settings() {
    replay("settings");
}

#[test]
fn coordinator() {
    replay("coordinator");
}

#[test]
fn no_corpus_is_without_a_target() {
    let corpora = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"));
    let names = corpora
        .expect("corpora")
        .map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.into_string().expect("ASCII"))
        .collect();
    names.sort();
    let mut targets = TARGETS.map(|(name, _)| name.to_owned());
    targets.sort();
    assert_eq!(names, targets);
}
