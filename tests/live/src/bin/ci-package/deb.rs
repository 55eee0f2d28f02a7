//! Trying the Debian packages: with Debian's real server of one series, and with stand-ins for all
//! other servers.

use std::path::Path;
use std::process::Command;

use semisync_live_tests::Names;
use semisync_live_tests::console::step;

use crate::checks::{Checks, Content, quietly, refused, same};
use crate::loading;
use crate::root::{Root, SERIES, SERVER_PACKAGE};
use crate::series::{LIBRARIES, Series};
use crate::servers::{ServerPackage, debs_of};
use crate::tarball::{checksum_verifies, unpacked};

const PLUGIN_DIR: &str = "usr/lib/mysql/plugin";

/// Beside the server that is in the system. While a package replaces files by diversion, dpkg 1.23
/// forgets that they are the server's too, until the server is upgraded: afterwards this system is
/// of no use for other trials.
pub fn beside_the_real_server(trial: &Trial<'_>, checks: &mut Checks, wanted: &[Series]) {
    step(format!(
        "The Debian packages, in a clean system with Debian's MySQL {SERIES}"
    ));
    for series in wanted {
        if series.name() == SERIES {
            trial.with_real_server(checks, series);
        } else {
            checks.check(
                &format!("the package for {} is refused there", series.product()),
                || trial.is_refused(series),
            );
        }
    }
}

/// Beside stand-ins for all other servers. The server that is in the system goes first.
pub fn beside_stand_ins(trial: &Trial<'_>, checks: &mut Checks, wanted: &[Series]) {
    step("A clean system");
    checks.check(
        &format!("dpkg --purge {SERVER_PACKAGE}: a system without a server"),
        || {
            let answer = trial.root.purge(SERVER_PACKAGE);
            answer.map(drop)
        },
    );
    for series in wanted {
        step(format!(
            "The Debian package for {}, with stand-ins for servers",
            series.product()
        ));
        checks.check("its checksum verifies", || {
            checksum_verifies(&trial.packages.join(series.deb()))
        });
        checks.check("it has licence, changes and the option file", || {
            trial.has_texts(series)
        });
        for server in debs_of(series) {
            let what = format!(
                "{}: installed, kept through upgrades of both, purged without a trace",
                server.title()
            );
            checks.check(&what, || {
                let result = trial.with_stand_in(series, &server);
                if result.is_err() {
                    // The next check begins anew; that something is not there is no matter.
                    let _ = trial.root.purge(&series.package());
                    let _ = trial.root.purge(server.name);
                }
                result
            });
        }
    }
}

/// The system in which packages are tried, a directory for what is made meanwhile, and where the
/// packages lie.
pub struct Trial<'a> {
    pub root: &'a Root,
    pub work: &'a Path,
    pub packages: &'a Path,
}

impl Trial<'_> {
    fn install(&self, series: &Series) -> Result<String, String> {
        self.root.install(&self.packages.join(series.deb()))
    }

    fn with_real_server(&self, checks: &mut Checks, series: &Series) {
        let plugin_dir = self.root.path(PLUGIN_DIR);
        checks.check("dpkg --install", || self.install(series).map(drop));
        checks.check("the server's plugin directory has ours, all four", || {
            self.ours_are_there(series)
        });
        checks.check("the server's own are kept aside", || {
            series.stock().iter().try_for_each(|library| {
                let own = Root::original(PLUGIN_DIR).join(format!("{library}.so"));
                same(&own, &plugin_dir.join(format!("{library}.so.distrib")))
            })
        });
        checks.check("every file is as dpkg installed it", || {
            self.verifies(series)
        });
        checks.check("dpkg --install once more, as an upgrade does", || {
            self.install(series).map(drop)
        });
        checks.check("ours are still there", || self.ours_are_there(series));
        for names in Names::BOTH {
            let what = format!(
                "two servers with the libraries of that directory are semi-sync as {} and {}",
                names.source(),
                names.replica()
            );
            checks.check(&what, || loading::replicates(series, &plugin_dir, names));
        }
        checks.check("dpkg --purge", || {
            self.root.purge(&series.package()).map(drop)
        });
        checks.check("the plugin directory is as it was before", || {
            Content::of(&Root::original(PLUGIN_DIR), "")?.is_that_of(&plugin_dir)
        });
        checks.check("no diversion is left", || self.no_diversion());
    }

    /// A server of another series: nothing may change.
    fn is_refused(&self, series: &Series) -> Result<(), String> {
        let plugin_dir = self.root.path(PLUGIN_DIR);
        let before = Content::of(&plugin_dir, "")?;
        let why = match series.name().starts_with("mariadb-") {
            true => "depends on mariadb-server",
            false => "would break",
        };
        let answer = self.install(series);
        // dpkg has unpacked a package that lacks another one; apt would not have.
        self.root.purge(&series.package())?;
        refused(answer, why)?;
        before.is_that_of(&plugin_dir)?;
        self.no_diversion()
    }

    fn with_stand_in(&self, series: &Series, server: &ServerPackage) -> Result<(), String> {
        let plugin_dir = self.root.path(PLUGIN_DIR);
        let stand_ins = self.work.join("debs");
        self.root.install(&server.deb(1, &stand_ins)?)?;
        self.install(series)?;
        self.ours_are_there(series)?;
        self.verifies(series)?;
        // The server is upgraded, then ours.
        let newer = server.deb(2, &stand_ins)?;
        self.root.install(&newer)?;
        self.ours_are_there(series)?;
        self.install(series)?;
        self.ours_are_there(series)?;
        self.root.purge(&series.package())?;
        let stock = server.deb_stock(2, &stand_ins);
        Content::of(&stock, "semisync")?.is_that_of(&plugin_dir)?;
        self.no_diversion()?;
        self.root.purge(server.name).map(drop)
    }

    fn ours_are_there(&self, series: &Series) -> Result<(), String> {
        LIBRARIES.iter().try_for_each(|library| {
            let name = format!("{library}.so");
            let ours = unpacked(series, self.work).join("lib").join(&name);
            same(&ours, &self.root.path(PLUGIN_DIR).join(&name))
        })
    }

    fn verifies(&self, series: &Series) -> Result<(), String> {
        // What differs is listed, and is no failure for dpkg.
        let differs = self.root.run("dpkg", &["--verify", &series.package()])?;
        if differs.is_empty() {
            Ok(())
        } else {
            Err(differs)
        }
    }

    fn no_diversion(&self) -> Result<(), String> {
        let all = self.root.run("dpkg-divert", &["--list"])?;
        match all.lines().find(|line| line.contains("semisync")) {
            Some(left) => Err(left.to_owned()),
            None => Ok(()),
        }
    }

    fn has_texts(&self, series: &Series) -> Result<(), String> {
        let mut dpkg_deb = Command::new("dpkg-deb");
        dpkg_deb
            .arg("--contents")
            .arg(self.packages.join(series.deb()));
        let listed = quietly(&mut dpkg_deb)?;
        for text in ["copyright", "changelog.gz", "examples/semisync.cnf"] {
            let path = format!("./usr/share/doc/{}/{text}", series.package());
            if !listed.lines().any(|line| line.ends_with(&path)) {
                return Err(format!("no {path} in it:\n{listed}"));
            }
        }
        Ok(())
    }
}
