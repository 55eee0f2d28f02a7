//! A source and three replicas in networks of their own: `ci/chaos` in a short form.
//!
//! The choices are those of one seed, so that a run does not depend on luck more than its timing
//! does. How many rounds there are in five minutes is up to the machine, and nothing is claimed of
//! it. The long runs throw others (docs/trust.md).

use std::process::Command;

use semisync_live_tests::{Dialect, needs};

/// Runs the program, whose output is that of the test. It must end well.
fn chaos(arguments: &[&str]) {
    let program = env!("CARGO_BIN_EXE_ci-chaos");
    let status = Command::new(program)
        .args(["--seed", "11"])
        .args(arguments)
        .status()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(status.success(), "ci/chaos {arguments:?}: {status}");
}

#[test]
fn planted_faults_are_found() {
    chaos(&["--self-test"]);
}

#[test]
fn no_confirmed_commit_is_lost_whatever_goes_wrong() {
    chaos(&["--minutes", "5"]);
}

#[test]
fn no_client_sees_what_is_lost() {
    needs!(
        Dialect::of_run().has_wait_point(),
        "AFTER_COMMIT alone shows what is not confirmed"
    );
    chaos(&["clients", "--rounds", "3"]);
}
