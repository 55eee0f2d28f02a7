//! The index of a channel's relay log: the server's list of the log's files, a line for each, in
//! their order.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{self, ErrorKind},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

const EXTENSION: &str = "index";

/// The indexes to look at for one channel: its own, if its name is told and can be spelled here;
/// else those of all channels, as one of them is its own. `places`: where the index of the default
/// channel may be, the likeliest first. `channel`: its name; empty: the default channel. None: not
/// told.
pub fn find_indexes(places: &[PathBuf], channel: Option<&str>) -> io::Result<Vec<PathBuf>> {
    let suffix = channel.map(file_name_of);
    if let Some(Some(suffix)) = suffix {
        let named = places.iter().map(|place| of_channel(place, &suffix));
        let found = named.into_iter().find(|index| index.is_file());
        let missing = || places.first().map(|place| of_channel(place, &suffix));
        return match found {
            Some(found) => Ok(vec![found]),
            None => Err(not_found(missing())),
        };
    }
    let mut found = Vec::new();
    for place in places {
        found.append(&mut indexes_beside(place)?);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(not_found(places.first().cloned()))
}

fn not_found(place: Option<PathBuf>) -> io::Error {
    let place = place.unwrap_or_default();
    let text = format!("there is no relay log index {}", place.display());
    io::Error::new(ErrorKind::NotFound, text)
}

/// As the server names it (`add_channel_to_relay_log_name`).
fn of_channel(place: &Path, suffix: &str) -> PathBuf {
    if suffix.is_empty() {
        return place.to_path_buf();
    }
    let mut name = stem(place);
    name.push("-");
    name.push(suffix);
    name.push(".");
    name.push(EXTENSION);
    place.with_file_name(name)
}

/// The index of the default channel, and all whose names begin with its name and "-".
fn indexes_beside(place: &Path) -> io::Result<Vec<PathBuf>> {
    let directory = place.parent().unwrap_or(Path::new(""));
    let here = Path::new(".");
    let read = fs::read_dir(if directory.as_os_str().is_empty() {
        here
    } else {
        directory
    });
    let mut stem = stem(place);
    stem.push("-");
    let mut found = Vec::new();
    for entry in read? {
        let path = directory.join(entry?.file_name());
        let name = path.file_name().unwrap_or_default().as_bytes();
        let is_index = path.extension() == place.extension();
        if path == *place || is_index && name.starts_with(stem.as_bytes()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The server cuts a name at its first dot (`fn_ext`).
fn stem(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    OsStr::from_bytes(stem).to_owned()
}

/// A channel's name as a part of a file's name (the server's character set `filename`). None: it
/// has letters outside of ASCII, for which the server has tables.
fn file_name_of(channel: &str) -> Option<String> {
    channel.is_ascii().then(|| {
        let spell = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c.to_string()
            } else {
                format!("@{:04x}", u32::from(c))
            }
        };
        channel.chars().map(spell).collect()
    })
}

/// The files that an index lists. `directory`: where those lie that have no full path
/// (`normalize_binlog_name`); None: where the index says.
pub fn listed_files(content: &[u8], directory: Option<&Path>) -> Vec<PathBuf> {
    let lines = content.split(|byte| *byte == b'\n');
    let names = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let files = names.filter(|name| !name.is_empty()).map(|name| {
        let path = Path::new(OsStr::from_bytes(name));
        match (directory, path.file_name()) {
            (Some(directory), Some(name)) if path.is_relative() => directory.join(name),
            _ => path.to_path_buf(),
        }
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelled_as_the_server_spells_it() {
        assert_eq!(file_name_of("").unwrap(), "");
        assert_eq!(file_name_of("Zone_b1").unwrap(), "Zone_b1");
        assert_eq!(file_name_of("b-1.$ ").unwrap(), "b@002d1@002e@0024@0020");
        assert_eq!(file_name_of("größe"), None);
    }

    #[test]
    fn files_lie_where_the_index_says_or_where_the_option_says() {
        let content = b"./relay.000001\n/abs/relay.000002\r\nsub/relay.000003\n\n";
        let files = |directory| {
            let files = listed_files(content, directory);
            let texts = files.iter().map(|file| file.to_str().unwrap().to_owned());
            texts.collect::<Vec<_>>()
        };
        assert_eq!(
            files(None),
            ["./relay.000001", "/abs/relay.000002", "sub/relay.000003"]
        );
        assert_eq!(
            files(Some(Path::new("/logs"))),
            [
                "/logs/relay.000001",
                "/abs/relay.000002",
                "/logs/relay.000003"
            ]
        );
    }
}
