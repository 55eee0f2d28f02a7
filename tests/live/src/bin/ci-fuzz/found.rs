//! An input for which a target failed, told so that people can repeat it.

use std::fs;
use std::path::{Path, PathBuf};

use semisync_live_tests::console::{Ended, say, step};

/// How much of an input is printed.
const SHOWN: usize = 512;
/// How much of libFuzzer's words.
const LINES: usize = 12;

pub struct Fault {
    pub target: String,
    /// What went wrong, by the words of the target or of libFuzzer.
    pub words: Vec<String>,
    /// None: libFuzzer itself failed.
    pub input: Option<PathBuf>,
    log: PathBuf,
}

impl Fault {
    pub fn of(target: &str, text: &str, ended: &Ended, log: &Path) -> Fault {
        let mut words: Vec<String> = words_of(text).map(str::to_owned).collect();
        if words.is_empty() {
            words.push(format!("the program ended with {ended}"));
        }
        Fault {
            target: target.to_owned(),
            words,
            input: input_of(text).map(PathBuf::from),
            log: log.to_owned(),
        }
    }
}

/// From the panic, or the first line of a report, on.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let begins = |line: &&str| line.contains("panicked at") || line.contains("ERROR: ");
    let is_noise = |line: &&str| line.starts_with("note:") || line.trim().is_empty();
    let lines = text.lines().skip_while(move |line| !begins(line));
    let ends = |line: &&str| !line.starts_with("NOTE: libFuzzer") && !line.starts_with("SUMMARY");
    lines
        .take_while(ends)
        .filter(move |line| !is_noise(line))
        .take(LINES)
}

/// "Test unit written to PATH" after a search, "Running: PATH" before a file that fails.
fn input_of(text: &str) -> Option<&str> {
    let behind = |words| {
        let mut lines = text
            .lines()
            .filter_map(move |line: &str| line.split_once(words));
        lines.next_back()
    };
    let last = behind("Test unit written to ").or(behind("Running: "));
    last.map(|(_, path)| path.trim())
}

pub fn tell(fault: &Fault) {
    let target = &fault.target;
    step(format!("A fault in {target}"));
    fault.words.iter().for_each(say);
    say(format!("all that was said: {}", fault.log.display()));
    let Some(input) = &fault.input else {
        return;
    };
    if let Ok(bytes) = fs::read(input) {
        say(format!("the input, {} bytes:", bytes.len()));
        bytes
            .get(..SHOWN.min(bytes.len()))
            .map(dump)
            .into_iter()
            .flatten()
            .for_each(say);
        if bytes.len() > SHOWN {
            say("...");
        }
    }
    say(format!("the input is kept: {}", input.display()));
    say(format!(
        "to repeat it: ci/fuzz {target} --input {}",
        input.display()
    ));
    say(format!(
        "once it is mended, copy it to fuzz/corpus/{target}: every run tries it then"
    ));
}

/// Sixteen bytes a line, in digits and as text.
fn dump(bytes: &[u8]) -> Vec<String> {
    let line = |(nth, bytes): (usize, &[u8])| {
        let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = bytes.iter().map(|byte| printable(*byte)).collect();
        format!("{:04x}  {:<47}  {text}", nth * 16, digits.join(" "))
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

fn printable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' {
        char::from(byte)
    } else {
        '.'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
#12\tNEW cov: 3
thread '<unnamed>' (77) panicked at fuzz/src/events.rs:40:5:
assertion failed
note: run with `RUST_BACKTRACE=1`
==77== ERROR: libFuzzer: deadly signal
    #0 0x1
NOTE: libFuzzer has rudimentary signal handlers.
SUMMARY: libFuzzer: deadly signal
artifact_prefix='x/'; Test unit written to x/crash-1
";

    #[test]
    fn the_panic_and_the_input_are_found() {
        let words: Vec<_> = words_of(LOG).collect();
        assert_eq!(words[1], "assertion failed");
        assert_eq!(words.last(), Some(&"    #0 0x1"));
        assert_eq!(input_of(LOG), Some("x/crash-1"));
        assert_eq!(input_of("target: Running: y/2\nboom"), Some("y/2"));
        assert_eq!(input_of("nothing"), None);
    }

    #[test]
    fn an_input_is_shown_in_digits_and_as_text() {
        let lines = dump(b"ANY 1 (a)\x00\xff and");
        assert_eq!(
            lines[0],
            "0000  41 4e 59 20 31 20 28 61 29 00 ff 20 61 6e 64     ANY 1 (a).. and"
        );
    }
}
