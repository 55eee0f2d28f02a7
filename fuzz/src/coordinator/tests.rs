//! How bytes become steps; and histories that people have written, because no search has found
//! them. For one more: a test as that below, and the bytes that its failure prints in a file of
//! `corpus/coordinator`, with a name that tells what happens.

use super::*;
use std::{fs, path::Path};

#[test]
fn each_kind_of_step_is_read() {
    let read = |first: u8| kind(&operation(&mut Bytes::of(&[first])));
    assert!((0..KINDS).all(|first| read(first) == first));
}

/// The file of the corpus has this history, and no other.
fn is_kept(file: &str, settings_of: [u8; 5], steps: &[(&[u8], &str)]) {
    let mut input = settings_of.to_vec();
    for (bytes, means) in steps {
        let mut choices = Bytes::of(bytes);
        assert_eq!(format!("{:?}", operation(&mut choices)), *means);
        assert!(choices.is_at_end(), "{bytes:?}: a step has no more bytes");
        input.extend_from_slice(bytes);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/coordinator");
    let kept = fs::read(path.join(file)).unwrap_or_default();
    let octal: String = input.iter().map(|byte| format!("\\{byte:03o}")).collect();
    assert_eq!(
        kept, input,
        "printf '{octal}' >fuzz/corpus/coordinator/{file}"
    );
}

/// `timeout_action` is WAIT.
const WAITING: [u8; 5] = [0, 1, 1, 0, 0];

/// Two appliers wait, the later one is stopped, then the earlier one. A client of the later group
/// has to wait after its engine's commit, although the newest stop was before its group.
#[test]
fn the_first_of_two_stopped_appliers_is_remembered() {
    is_kept(
        "two-appliers-stop",
        WAITING,
        &[
            (&[2, 3], "Flush { groups: 1 }"),
            (
                &[3, 1, 0],
                "WaitPoint { from_end: 0, shutting_down: false }",
            ),
            (&[2, 3], "Flush { groups: 1 }"),
            (
                &[3, 1, 0],
                "WaitPoint { from_end: 0, shutting_down: false }",
            ),
            (&[6, 0, 0], "StopApplier { nth: 0, shutting_down: false }"),
            (&[6, 1, 0], "StopApplier { nth: 1, shutting_down: false }"),
            (
                &[5, 1, 0, 0],
                "EngineCommit { from_end: 0, applier: false, shutting_down: false }",
            ),
        ],
    );
}
