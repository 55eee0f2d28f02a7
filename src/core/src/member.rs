//! Who a replica is: its server id, its UUID, its name and its zone.

use crate::syntax::SyntaxError;
use std::{fmt, str::FromStr};

/// A server's UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uuid([u8; 16]);

/// The text is not a UUID: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, with `-`
/// between the groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotUuid;

impl FromStr for Uuid {
    type Err = NotUuid;

    fn from_str(text: &str) -> Result<Self, NotUuid> {
        let mut groups = text.split('-');
        let mut bytes = [0; 16];
        let mut free = bytes.iter_mut();
        for length in [8, 4, 4, 4, 12] {
            let group = groups.next().ok_or(NotUuid)?.as_bytes();
            if group.len() != length {
                return Err(NotUuid);
            }
            for digits in group.chunks(2) {
                let byte = free.next().ok_or(NotUuid)?;
                for digit in digits {
                    *byte = *byte << 4 | hexadecimal(*digit).ok_or(NotUuid)?;
                }
            }
        }
        match groups.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(NotUuid),
        }
    }
}

fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl fmt::Display for Uuid {
    /// As the server writes UUIDs: in lower case.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, byte) in self.0.iter().enumerate() {
            if matches!(nth, 4 | 6 | 8 | 10) {
                out.write_str("-")?;
            }
            write!(out, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Who a replica is, by its own words or those by which the source overrules them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    pub server_id: u32,
    pub uuid: Option<Uuid>,
    pub name: Option<Box<str>>,
    pub zone: Option<Box<str>>,
}

impl Member {
    /// A replica of which nothing is known but its server id.
    pub fn of(server_id: u32) -> Self {
        Self {
            server_id,
            uuid: None,
            name: None,
            zone: None,
        }
    }
}

impl fmt::Display for Member {
    /// What people read: the name, else the UUID, else the server id.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.uuid) {
            (Some(name), _) => out.write_str(name),
            (None, Some(uuid)) => uuid.fmt(out),
            (None, None) => self.server_id.fmt(out),
        }
    }
}

/// How many bytes a name or a zone may have.
const LONGEST_WORD: usize = 64;

/// Whether this may be a replica's name, or a zone: up to 64 printable ASCII characters
/// without space and without what has a meaning in the settings, and nothing that is read as
/// a server id or a UUID.
pub fn is_word(text: &str) -> bool {
    check_word(text).is_ok()
}

/// As [`is_word`]. Err: why it may not, and where.
pub fn check_word(text: &str) -> Result<(), SyntaxError> {
    let may_occur = |c: char| c.is_ascii_graphic() && !",():=@\"'*".contains(c);
    let fault = |place: usize, message: String| Err(SyntaxError { place, message });
    let occurs = text.chars().position(|c| !may_occur(c));
    if let Some((at, c)) = occurs.and_then(|at| Some((at, text.chars().nth(at)?))) {
        return fault(at + 1, format!("a name or zone has no {c:?}"));
    }
    if text.is_empty() {
        return fault(1, "a name or zone is expected".to_owned());
    }
    if text.len() > LONGEST_WORD {
        let message = format!("a name or zone has at most {LONGEST_WORD} characters");
        return fault(LONGEST_WORD + 1, message);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return fault(1, "a server id is no name or zone".to_owned());
    }
    if text.parse::<Uuid>().is_ok() {
        return fault(1, "a UUID is no name or zone".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_compared_without_case_and_shown_in_lower_case() {
        let upper: Uuid = "3E11FA47-71CA-11E1-9E33-C80AA9429562".parse().unwrap();
        let lower = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        assert_eq!(upper, lower.parse().unwrap());
        assert_eq!(upper.to_string(), lower);
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for text in [
            "",
            "2",
            "3e11fa47-71ca-11e1-9e33-c80aa942956",
            "3e11fa47-71ca-11e1-9e33-c80aa94295621",
            "3e11fa47-71ca-11e1-9e33-c80aa9429562-",
            "3e11fa4771ca11e19e33c80aa9429562",
            "{3e11fa47-71ca-11e1-9e33-c80aa9429562}",
            "3g11fa47-71ca-11e1-9e33-c80aa9429562",
            "3e11fa47-71ca-11e1-9e33-c80aa942956é",
        ] {
            assert_eq!(text.parse::<Uuid>(), Err(NotUuid), "{text}");
        }
    }

    #[test]
    fn people_read_the_name_else_the_uuid_else_the_server_id() {
        let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        let mut member = Member::of(7);
        assert_eq!(member.to_string(), "7");
        member.uuid = uuid.parse().ok();
        assert_eq!(member.to_string(), uuid);
        member.name = Some("db2".into());
        assert_eq!(member.to_string(), "db2");
    }

    #[test]
    fn names_and_zones_are_words() {
        let longest = "x".repeat(64);
        for word in [
            "a",
            "db-2.example.com",
            "eu_west#1",
            "2b",
            "ANY",
            longest.as_str(),
        ] {
            assert!(is_word(word), "{word}");
        }
        let too_long = "x".repeat(65);
        for text in [
            "",
            " ",
            "a b",
            "a,b",
            "(a",
            "a)",
            "zone:a",
            "a=b",
            "a@b",
            "a\"b",
            "a'b",
            "*",
            "a\tb",
            "a\0",
            "é",
            "2",
            "0042",
            "3E11FA47-71CA-11E1-9E33-C80AA9429562",
            too_long.as_str(),
        ] {
            assert!(!is_word(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_word_is_told_with_its_place() {
        for (text, said) in [
            ("", "a name or zone is expected at character 1"),
            ("db 2", "a name or zone has no ' ' at character 3"),
            ("db2@east", "a name or zone has no '@' at character 4"),
            ("\u{e4}", "a name or zone has no '\u{e4}' at character 1"),
            ("b\n", "a name or zone has no '\\n' at character 2"),
            ("17", "a server id is no name or zone at character 1"),
            (
                "3e11fa47-71ca-11e1-9e33-c80aa9429562",
                "a UUID is no name or zone at character 1",
            ),
        ] {
            assert_eq!(check_word(text).unwrap_err().to_string(), said);
        }
        let long = check_word(&"x".repeat(65)).unwrap_err();
        assert_eq!(long.place, 65);
        assert_eq!(check_word(&"x".repeat(64)), Ok(()));
    }
}
