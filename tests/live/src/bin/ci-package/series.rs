//! What differs from series to series: how files are called, and which words the texts have.

use semisync_live_tests::{Names, product};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
pub const LIBRARIES: [&str; 4] = [
    "semisync_master",
    "semisync_slave",
    "semisync_source",
    "semisync_replica",
];

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Series {
    name: String,
    mariadb: bool,
    version: (u32, u32),
}

impl Series {
    /// One of those that libraries can be built for.
    pub fn new(name: &str) -> Series {
        let number = name.strip_prefix("mariadb-").unwrap_or(name);
        let (major, minor) = number.split_once('.').expect("a series has two numbers");
        let number_of = |text: &str| text.parse().expect("a number of a series");
        Series {
            name: name.to_owned(),
            mariadb: number != name,
            version: (number_of(major), number_of(minor)),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// "10.1".
    pub fn number(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    pub fn product(&self) -> String {
        product(&self.name)
    }

    // --- files ---

    /// The directory in the tarball, and the tarball without its ending.
    pub fn tarball(&self) -> String {
        format!("semisync-{VERSION}-{}-linux-x86_64", self.name)
    }

    /// What the Debian and the RPM package are called.
    pub fn package(&self) -> String {
        let maker = if self.mariadb { "mariadb" } else { "mysql" };
        format!("{maker}-plugin-semisync-{}", self.number())
    }

    pub fn deb(&self) -> String {
        format!("{}_{VERSION}_amd64.deb", self.package())
    }

    pub fn rpm(&self) -> String {
        format!("{}-{VERSION}-1.x86_64.rpm", self.package())
    }

    /// What an RPM package requires of a server. All of MySQL's provide `mysql-server` with their
    /// version. MariaDB's do too, but some with an epoch, so that no version can be asked for.
    pub fn rpm_server(&self) -> String {
        let (major, minor) = self.version;
        if self.mariadb {
            return "mysql-server".to_owned();
        }
        let next = minor + 1;
        format!("mysql-server >= {major}.{minor}, mysql-server < {major}.{next}")
    }

    // --- words ---

    /// The vocabulary of the series' own manual.
    pub fn names(&self) -> Names {
        if self.mariadb || self.version <= (8, 0) {
            Names::Old
        } else {
            Names::New
        }
    }

    /// The libraries that come with the server.
    pub fn stock(&self) -> &'static [&'static str] {
        let [_, _, new @ ..] = &LIBRARIES;
        match (self.mariadb, self.version) {
            (false, (9.., _)) => new,
            (false, (8, _)) => &LIBRARIES,
            _ => &LIBRARIES[..2],
        }
    }

    /// The tags of those lines of the option file whose variables the series does not have.
    fn lacks(&self) -> &'static [&'static str] {
        match (self.mariadb, self.version) {
            (true, (5, _)) => &["wait-point", "wait-count"],
            (true, _) => &["wait-count"],
            (false, (5, 6)) => &["wait-point"],
            _ => &[],
        }
    }

    /// A template with its `@words@` replaced and its lines `#[tag]...` kept or left out. `glibc`
    /// is what the libraries need.
    pub fn fill_in(&self, template: &str, glibc: &str) -> String {
        let (source, replica) = (self.names().source(), self.names().replica());
        let mut text = String::new();
        for line in template.lines() {
            let (tag, line) = match line
                .strip_prefix("#[")
                .and_then(|rest| rest.split_once(']'))
            {
                Some((tag, rest)) => (tag, rest),
                None => ("", line),
            };
            if !self.lacks().contains(&tag) {
                text.push_str(line);
                text.push('\n');
            }
        }
        let thread = if self.names() == Names::Old {
            "SLAVE"
        } else {
            "REPLICA"
        };
        text.replace("@source@", source)
            .replace("@replica@", replica)
            .replace("@THREAD@", thread)
            .replace("@SERVER@", &self.product())
            .replace("@SERIES@", &self.name)
            .replace("@VERSION@", VERSION)
            .replace("@GLIBC@", glibc)
    }
}
