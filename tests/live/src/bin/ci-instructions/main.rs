//! The program behind `ci/instructions`: how many instructions each hook of the libraries takes,
//! compared with what it took before.
//!
//! | file | owns |
//! |---|---|
//! | `main.rs` | what is asked for, and the verdict |
//! | `host.rs` | the host of a library, built and run under callgrind |
//! | `callgrind.rs` | what callgrind wrote, read |
//! | `figures.rs` | the figures that are kept, and what is compared with them |
//!
//! Instructions do not depend on the machine's mood, but for those of two threads that meet: how
//! they meet is up to chance, and a meeting only adds. So of several runs the least counts. A hook
//! that has become slower is seen although no clock could show it.

mod callgrind;
mod figures;
mod host;

use std::path::PathBuf;
use std::process::ExitCode;

use semisync_live_tests::console::{OrStop, Program, Stop, say, step};
use semisync_live_tests::{dist_dir_of, repository};

use figures::{Figures, TOLERANCE};

/// The host stands in for this series alone.
const SERIES: &str = "9.7";
const RUNS: usize = 5;
const KEPT: &str = "tests/instructions/figures.txt";

fn usage() -> String {
    format!(
        "\
usage: ci/instructions [--help] [--accept]

Counts the instructions of each hook, by valgrind: tests/instructions/host.c stands in for a server
of MySQL {SERIES} and calls the hooks of the libraries in $SEMISYNC_DIST (default dist/), which
ci/build makes. The least of {RUNS} runs counts. Compares the counts with
{KEPT}, and fails if one is more than {TOLERANCE} % above.
  --accept   writes the counts into {KEPT} instead"
    )
}

fn main() -> ExitCode {
    let program = Program {
        name: "ci/instructions",
        usage: usage(),
    };
    program.run(|arguments| {
        let accept = match arguments.as_slice() {
            [] => false,
            [option] if option == "--accept" => true,
            [other, ..] => return Err(Stop::misused(format!("unknown option '{other}'"))),
        };
        count(accept)
    })
}

fn count(accept: bool) -> Result<String, Stop> {
    step("Instructions of each hook");
    let host = host::build(SERIES)?;
    let mut now = Figures::default();
    for side in ["source", "replica"] {
        let library = library(side)?;
        for _ in 0..RUNS {
            let written = host.run(side, &library)?;
            now.add(side, &callgrind::counts(&written));
        }
    }
    let kept = repository().join(KEPT);
    if accept {
        std::fs::write(&kept, now.to_string()).or_stop(kept.display())?;
        print!("{now}");
        return Ok(format!("{KEPT} has these figures now"));
    }
    let text = std::fs::read_to_string(&kept).or_stop(kept.display())?;
    let kept = Figures::parse(&text).or_stop(KEPT)?;
    let compared = kept.compare(&now);
    for line in &compared.lines {
        say(line);
    }
    if compared.worse.is_empty() {
        return Ok("no hook takes clearly more instructions than before".to_owned());
    }
    Err(Stop::failed(compared.worse.join("; ")).remedy(format!(
        "find out what has become slower. If it must be so, say why in the commit, and keep the \
         new figures: ci/instructions --accept writes them into {KEPT}"
    )))
}

fn library(side: &str) -> Result<PathBuf, Stop> {
    let library = dist_dir_of(SERIES, "").join(format!("semisync_{side}.so"));
    if library.exists() {
        return Ok(library);
    }
    Err(Stop::failed(format!("there is no {}", library.display()))
        .remedy(format!("build it: ci/build {SERIES}")))
}
