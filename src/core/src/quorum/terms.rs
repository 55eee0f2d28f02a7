//! The quorum as the operator has written it: terms, joined by AND.

use crate::member::{Member, Uuid};
use std::fmt;

/// Which replicas must have a commit: all terms must be met. The text is read in `parser`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quorum {
    /// One at least.
    pub(super) terms: Vec<Term>,
}

/// How many of whom must have a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Term {
    /// Any so many of the servers that are mentioned.
    Any(u32, Vec<Mention>),
    /// The first so many that are connected, in the order in which they are mentioned.
    First(u32, Vec<Mention>),
    /// So many zones besides the source's own, each by any of its servers.
    Zones(u32),
}

/// One of the members in parentheses. Several servers may match it, and a server may match
/// several members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mention {
    Everybody,
    ServerId(u32),
    Uuid(Uuid),
    Name(Box<str>),
    Zone(Box<str>),
}

impl Mention {
    /// Names and zones are compared without case, as names are in PostgreSQL's
    /// `SyncRepGetStandbyPriority`.
    pub fn matches(&self, member: &Member) -> bool {
        let is = |word: &Option<Box<str>>, wanted: &str| {
            word.as_deref()
                .is_some_and(|word| word.eq_ignore_ascii_case(wanted))
        };
        match self {
            Self::Everybody => true,
            Self::ServerId(server_id) => member.server_id == *server_id,
            Self::Uuid(uuid) => member.uuid == Some(*uuid),
            Self::Name(name) => is(&member.name, name),
            Self::Zone(zone) => is(&member.zone, zone),
        }
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, term) in self.terms.iter().enumerate() {
            let and = if nth == 0 { "" } else { " AND " };
            write!(out, "{and}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, count, members) = match self {
            Self::Any(count, members) => ("ANY", count, members),
            Self::First(count, members) => ("FIRST", count, members),
            Self::Zones(count) => return write!(out, "ZONES {count}"),
        };
        write!(out, "{word} {count} (")?;
        for (nth, member) in members.iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(out, "{comma}{member}")?;
        }
        out.write_str(")")
    }
}

impl fmt::Display for Mention {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => out.write_str("*"),
            Self::ServerId(server_id) => server_id.fmt(out),
            Self::Uuid(uuid) => uuid.fmt(out),
            Self::Name(name) => write_word(out, name),
            Self::Zone(zone) => {
                out.write_str("zone:")?;
                write_word(out, zone)
            }
        }
    }
}

/// In quotation marks where PostgreSQL would want them: around a keyword, and around what is
/// no identifier.
fn write_word(out: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let begins_plain = word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if begins_plain && word.bytes().all(is_plain) && !is_keyword(word) {
        out.write_str(word)
    } else {
        write!(out, "\"{word}\"")
    }
}

/// Whether this is no name unless it is in quotation marks.
pub fn is_keyword(word: &str) -> bool {
    ["ANY", "FIRST", "ZONES", "AND"]
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(word))
}
