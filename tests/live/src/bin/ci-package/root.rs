//! A clean Debian system in a directory: a copy of the one in which ci/setup has installed a real
//! server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::console::Stop;
use semisync_live_tests::server_dir_of;

use crate::checks::quietly;

/// The server in the system.
pub const SERIES: &str = "9.7";
pub const SERVER_PACKAGE: &str = "mysql-server-core";

pub struct Root {
    dir: PathBuf,
}

impl Root {
    /// Copies the system to `dir`.
    pub fn copy_to(dir: PathBuf) -> Result<Root, Stop> {
        let id = quietly(Command::new("id").arg("-u")).map_err(Stop::failed)?;
        if id.trim() != "0" {
            let reason = "only root can install a package in a system of its own (chroot)";
            return Err(Stop::failed(reason).remedy("run ci/package --test as root"));
        }
        let original = server_dir_of(SERIES).join("root");
        let mut cp = Command::new("cp");
        cp.args(["-a", "--reflink=auto"]).args([&original, &dir]);
        quietly(&mut cp).map_err(Stop::failed)?;
        Ok(Root { dir })
    }

    /// The system that was copied.
    pub fn original(inside: &str) -> PathBuf {
        server_dir_of(SERIES).join("root").join(inside)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.dir.join(inside)
    }

    /// Runs a program in the system: it sees nothing else.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut chroot = Command::new("chroot");
        chroot.arg(&self.dir).args(["/usr/bin/env", "-i"]);
        chroot.args(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]);
        chroot.args(["DEBIAN_FRONTEND=noninteractive", program]);
        quietly(chroot.args(arguments))
    }

    /// `dpkg --install` for a package from outside.
    pub fn install(&self, deb: &Path) -> Result<String, String> {
        let name = "tmp/package.deb";
        fs::copy(deb, self.path(name)).map_err(|error| format!("{}: {error}", deb.display()))?;
        // A system that is thrown away need not survive a power cut.
        self.run(
            "dpkg",
            &["--force-unsafe-io", "--install", &format!("/{name}")],
        )
    }

    pub fn purge(&self, package: &str) -> Result<String, String> {
        self.run("dpkg", &["--force-unsafe-io", "--purge", package])
    }
}
