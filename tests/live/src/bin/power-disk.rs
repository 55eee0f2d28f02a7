//! Serves the file system of a machine that can lose its power, for the suite `power_loss`
//! (`src/power.rs` says how). The argument is the directory to mount it at.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(place) = std::env::args().nth(1) else {
        eprintln!("usage: power-disk DIRECTORY");
        return ExitCode::from(2);
    };
    match semisync_live_tests::power::serve(Path::new(&place)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("power-disk: {place}: {error}");
            ExitCode::FAILURE
        }
    }
}
