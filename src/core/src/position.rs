//! Places in the binary log. A file is known by its ordinal, see `log_files`.

/// A place in the binary log; ordered as the log is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Position {
    /// The file's ordinal in `LogFiles`, from 1.
    pub file: u64,
    /// Bytes from the beginning of the file.
    pub offset: u64,
}

/// Splits the name of a binary log's file into its base and its number; a directory is left
/// out. None: this is no name of a binary log's file.
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
}
