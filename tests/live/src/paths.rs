//! Where servers and libraries are found: the same places, by the same variables, as the scripts in `ci/` use.

use std::env;
use std::path::{Path, PathBuf};

/// The series of this run. A test can add servers of others.
pub fn series() -> String {
    env::var("MYSQL_SERIES").unwrap_or_else(|_| "9.7".to_owned())
}

/// The server directory of a series made by `ci/setup`: `bin/`, `data/`, `stock/`, `version`.
pub fn server_dir_of(series: &str) -> PathBuf {
    let servers = match env::var_os("SEMISYNC_SERVERS") {
        Some(dir) => PathBuf::from(dir),
        None => {
            let home = env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
            home.join(".cache/semisync/servers")
        }
    };
    let dir = servers.join(series);
    assert!(
        dir.join("bin/mysqld").exists(),
        "no server in {}: run ci/setup {series}, or set SEMISYNC_SERVERS",
        dir.display()
    );
    dir
}

/// The directory of the libraries built for a series; `flavour` is "" or "-failpoints".
pub fn dist_dir_of(series: &str, flavour: &str) -> PathBuf {
    let dist = match env::var_os("SEMISYNC_DIST") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist"),
    };
    dist.join(format!("{series}{flavour}"))
}

/// Where the servers of this run live: in memory if there is such a place, unless `SEMISYNC_TEST_DIR` names another.
pub fn scratch_root() -> PathBuf {
    if let Some(dir) = env::var_os("SEMISYNC_TEST_DIR") {
        return PathBuf::from(dir);
    }
    let shm = Path::new("/dev/shm");
    if shm.is_dir() {
        shm.to_owned()
    } else {
        env::temp_dir()
    }
}
