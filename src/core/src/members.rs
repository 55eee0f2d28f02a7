//! The names and zones by which the source overrules its replicas' own words.

use crate::{
    member::{Member, check_word},
    syntax::{Cursor, SyntaxError, error_at, is_space, server_id},
};
use std::{fmt, str::FromStr};

/// What `semisync_source_members` holds, such as `2=db2@east, 3=db3@west`: for some server
/// ids a name, a zone, or both. Empty: no replica is overruled.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Members(Vec<Entry>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    server_id: u32,
    name: Option<Box<str>>,
    zone: Option<Box<str>>,
}

impl Members {
    /// Who the replica is that calls itself `claimed`. What the list says of its server id
    /// is believed, and the replica's own word only where the list is silent. A name that the
    /// list gives to one server is nobody else's.
    ///
    /// The second value: the name that the replica has claimed, if the list gives that name to
    /// another server.
    pub fn overrule(&self, claimed: Member) -> (Member, Option<Box<str>>) {
        let Member {
            server_id,
            uuid,
            mut name,
            zone,
        } = claimed;
        let is_anothers = |name: &mut Box<str>| {
            self.named(name)
                .is_some_and(|owner| owner.server_id != server_id)
        };
        let lost = name.take_if(is_anothers);
        let entry = self.0.iter().find(|entry| entry.server_id == server_id);
        let (given_name, given_zone) = entry.map_or((None, None), |entry| {
            (entry.name.clone(), entry.zone.clone())
        });
        let member = Member {
            server_id,
            uuid,
            name: given_name.or(name),
            zone: given_zone.or(zone),
        };
        (member, lost)
    }

    /// The entry that gives this name. Names are compared without case, as in PostgreSQL's
    /// `SyncRepGetStandbyPriority`.
    fn named(&self, name: &str) -> Option<&Entry> {
        let gives = |entry: &&Entry| {
            let given = entry.name.as_deref();
            given.is_some_and(|given| given.eq_ignore_ascii_case(name))
        };
        self.0.iter().find(gives)
    }

    /// One entry, added to the others.
    fn read_entry(&mut self, text: &mut Cursor<'_>) -> Result<(), SyntaxError> {
        let place = text.place();
        let before = text.clone();
        let server_id = server_id(text.take_while(|c| c.is_ascii_digit()))
            .ok_or_else(|| before.expected("a server id"))?;
        if self.0.iter().any(|entry| entry.server_id == server_id) {
            return Err(error_at(
                place,
                format!("the server id {server_id} stands here for the second time"),
            ));
        }
        text.skip_space();
        if !text.takes('=') {
            return Err(text.expected("'='"));
        }
        text.skip_space();
        let name_place = text.place();
        let name = match text.is_at('@') {
            true => None,
            false => Some(read_word(text, "a name")?),
        };
        if let Some(name) = &name
            && let Some(other) = self.named(name)
        {
            let message = format!("the name {name} belongs to server id {}", other.server_id);
            return Err(error_at(name_place, message));
        }
        text.skip_space();
        let mut zone = None;
        if text.takes('@') {
            text.skip_space();
            zone = Some(read_word(text, "a zone")?);
        }
        self.0.push(Entry {
            server_id,
            name,
            zone,
        });
        Ok(())
    }
}

fn read_word(text: &mut Cursor<'_>, what: &str) -> Result<Box<str>, SyntaxError> {
    let before = text.clone();
    let word = text.take_while(is_part_of_word);
    if word.is_empty() {
        return Err(before.expected(what));
    }
    check_word(word).map_err(|wrong| wrong.behind(before.place()))?;
    Ok(word.into())
}

fn is_part_of_word(character: char) -> bool {
    !is_space(character) && !matches!(character, ',' | '=' | '@')
}

impl FromStr for Members {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let mut text = Cursor::new(text);
        let mut members = Self::default();
        text.skip_space();
        if text.is_at_end() {
            return Ok(members);
        }
        loop {
            members.read_entry(&mut text)?;
            text.skip_space();
            if text.is_at_end() {
                return Ok(members);
            }
            if !text.takes(',') {
                return Err(text.expected("','"));
            }
            text.skip_space();
        }
    }
}

impl fmt::Display for Members {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, entry) in self.0.iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            let name = entry.name.as_deref().unwrap_or_default();
            write!(out, "{comma}{}={name}", entry.server_id)?;
            if let Some(zone) = &entry.zone {
                write!(out, "@{zone}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
