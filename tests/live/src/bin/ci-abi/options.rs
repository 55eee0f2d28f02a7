//! The command line of `ci/abi`.

use std::path::PathBuf;

use semisync_live_tests::console::Stop;
use semisync_live_tests::known_series;

use crate::compare::Server;

/// Of these, ci/setup gets a server that shows its side.
const BY_DEFAULT: [&str; 2] = ["9.7", "5.6"];

pub const USAGE: &str = "\
usage: ci/abi [--help] [SERIES...]
       ci/abi --mysqld FILE [--source DIR [--build DIR]] [--messages FILES] SERIES

Compares the declarations of each SERIES (default: 9.7 5.6) with the real thing:
  9.7   with the server's own headers, out of Debian's package mysql-source (the release of the
        server directory; fetched once into $SEMISYNC_SERVERS/9.7-source), and with the symbols of
        the server's mysqld
  5.6   with the debug information and the symbols of the official mysqld
For one series of any other server that you have:
  --mysqld FILE    a mysqld, up to 5.7 and of MariaDB with debug information
  --source DIR     from 8.0 on, where constants are not in it: the source tree as well;
  --build DIR      where that source tree was built, if not in itself
  --messages FILES its lists of messages (errmsg-utf8.txt, messages_to_*.txt), for error numbers
At the end a copy of the declarations is falsified in several ways, to see that each is found.
Exit status: 0 no difference, 1 some, or it could not be compared, 2 wrong usage.";

#[derive(Debug)]
pub struct Options {
    pub series: Vec<String>,
    /// One of the caller's own, for the one series.
    pub server: Option<Server>,
}

impl Options {
    pub fn parse(arguments: Vec<String>) -> Result<Options, Stop> {
        let mut series = Vec::new();
        let (mut mysqld, mut source, mut build, mut messages) = (None, None, None, None);
        let mut arguments = arguments.into_iter();
        while let Some(word) = arguments.next() {
            let place = match word.as_str() {
                "--mysqld" => &mut mysqld,
                "--source" => &mut source,
                "--build" => &mut build,
                "--messages" => &mut messages,
                option if option.starts_with('-') => {
                    return Err(Stop::misused(format!("unknown option '{option}'")));
                }
                _ => {
                    series.push(word);
                    continue;
                }
            };
            let value = arguments.next();
            *place = Some(value.ok_or_else(|| Stop::misused(format!("{word} wants an argument")))?);
        }
        if series.is_empty() && mysqld.is_none() {
            series = BY_DEFAULT.map(str::to_owned).to_vec();
        }
        for one in &series {
            check_series(one)?;
            if mysqld.is_none() && !BY_DEFAULT.contains(&one.as_str()) {
                return Err(Stop::misused(format!(
                    "no real {one} can be had here by itself: name one with --mysqld"
                )));
            }
        }
        let server = match mysqld {
            Some(mysqld) => {
                let [one] = &series[..] else {
                    return Err(Stop::misused("--mysqld wants exactly one series"));
                };
                Some(own_server(one, mysqld, source, build, messages)?)
            }
            None if source.is_some() || build.is_some() || messages.is_some() => {
                return Err(Stop::misused(
                    "--source, --build and --messages go with --mysqld",
                ));
            }
            None => None,
        };
        Ok(Options { series, server })
    }
}

fn check_series(name: &str) -> Result<(), Stop> {
    let known = known_series();
    if known.iter().any(|one| one == name) {
        return Ok(());
    }
    let known = known.join(" ");
    Err(Stop::misused(format!(
        "no such server series: '{name}' (there are: {known})"
    )))
}

fn own_server(
    series: &str,
    mysqld: String,
    source: Option<String>,
    build: Option<String>,
    messages: Option<String>,
) -> Result<Server, Stop> {
    if !std::path::Path::new(&mysqld).is_file() {
        return Err(Stop::misused(format!("no such file: '{mysqld}'")));
    }
    // Newer servers have no constants in their debug information.
    match (series.starts_with(['8', '9']), &source) {
        (true, None) => {
            return Err(Stop::misused(format!(
                "for {series} --source is needed too"
            )));
        }
        (false, Some(_)) => {
            return Err(Stop::misused(format!(
                "for {series} there is no --source: the debug information is used"
            )));
        }
        _ => {}
    }
    for dir in source.iter().chain(&build) {
        if !std::path::Path::new(dir).is_dir() {
            return Err(Stop::misused(format!("no such directory: '{dir}'")));
        }
    }
    let messages = messages.unwrap_or_default();
    Ok(Server {
        mysqld: PathBuf::from(mysqld),
        build: build.or_else(|| source.clone()).map(PathBuf::from),
        source: source.map(PathBuf::from),
        messages: messages.split_whitespace().map(PathBuf::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Stop> {
        Options::parse(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn without_arguments_the_servers_of_ci_setup_are_compared() {
        let options = parse("").expect("no misuse");
        assert_eq!(options.series, BY_DEFAULT);
        assert!(options.server.is_none());
    }

    #[test]
    fn a_server_of_ones_own_goes_with_its_series() {
        let options = parse("--mysqld /bin/sh --messages list.txt 5.7").expect("no misuse");
        let server = options.server.expect("a server");
        assert_eq!(server.mysqld, PathBuf::from("/bin/sh"));
        assert_eq!(server.messages, [PathBuf::from("list.txt")]);
        let options = parse("8.4 --mysqld /bin/sh --source /tmp").expect("no misuse");
        let server = options.server.expect("a server");
        assert_eq!(server.build, Some(PathBuf::from("/tmp")));
    }

    #[test]
    fn a_misuse_says_what_is_wrong() {
        for (line, why) in [
            ("4.1", "no such server series"),
            ("8.0", "name one with --mysqld"),
            ("--mysqld", "wants an argument"),
            ("--mysqld /bin/sh", "exactly one series"),
            ("--mysqld /bin/sh 5.6 5.7", "exactly one series"),
            ("--mysqld /nowhere 5.7", "no such file"),
            ("--mysqld /bin/sh 8.4", "--source is needed"),
            ("--mysqld /bin/sh --source /tmp 5.7", "there is no --source"),
            (
                "--mysqld /bin/sh --source /nowhere 8.4",
                "no such directory",
            ),
            ("--messages x 5.6", "go with --mysqld"),
            ("--all", "unknown option"),
        ] {
            match parse(line) {
                Err(Stop::Misused(said)) => assert!(said.contains(why), "{line}: {said}"),
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}
