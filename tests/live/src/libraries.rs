//! Which libraries a server gets into its plugin directory, and where they come from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::console::Stop;
use crate::paths::{dist_dir_of, server_dir_of};

/// Which semi-sync libraries lie in the server's plugin directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Libraries {
    Ours,
    /// Ours with failpoints: `SEMISYNC_FAILPOINT` in the server's environment makes a hook panic.
    Failpoints,
    /// Ours built for another series than the server's, as packages have them.
    BuiltFor(&'static str),
    /// Ours of another build, in this directory.
    In(PathBuf),
    /// The C++ plugins that come with the server.
    Stock,
    /// No libraries: a server whose semi-sync is built in, or that gets none.
    None,
}

impl Libraries {
    /// What `SEMISYNC_TEST_LIBS` says: "stock", or ours.
    pub fn under_test() -> Libraries {
        match env::var("SEMISYNC_TEST_LIBS").as_deref() {
            Ok("stock") => Libraries::Stock,
            Ok("ours" | "") | Err(_) => Libraries::Ours,
            Ok(other) => panic!("SEMISYNC_TEST_LIBS is {other:?}, neither \"ours\" nor \"stock\""),
        }
    }

    /// Whether the libraries under test are ours. A test that needs this says so by `needs!`.
    pub fn are_ours() -> bool {
        Libraries::under_test() == Libraries::Ours
    }

    /// The directory of these libraries for a server of `series`.
    fn dir(&self, series: &str) -> Option<PathBuf> {
        match self {
            Libraries::Ours => Some(dist_dir_of(series, "")),
            Libraries::Failpoints => Some(dist_dir_of(series, "-failpoints")),
            Libraries::BuiltFor(other) => Some(dist_dir_of(other, "-portable")),
            Libraries::In(dir) => Some(dir.clone()),
            Libraries::Stock => Some(server_dir_of(series).join("stock")),
            Libraries::None => None,
        }
    }

    /// Copies the libraries: a build that replaces them must not change them under a running
    /// server.
    pub(crate) fn copy_into(&self, target: &Path, series: &str) {
        // Newer servers load this library of their own at every start, and log errors when it is
        // missing.
        let cache = "component_reference_cache.so";
        let _ = fs::copy(
            server_dir_of(series).join("stock").join(cache),
            target.join(cache),
        );
        for library in self.files(series) {
            let name = library.file_name().expect("a library has a name");
            fs::copy(&library, target.join(name))
                .unwrap_or_else(|e| panic!("{}: {e}", library.display()));
        }
    }

    fn files(&self, series: &str) -> Vec<PathBuf> {
        let Some(dir) = self.dir(series) else {
            return Vec::new();
        };
        let all = ["master", "slave", "source", "replica"];
        let paths = all.map(|word| dir.join(format!("semisync_{word}.so")));
        paths.into_iter().filter(|path| path.exists()).collect()
    }

    pub(crate) fn is_there(&self, series: &str) -> bool {
        !self.files(series).is_empty()
    }

    /// A command for people says what is missing, and what makes it.
    pub fn are_built(&self, series: &str) -> Result<(), Stop> {
        match self.missing(series) {
            Some((what, remedy)) => Err(Stop::failed(what).remedy(remedy)),
            None => Ok(()),
        }
    }

    pub(crate) fn assert_built(&self, series: &str) {
        if let Some((what, remedy)) = self.missing(series) {
            panic!("{what}: run {remedy} first");
        }
    }

    /// What is missing, and the command that makes it.
    fn missing(&self, series: &str) -> Option<(String, String)> {
        let dir = self.dir(series).filter(|_| !self.is_there(series))?;
        let command = match self {
            Libraries::Failpoints => "ci/build --failpoints",
            Libraries::Stock => "ci/setup",
            _ => "ci/build",
        };
        Some((
            format!("no libraries in {}", dir.display()),
            format!("{command} {series}"),
        ))
    }
}
