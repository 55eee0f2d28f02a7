//! What the bench needs: the server and the libraries of this run's series.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use semisync_live_tests::console::{Output, Stop, run};
use semisync_live_tests::{Dialect, dist_dir_of, repository};

/// Downloading and building, on a slow machine too.
const SETTING_UP: Duration = Duration::from_secs(3600);

/// Gets the server and builds the libraries, where they are missing.
pub fn make() -> Result<(), Stop> {
    let series = Dialect::of_run().series().to_owned();
    let script = |name: &str, what_it_says: &str| {
        let mut command = Command::new(repository().join("ci").join(name));
        let ended = run(command.arg(&series), SETTING_UP, Output::Shown)?;
        let failed = ended.or_failed(format!("ci/{name} did not end well"));
        failed.map_err(|stop| stop.remedy(format!("read above {what_it_says}")))
    };
    script("setup", "what is missing")?;
    if !has_libraries(&dist_dir_of(&series, "")) {
        script("build", "what is wrong")?;
    }
    Ok(())
}

/// Whether libraries lie in this directory itself.
pub fn has_libraries(dir: &Path) -> bool {
    dir.join("semisync_source.so").exists()
}
