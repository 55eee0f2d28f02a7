//! What a test asks of a server before it starts. Options stand in a my.cnf, as a user writes them;
//! arguments stand on the command line.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dialect::Dialect;
use crate::libraries::Libraries;
use crate::names::Names;

/// A day, for the variable `timeout`. No test sees its end: something else releases the commit that
/// waits, or the test fails.
pub const A_DAY_MS: &str = "86400000";

#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub(crate) label: String,
    pub(crate) dialect: Dialect,
    pub(crate) server_id: u32,
    pub(crate) names: Names,
    pub(crate) libraries: Libraries,
    pub(crate) options: Vec<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) under: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) to_stay: bool,
    pub(crate) on_disk: bool,
    pub(crate) roomy: bool,
    pub(crate) data_in: Option<PathBuf>,
    pub(crate) namespaces: Vec<Arc<OwnedFd>>,
}

impl ServerConfig {
    /// A server with the libraries under test in its plugin directory, none of them loaded.
    pub fn new(server_id: u32, names: Names) -> ServerConfig {
        ServerConfig {
            label: format!("server {server_id}"),
            dialect: Dialect::of_run(),
            server_id,
            names,
            libraries: Libraries::under_test(),
            options: Vec::new(),
            arguments: Vec::new(),
            under: Vec::new(),
            environment: Vec::new(),
            to_stay: false,
            on_disk: false,
            roomy: false,
            data_in: None,
            namespaces: Vec::new(),
        }
    }

    /// A server of another series than this run's.
    pub fn series(mut self, series: &str) -> ServerConfig {
        self.dialect = Dialect::of(series);
        self
    }

    /// Loads the source's plugin at start, enabled.
    pub fn as_source(self) -> ServerConfig {
        let names = self.names;
        self.option(&format!("plugin-load-add={}", names.source_library()))
            .option(&format!("{}=1", names.source_var("enabled")))
    }

    /// Loads the replica's plugin at start, enabled.
    pub fn as_replica(self) -> ServerConfig {
        let names = self.names;
        self.option(&format!("plugin-load-add={}", names.replica_library()))
            .option(&format!("{}=1", names.replica_var("enabled")))
    }

    pub fn libraries(mut self, libraries: Libraries) -> ServerConfig {
        self.libraries = libraries;
        self
    }

    pub fn label(mut self, label: &str) -> ServerConfig {
        self.label = label.to_owned();
        self
    }

    /// One line of my.cnf's `[mysqld]` section; a later one wins, also over the harness's own.
    pub fn option(mut self, line: &str) -> ServerConfig {
        self.options.push(line.to_owned());
        self
    }

    /// The server takes rows of up to `megabytes`, each an event of its own.
    pub fn big_rows(self, megabytes: usize) -> ServerConfig {
        let limits = self.dialect.limits_rows_by_redo_log();
        let config = self.option("max-allowed-packet=64M");
        if limits {
            return config.option(&format!("innodb-log-file-size={}M", 6 * megabytes));
        }
        config
    }

    /// Drops the lines that begin with `prefix`, for a restart without them.
    pub fn without_option(mut self, prefix: &str) -> ServerConfig {
        self.options.retain(|line| !line.starts_with(prefix));
        self
    }

    /// One argument of the command line.
    pub fn arg(mut self, argument: &str) -> ServerConfig {
        self.arguments.push(argument.to_owned());
        self
    }

    /// The server runs under this program, which slows it down: a checker and the checker's own
    /// arguments.
    pub fn under(mut self, words: Vec<String>) -> ServerConfig {
        self.under = words;
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> ServerConfig {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A server that goes on running when this process ends; its directory is left to it.
    pub fn to_stay(mut self) -> ServerConfig {
        self.to_stay = true;
        self
    }

    /// A server whose directory is on a disk, not in memory: for what a sync costs.
    pub fn on_disk(mut self) -> ServerConfig {
        self.on_disk = true;
        self
    }

    /// A server for measuring, with more room than a quick start leaves.
    pub fn roomy(mut self) -> ServerConfig {
        self.roomy = true;
        self
    }

    /// A server whose data directory lies in this directory, and the rest of it elsewhere.
    pub fn data_in(mut self, place: &Path) -> ServerConfig {
        self.data_in = Some(place.to_owned());
        self
    }

    /// A server in namespaces of the kernel that somebody has made: a network or mounts of its own.
    /// Its socket is a file, so that everybody reaches the server through that.
    pub fn inside(mut self, namespaces: &[Arc<OwnedFd>]) -> ServerConfig {
        self.namespaces = namespaces.to_vec();
        self
    }

    /// The my.cnf of a server that lives in `dir`.
    pub(crate) fn my_cnf(&self, dir: &Path, port: u16) -> String {
        let dir = dir.display();
        let server_id = self.server_id;
        let of_series = self.dialect.options_of_series(&format!("{dir}/data"));
        let of_series = of_series.join("\n");
        let sizes = self.dialect.sizes(self.roomy).join("\n");
        let own = self.dialect.spell_options(&self.options);
        format!(
            "[mysqld]\n\
             user=root\n\
             datadir={dir}/data\n\
             tmpdir={dir}/data\n\
             socket={dir}/mysql.sock\n\
             pid-file={dir}/mysqld.pid\n\
             log-error={dir}/error.log\n\
             plugin-dir={dir}/plugin\n\
             port={port}\n\
             bind-address=127.0.0.1\n\
             skip-name-resolve\n\
             secure-file-priv=\n\
             server-id={server_id}\n\
             log-bin=binlog\n\
             relay-log=relay\n\
             # its thread would make every shutdown of a source with replicas take ten seconds\n\
             event-scheduler=OFF\n\
             # quick, yet a killed server loses nothing: the system has it\n\
             sync-binlog=0\n\
             innodb-flush-log-at-trx-commit=2\n\
             \n\
             # of this series\n\
             {of_series}\n\
             \n\
             # small and quick to start, unless it is measured\n\
             {sizes}\n\
             \n\
             # what this test asks for\n\
             {own}\n"
        )
    }
}
