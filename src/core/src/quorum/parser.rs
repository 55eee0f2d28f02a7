//! Reads a quorum. The grammar is that of PostgreSQL's `synchronous_standby_names`
//! (syncrep_gram.y), with AND, ZONES and `zone:` beside it:
//!
//! ```text
//! quorum  = term { AND term }
//! term    = ANY count ( members )
//!         | FIRST count ( members )
//!         | count ( members )        the same as FIRST
//!         | members                  the same as FIRST 1
//!         | ZONES count
//! members = member { , member }
//! member  = server id | UUID | name | zone:name | *
//! ```
//!
//! Keywords may be written in any case. What stands in quotation marks is no keyword; other
//! words mean the same with quotation marks and without.

use super::{
    terms::{Mention, Quorum, Term, is_keyword},
    tokens::{Token, Tokens, ZONE},
};
use crate::{
    member::check_word,
    syntax::{SyntaxError, error_at, is_number, server_id},
};
use std::str::FromStr;

/// As many as `wait_for_replica_count` can ask for.
const MOST: u32 = 65_535;

const MEMBER: &str = "a member (server id, UUID, name, zone:name or *)";

impl FromStr for Quorum {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let mut text = Tokens::new(text)?;
        let mut terms = Vec::new();
        loop {
            terms.push(read_term(&mut text)?);
            if text.next() == Token::End {
                return Ok(Self { terms });
            }
            if !text.takes_keyword("AND")? {
                return Err(text.expected("AND"));
            }
        }
    }
}

fn read_term(text: &mut Tokens<'_>) -> Result<Term, SyntaxError> {
    if text.takes_keyword("ZONES")? {
        return Ok(Term::Zones(read_count(text)?));
    }
    if text.takes_keyword("ANY")? {
        return Ok(Term::Any(read_count(text)?, read_list(text)?));
    }
    if text.takes_keyword("FIRST")? || is_count_of_list(text) {
        return Ok(Term::First(read_count(text)?, read_list(text)?));
    }
    if matches!(text.next(), Token::Mark(_) | Token::End) {
        return Err(text.expected("ANY, FIRST, ZONES or a member"));
    }
    let members = read_members(text)?;
    if text.next() != Token::End && !text.is_keyword("AND") {
        return Err(text.expected("',' or AND"));
    }
    Ok(Term::First(1, members))
}

/// Whether a number comes, and after it a list.
fn is_count_of_list(text: &Tokens<'_>) -> bool {
    let mut after = text.clone();
    matches!(text.next(), Token::Plain(word) if is_number(word))
        && after.advance().is_ok()
        && after.next() == Token::Mark('(')
}

fn read_count(text: &mut Tokens<'_>) -> Result<u32, SyntaxError> {
    let count = match text.next() {
        Token::Plain(word) if is_number(word) => word.parse().ok(),
        _ => None,
    };
    match count {
        Some(count @ 1..=MOST) => {
            text.advance()?;
            Ok(count)
        }
        _ => Err(text.expected("a number from 1 to 65535")),
    }
}

fn read_list(text: &mut Tokens<'_>) -> Result<Vec<Mention>, SyntaxError> {
    if !text.takes_mark('(')? {
        return Err(text.expected("'('"));
    }
    let members = read_members(text)?;
    if !text.takes_mark(')')? {
        return Err(text.expected("',' or ')'"));
    }
    Ok(members)
}

fn read_members(text: &mut Tokens<'_>) -> Result<Vec<Mention>, SyntaxError> {
    let mut members = Vec::new();
    loop {
        members.push(read_member(text)?);
        if !text.takes_mark(',')? {
            return Ok(members);
        }
    }
}

fn read_member(text: &mut Tokens<'_>) -> Result<Mention, SyntaxError> {
    let place = text.place();
    let member = match text.next() {
        Token::Plain(word) if is_keyword(word) => {
            let message = format!("{word} is a keyword and no name without quotation marks");
            return Err(error_at(place, message));
        }
        Token::Plain(word) => mention(word, place),
        Token::Quoted(word) => mention(word, place + QUOTE),
        Token::QuotedZone(zone) => zone_mention(zone, place + ZONE.len() + QUOTE),
        Token::Mark(_) | Token::End => Err(text.expected(MEMBER)),
    }?;
    text.advance()?;
    Ok(member)
}

/// How long a quotation mark is.
const QUOTE: usize = 1;

/// The member that a word means which begins at `place`.
fn mention(word: &str, place: usize) -> Result<Mention, SyntaxError> {
    if word == "*" {
        return Ok(Mention::Everybody);
    }
    if is_number(word) {
        let message = || "a server id from 1 to 4294967295 is expected".to_owned();
        let server_id = server_id(word).ok_or_else(|| error_at(place, message()));
        return server_id.map(Mention::ServerId);
    }
    if let Ok(uuid) = word.parse() {
        return Ok(Mention::Uuid(uuid));
    }
    if let Some((prefix, zone)) = word.split_at_checked(ZONE.len())
        && prefix.eq_ignore_ascii_case(ZONE)
    {
        return zone_mention(zone, place + ZONE.len());
    }
    check_word(word).map_err(|wrong| wrong.behind(place))?;
    Ok(Mention::Name(word.into()))
}

fn zone_mention(zone: &str, place: usize) -> Result<Mention, SyntaxError> {
    check_word(zone).map_err(|wrong| wrong.behind(place))?;
    Ok(Mention::Zone(zone.into()))
}

#[cfg(test)]
mod tests;
