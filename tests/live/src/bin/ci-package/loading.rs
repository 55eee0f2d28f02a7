//! Libraries in real servers: as a tarball has them, and as a package has installed them.

use std::fs;
use std::path::Path;

use semisync_live_tests::{Libraries, Names, Server, ServerConfig, Topology, servers_dir};

use crate::series::Series;

/// The version of the server that ci/setup has made for a series, such as 9.7.4. None: there is
/// none.
pub fn server_version(series: &Series) -> Option<String> {
    let file = servers_dir().join(series.name()).join("version");
    let version = fs::read_to_string(file).ok()?;
    Some(version.trim().to_owned())
}

/// A server takes its plugins from `dir` itself, not from a copy.
fn from(config: ServerConfig, series: &Series, dir: &Path) -> ServerConfig {
    config
        .series(series.name())
        .libraries(Libraries::None)
        .option(&format!("plugin-dir={}", dir.display()))
}

/// A server with the example option file as it is and the libraries as they are. `top`: an unpacked
/// tarball.
pub fn starts_as_shipped(series: &Series, top: &Path) -> Result<(), String> {
    let names = series.names();
    let option_file = top.join("semisync.cnf");
    let config = ServerConfig::new(1, names).option(&format!("!include {}", option_file.display()));
    let server = Server::start(from(config, series, &top.join("lib")));
    let active = server.rows(
        "SELECT PLUGIN_LIBRARY FROM information_schema.PLUGINS \
         WHERE PLUGIN_NAME LIKE 'rpl_semi%' AND PLUGIN_STATUS = 'ACTIVE'",
    );
    let mut active: Vec<String> = active.concat();
    active.sort();
    let mut expected = vec![names.source_library(), names.replica_library()];
    expected.sort();
    if active != expected {
        return Err(format!("active are {active:?}, not {expected:?}"));
    }
    let text = fs::read_to_string(&option_file).map_err(|error| error.to_string())?;
    let mut options = 0;
    for line in text.lines().filter(|line| line.starts_with("rpl_semi")) {
        let (name, value) = line.split_once('=').ok_or(line)?;
        let (name, value) = (name.trim(), value.trim());
        let found = server.variable(name);
        if found != value && (found.as_str(), value) != ("1", "ON") {
            return Err(format!("{name} is {found:?}, not {value:?}"));
        }
        options += 1;
    }
    if options < 4 {
        return Err(format!("only {options} options are set in the file"));
    }
    // The other vocabulary too: never beside the first.
    server.execute(&format!("UNINSTALL PLUGIN {}", names.source_plugin()));
    server.execute(&format!("UNINSTALL PLUGIN {}", names.replica_plugin()));
    // An option file that names a library without a plugin loads the operator's plugins too, and
    // these are for the main plugins of their own library.
    for operator in ["semisync_source", "semisync_replica"] {
        if server.has_plugin(operator) {
            server.execute(&format!("UNINSTALL PLUGIN {operator}"));
        }
    }
    server.execute(&names.other().install_source());
    server.execute(&names.other().install_replica());
    Ok(())
}

/// A source and a replica with the libraries in `plugin_dir`: a commit waits for its
/// acknowledgement and gets it.
pub fn replicates(series: &Series, plugin_dir: &Path, names: Names) -> Result<(), String> {
    let pair = Topology::new(names)
        .configure_source(|config| from(config, series, plugin_dir))
        .configure_replica(|config| from(config, series, plugin_dir))
        .set("timeout", "60000")
        .start();
    pair.replica().wait_replica_status("ON");
    pair.source.insert(1);
    let (yes, no) = (pair.source.counter("yes_tx"), pair.source.counter("no_tx"));
    if (yes, no) != (1, 0) {
        return Err(format!(
            "acknowledged: {yes} commits, not acknowledged: {no}; one was made"
        ));
    }
    pair.replica().assert_same_rows(&pair.source);
    Ok(())
}
