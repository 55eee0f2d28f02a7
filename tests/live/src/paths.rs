//! Where servers and libraries are found: the same places, by the same variables, as the scripts in
//! `ci/` use.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The series of this run. A test can add servers of others.
pub fn series() -> String {
    env::var("MYSQL_SERIES").unwrap_or_else(|_| "9.7".to_owned())
}

/// The root of the source tree that this program was compiled in.
pub fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// Where cargo builds, and where programs leave logs and reports.
pub fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

/// The series that libraries can be built for: those with declarations in `mysql-headers/`, in the
/// order of their names.
pub fn known_series() -> Vec<String> {
    let dir = repository().join("mysql-headers");
    let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let dirs = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = dirs
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What people call the servers of a series: "MySQL 9.7", "MariaDB 10.11".
pub fn product(series: &str) -> String {
    match series.strip_prefix("mariadb-") {
        Some(number) => format!("MariaDB {number}"),
        None => format!("MySQL {series}"),
    }
}

/// Where the server directories are.
pub fn servers_dir() -> PathBuf {
    match env::var_os("SEMISYNC_SERVERS") {
        Some(dir) => PathBuf::from(dir),
        None => {
            let home = env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
            home.join(".cache/semisync/servers")
        }
    }
}

/// The server directory of a series made by `ci/setup`: `bin/`, `data/`, `stock/`, `version`.
pub fn server_dir_of(series: &str) -> PathBuf {
    let dir = servers_dir().join(series);
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
        None => repository().join("dist"),
    };
    dist.join(format!("{series}{flavour}"))
}

/// Where the servers of this run live: in memory if there is such a place, unless
/// `SEMISYNC_TEST_DIR` names another.
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

/// Where servers live that are to be on a disk.
pub fn disk_root() -> PathBuf {
    target_dir().join("servers")
}
