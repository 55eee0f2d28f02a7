//! The comparison, tested: what was compared first is compared again with lies in a copy of our
//! declarations. Each must be told as a difference, or the comparison is worth nothing.

use std::fs;
use std::path::{Path, PathBuf};

use semisync_live_tests::console::{OrStop, Stop, say};
use semisync_live_tests::{product, repository};

use crate::compare::{Check, Comparison, Server};
use crate::compile;

struct Lie {
    /// What our files say, and what they say then.
    truth: &'static str,
    lie: &'static str,
    /// How the differences that must be told begin.
    told: &'static [&'static str],
}

const LIES: [Lie; 8] = [
    Lie {
        truth: "\n  int (*after_rollback)",
        lie: "\n  int (*invented)(Trans_param *param);\n  int (*after_rollback)",
        told: &[
            "Trans_observer.invented: the server's",
            "Trans_observer.after_rollback: offset",
        ],
    },
    Lie {
        truth: "\n  unsigned int port;",
        lie: "\n  unsigned long port;",
        told: &["Binlog_relay_IO_param.port: size"],
    },
    Lie {
        truth: "(*transmit_stop)(Binlog_transmit_param *param",
        lie: "(*transmit_stop)(Binlog_transmit_param *param, int more",
        told: &["Binlog_transmit_observer.transmit_stop: arguments"],
    },
    Lie {
        truth: "\n} NET;",
        lie: "\n  long lump_at_the_end;\n} NET;",
        told: &["NET: size"],
    },
    Lie {
        truth: "\nstruct typelib {",
        lie: "\nstruct st_invented {\n  int field;\n};\nstruct typelib {",
        told: &["st_invented: the server has no type"],
    },
    Lie {
        truth: "define MYSQL_REPLICATION_PLUGIN 6",
        lie: "define MYSQL_REPLICATION_PLUGIN 7\n#define PLUGIN_VAR_INVENTED 1",
        told: &[
            "MYSQL_REPLICATION_PLUGIN: ours 7",
            "PLUGIN_VAR_INVENTED: the server has nothing called",
        ],
    },
    Lie {
        truth: "VIO_TYPE_SSL = ",
        lie: "VIO_TYPE_SSL = 9 + 0 * ",
        told: &["VIO_TYPE_SSL: ours 9"],
    },
    Lie {
        truth: "c\"register_trans_observer\"",
        lie: "c\"register_trans_observers\"",
        told: &["symbol register_trans_observers: the server does not export it"],
    },
];

pub fn tell(comparison: &Comparison, server: &Server, work: &Path) -> Result<(), Stop> {
    let series = comparison.series.as_str();
    let (headers, sys) = (work.join("lies/mysql-headers"), work.join("lies/src"));
    let mut places = [0; LIES.len()];
    falsify(&repository().join("mysql-headers"), &headers, &mut places)?;
    falsify(&repository().join("src/sys/src"), &sys, &mut places)?;
    let object = work.join("lies.o");
    let ours = compile::ours(series, &headers, object)?;
    let mut check = Check::new(series, &ours);
    check.unknown.clone_from(&comparison.unknown);
    let (words, _) = check.run(&comparison.theirs, server, &comparison.symbols, &sys)?;
    for (lie, places) in LIES.iter().zip(places) {
        if places == 0 {
            return Err(Stop::failed(format!(
                "nothing to falsify: our files lack {:?}",
                lie.truth
            )));
        }
        for difference in lie.told {
            if !words.contains(&format!("DIFFERENT: {difference}")) {
                return Err(Stop::failed(format!(
                    "a falsified declaration of {series} was not noticed: {difference}"
                )));
            }
        }
    }
    let told: usize = LIES.iter().map(|lie| lie.told.len()).sum();
    let name = product(series);
    say(format!(
        "{} lies about {name}: each was told, by {told} differences",
        LIES.len()
    ));
    Ok(())
}

/// Copies a tree with the lies in it; counts the places of each.
fn falsify(from: &Path, to: &PathBuf, places: &mut [usize; LIES.len()]) -> Result<(), Stop> {
    fs::create_dir_all(to).or_stop(to.display())?;
    for entry in fs::read_dir(from).or_stop(from.display())? {
        let path = entry.or_stop(from.display())?.path();
        let copy = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            falsify(&path, &copy, places)?;
            continue;
        }
        let mut text = fs::read_to_string(&path).or_stop(path.display())?;
        for (lie, places) in LIES.iter().zip(places.iter_mut()) {
            *places += text.matches(lie.truth).count();
            text = text.replace(lie.truth, lie.lie);
        }
        fs::write(&copy, text).or_stop(copy.display())?;
    }
    Ok(())
}
