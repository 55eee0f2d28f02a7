//! Places in the binary log. A file is known by the number in its suffix, which
//! is how the server orders them: `binlog.999999` comes before `binlog.1000000`.

use std::fmt;

/// A place in the binary log; ordered as the log is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Position {
    /// The number in the file's suffix, from 1.
    pub file: u64,
    /// Bytes from the beginning of the file.
    pub offset: u64,
}

/// A binary log's file name, as the server writes it.
pub struct FileName<'a> {
    pub base: &'a str,
    pub number: u64,
}

impl fmt::Display for FileName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.base, self.number)
    }
}

/// Splits a binary log's file name, its directory left out, into base and number.
/// None: not such a name.
pub fn split_name(name: &[u8]) -> Option<(&[u8], u64)> {
    let name = name.rsplit(|byte| *byte == b'/').next()?;
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let (base, suffix) = name.split_at_checked(dot)?;
    let (_dot, digits) = suffix.split_first()?;
    if base.is_empty() || digits.is_empty() {
        return None;
    }
    let mut number: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))?;
    }
    Some((base, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_ordered_by_number_past_six_digits() {
        let at = |name: &str, offset| {
            let (_, file) = split_name(name.as_bytes()).unwrap();
            Position { file, offset }
        };
        assert!(at("binlog.999999", 900) < at("binlog.1000000", 4));
        assert!(at("binlog.000002", 4) > at("binlog.000001", 1 << 40));
        assert!(at("binlog.000002", 4) < at("binlog.000002", 5));
    }

    #[test]
    fn names_are_split_at_the_last_dot_and_without_directory() {
        assert_eq!(
            split_name(b"/var/lib/my.sql/bin.log.000123"),
            Some((&b"bin.log"[..], 123))
        );
        assert_eq!(split_name(b"b.1"), Some((&b"b"[..], 1)));
    }

    #[test]
    fn what_is_no_binary_log_is_refused() {
        for name in [
            "",
            ".",
            "binlog",
            "binlog.",
            ".000001",
            "binlog.12a",
            "binlog.-1",
            "a/.1",
            "binlog.99999999999999999999999",
        ] {
            assert_eq!(split_name(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn names_are_written_as_the_server_does() {
        let name = |number| {
            FileName {
                base: "binlog",
                number,
            }
            .to_string()
        };
        assert_eq!(name(7), "binlog.000007");
        assert_eq!(name(1_000_000), "binlog.1000000");
    }
}
