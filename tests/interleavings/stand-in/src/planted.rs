//! Bugs on purpose. `planted/*.patch` puts them into a copy of the code, each behind its name.

use std::sync::OnceLock;

static PLANTED: OnceLock<String> = OnceLock::new();

/// Has this process run with the bug `name`. Once, before anything runs.
pub fn plant(name: &str) {
    let _ = PLANTED.set(name.to_owned());
}

/// Whether the bug `name` is to be there.
pub fn planted(name: &str) -> bool {
    PLANTED.get().is_some_and(|planted| planted == name)
}
