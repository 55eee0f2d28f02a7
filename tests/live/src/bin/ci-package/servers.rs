//! The packages that have a server in them, under their makers' names, and stand-ins for them:
//! packages with that name and version, and with the server's own semi-sync libraries where that
//! package has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checks::quietly;
use crate::series::Series;

/// Maker, package, and the series that the package has had under this name.
type Known = (&'static str, &'static str, &'static [&'static str]);

/// All of them have the plugins in /usr/lib/mysql/plugin.
const DEBS: [Known; 12] = [
    ("Oracle", "mysql-community-server", &["5.6", "5.7"]),
    (
        "Oracle",
        "mysql-community-server-core",
        &["8.0", "8.4", "9.7"],
    ),
    ("Ubuntu", "mysql-server-core-5.6", &["5.6"]),
    ("Ubuntu", "mysql-server-core-5.7", &["5.7"]),
    ("Ubuntu", "mysql-server-core-8.0", &["8.0"]),
    ("Ubuntu", "mysql-server-core-8.4", &["8.4"]),
    ("Debian", "mysql-server-core", &["8.4", "9.7"]),
    ("Percona", "percona-server-server-5.6", &["5.6"]),
    ("Percona", "percona-server-server-5.7", &["5.7"]),
    ("Percona", "percona-server-server", &["8.0", "8.4", "9.7"]),
    ("MariaDB", "mariadb-server-10.1", &["mariadb-10.1"]),
    ("MariaDB", "mariadb-server-5.5", &["mariadb-5.5"]),
];

/// All of them have the plugins in /usr/lib64/mysql/plugin.
const RPMS: [Known; 6] = [
    (
        "Oracle",
        "mysql-community-server",
        &["5.6", "5.7", "8.0", "8.4", "9.7"],
    ),
    ("Percona", "Percona-Server-server-56", &["5.6"]),
    ("Percona", "Percona-Server-server-57", &["5.7"]),
    ("Percona", "percona-server-server", &["8.0", "8.4", "9.7"]),
    ("Red Hat", "mysql-server", &["8.0", "8.4"]),
    (
        "MariaDB",
        "MariaDB-server",
        &["mariadb-5.5", "mariadb-10.1"],
    ),
];

pub struct ServerPackage {
    pub maker: &'static str,
    pub name: &'static str,
    pub series: Series,
}

pub fn debs_of(series: &Series) -> Vec<ServerPackage> {
    of(&DEBS, series)
}

pub fn rpms_of(series: &Series) -> Vec<ServerPackage> {
    of(&RPMS, series)
}

fn of(all: &[Known], series: &Series) -> Vec<ServerPackage> {
    let known = all.iter().filter(|(_, _, of)| of.contains(&series.name()));
    let package = |(maker, name, _): &Known| ServerPackage {
        maker,
        name,
        series: series.clone(),
    };
    known.map(package).collect()
}

impl ServerPackage {
    /// "Percona's percona-server-server 8.0".
    pub fn title(&self) -> String {
        format!("{}'s {} {}", self.maker, self.name, self.series.number())
    }

    /// What a stand-in has for a library.
    pub fn stock_text(&self, library: &str, release: u32) -> String {
        format!("{library} of {}, release {release}\n", self.title())
    }

    /// Lays the server's own libraries of a release into `dir`. Each release has other bytes.
    fn write_stock(&self, release: u32, dir: &Path) -> Result<(), String> {
        let failed = |error| format!("{}: {error}", dir.display());
        fs::create_dir_all(dir).map_err(failed)?;
        for library in self.series.stock() {
            let text = self.stock_text(library, release);
            fs::write(dir.join(format!("{library}.so")), text).map_err(failed)?;
        }
        Ok(())
    }

    fn version(&self, release: u32) -> String {
        format!("{}.{release}", self.series.number())
    }

    fn deb_top(&self, release: u32, work: &Path) -> PathBuf {
        work.join(format!("{}-{}-top", self.name, self.version(release)))
    }

    /// Where the libraries of a release are that `deb` packs.
    pub fn deb_stock(&self, release: u32, work: &Path) -> PathBuf {
        self.deb_top(release, work).join("usr/lib/mysql/plugin")
    }

    /// Makes the stand-in of a release in `work`.
    pub fn deb(&self, release: u32, work: &Path) -> Result<PathBuf, String> {
        let top = self.deb_top(release, work);
        self.write_stock(release, &self.deb_stock(release, work))?;
        let control = format!(
            "Package: {}\nVersion: {}-1\nArchitecture: amd64\n\
             Maintainer: Nobody <nobody@localhost>\nDescription: a stand-in for a server\n",
            self.name,
            self.version(release)
        );
        write(&top.join("DEBIAN/control"), &control)?;
        let deb = PathBuf::from(format!("{}.deb", top.display()));
        let mut dpkg_deb = Command::new("dpkg-deb");
        dpkg_deb.args(["--root-owner-group", "-Znone", "--build"]);
        quietly(dpkg_deb.args([&top, &deb]))?;
        Ok(deb)
    }

    /// Where the libraries of a release are that `rpm` packs.
    pub fn rpm_stock(&self, release: u32, work: &Path) -> PathBuf {
        work.join(format!("{}-{}-stock", self.name, self.version(release)))
    }

    /// Makes the stand-in of a release in `work`.
    pub fn rpm(&self, release: u32, work: &Path) -> Result<PathBuf, String> {
        let stock = self.rpm_stock(release, work);
        self.write_stock(release, &stock)?;
        // Of MySQL's and MariaDB's servers this is provided by each.
        let provides = format!("Provides: mysql-server = {}\n", self.version(release));
        let files = format!(
            "%install\ninstall -d %{{buildroot}}/usr/lib64/mysql/plugin\n\
             install -m 755 {}/*.so %{{buildroot}}/usr/lib64/mysql/plugin/\n\
             %files\n/usr/lib64/mysql/plugin/*.so\n",
            stock.display()
        );
        build_rpm(work, self.name, &self.version(release), &provides, &files)
    }
}

/// Makes a package that has no more in it than a test needs.
pub fn build_rpm(
    work: &Path,
    name: &str,
    version: &str,
    provides: &str,
    files: &str,
) -> Result<PathBuf, String> {
    let spec = work.join(format!("{name}-{version}.spec"));
    let text = format!(
        "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: a stand-in\nLicense: none\n\
         {provides}%global debug_package %{{nil}}\n%global __os_install_post %{{nil}}\n\
         %description\nA stand-in.\n{files}"
    );
    write(&spec, &text)?;
    let file = format!("{name}-{version}.rpm");
    let mut rpmbuild = Command::new("rpmbuild");
    rpmbuild.args(["-bb", "--quiet", "--target", "x86_64"]);
    rpmbuild.arg(format!(
        "--define=_topdir {}",
        work.join("rpmbuild").display()
    ));
    rpmbuild.arg(format!("--define=_rpmdir {}", work.display()));
    rpmbuild.arg(format!("--define=_rpmfilename {file}"));
    quietly(rpmbuild.env("HOME", work).arg(&spec))?;
    Ok(work.join(file))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", file.display());
    let dir = file.parent().expect("a file lies in a directory");
    fs::create_dir_all(dir).map_err(failed)?;
    fs::write(file, text).map_err(failed)
}
