//! Places in the binary log. A file is known by its ordinal, see `log_files`.

/// A place in the binary log; ordered as the log is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Position {
    /// The file's ordinal in `LogFiles`, from 1.
    pub file: u64,
    /// Bytes from the beginning of the file.
    pub offset: u64,
}

impl Position {
    /// Bits of a word that hold the offset: a file of the binary log is limited to 1 GiB, and
    /// grows beyond that by one transaction at most.
    const OFFSET_BITS: u32 = 40;

    /// The position as one word, for a place that is read without a lock. Words are ordered as
    /// positions are, and none is 0. None: the position is beyond what a word can hold.
    pub fn word(self) -> Option<u64> {
        let fits = self.offset >> Self::OFFSET_BITS == 0
            && self.file > 0
            && self.file >> (u64::BITS - Self::OFFSET_BITS) == 0;
        fits.then_some(self.file << Self::OFFSET_BITS | self.offset)
    }
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
    fn words_are_ordered_as_positions_are() {
        let ends = [0, 1, 4, 1 << 30, (1 << 40) - 1];
        let files = [1, 2, 255, (1 << 24) - 1];
        let positions: Vec<_> = files
            .iter()
            .flat_map(|&file| ends.map(|offset| Position { file, offset }))
            .collect();
        for (a, b) in positions.iter().zip(positions.iter().skip(1)) {
            assert!(a < b && 0 < a.word().unwrap() && a.word() < b.word());
        }
    }

    #[test]
    fn what_no_word_can_hold_has_none() {
        for (file, offset) in [(0, 4), (1, 1 << 40), (1 << 24, 4), (u64::MAX, u64::MAX)] {
            assert_eq!(Position { file, offset }.word(), None);
        }
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
}
