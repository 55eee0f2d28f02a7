//! The texts of `semisync_source_quorum` and `semisync_source_members`, beside a second reading of
//! their grammars; and what a quorum means for replicas that the rest of the input describes.
//!
//! An input is a text, and after a NUL byte the replicas, three bytes each.

mod meaning;
mod members;
mod quorum;
mod words;

use crate::bytes::Bytes;
use quorum::Term;
use semisync_core::{
    Lacking, Member, Members, Position, Quorum, ReplicaConnectionId, Rule, Scratch, SyntaxError,
    Uuid, Voter, check_word,
};
use std::{fmt::Display, str::FromStr, sync::Arc};

pub fn settings(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let text = parts.next().unwrap_or_default();
    let voters = parts.next().unwrap_or_default();
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    assert_eq!(check_word(text).is_ok(), words::is_word(text), "{text:?}");
    if let Err(error) = check_word(text) {
        has_a_place(&error, text);
    }
    let uuid = text.parse::<Uuid>().ok().map(|uuid| uuid.to_string());
    assert_eq!(uuid, words::uuid(text));
    is_read_as::<Members>(text, members::read(text));
    let terms = quorum::read(text);
    let shown = terms.as_deref().map(quorum::show);
    if let (Some(quorum), Some(terms)) = (is_read_as::<Quorum>(text, shown), terms) {
        means(quorum, &terms, voters);
    }
}

/// The text is accepted if it should be, and shown as it should be. Shown, it is the same.
fn is_read_as<T>(text: &str, expected: Option<String>) -> Option<T>
where
    T: FromStr<Err = SyntaxError> + Display + PartialEq + std::fmt::Debug,
{
    match text.parse::<T>() {
        Ok(read) => {
            let shown = read.to_string();
            assert_eq!(Some(&shown), expected.as_ref(), "{text:?}");
            assert_eq!(shown.parse().as_ref(), Ok(&read), "{text:?}, shown");
            Some(read)
        }
        Err(error) => {
            assert_eq!(expected, None, "{text:?}: {error}");
            has_a_place(&error, text);
            None
        }
    }
}

fn has_a_place(error: &SyntaxError, text: &str) {
    let places = 1..=text.chars().count() + 1;
    assert!(places.contains(&error.place), "{text:?}: {error}");
    assert!(!error.message.is_empty(), "{text:?}");
}

/// The quorum asks of the replicas what its terms say.
fn means(quorum: Quorum, terms: &[Term], input: &[u8]) {
    let mut choices = Bytes::of(input);
    let own_zone = ["", "a", "b", "east"][usize::from(choices.below(4))];
    let rule = Rule {
        quorum: Some(Arc::new(quorum)),
        own_zone: (!own_zone.is_empty()).then(|| own_zone.into()),
        ..Rule::of_count(1)
    };
    let mut voters = Vec::new();
    while !choices.is_at_end() && voters.len() < 12 {
        let connection = ReplicaConnectionId(voters.len() as u64);
        voters.push(voter(&mut choices, connection));
    }
    let own_zone = rule.own_zone.as_deref();
    let is_met = |at: Option<Position>| meaning::is_met(terms, own_zone, &voters, at);
    let newest = voters.iter().filter_map(|voter| voter.acked);
    let newest = newest.filter(|at| is_met(Some(*at))).max();
    let mut scratch = Scratch::default();
    assert_eq!(rule.position(&voters, &mut scratch), newest);
    assert_eq!(rule.can_be_met(&voters), is_met(None));
    for at in voters.iter().filter_map(|voter| voter.acked) {
        let lacking = rule.lacking(&voters, at);
        let is_met = is_met(Some(at));
        assert_eq!(lacking.acknowledged_by == lacking.needed, is_met);
        assert_eq!(lacking.missing.is_empty(), is_met, "{lacking:?}");
        let fits = lacking.missing.len() <= Lacking::LONGEST;
        assert!(fits && lacking.missing.is_ascii(), "{lacking:?}");
    }
    voters.reverse();
    assert_eq!(rule.position(&voters, &mut scratch), newest, "reversed");
}

/// Few servers, names and zones, so that they meet those of the text.
fn voter(choices: &mut Bytes<'_>, connection: ReplicaConnectionId) -> Voter {
    let (who, zone, has) = (choices.byte(), choices.byte(), choices.byte());
    let name = ["", "a", "db2", "DB3"][usize::from(who >> 4 & 3)];
    let zone = ["", "a", "East", "west"][usize::from(zone & 3)];
    let word = |word: &str| (!word.is_empty()).then(|| word.into());
    let member = Member {
        name: word(name),
        zone: word(zone),
        ..Member::of(u32::from(who & 7) + 1)
    };
    let acked = (has & 3 != 0).then(|| Position {
        file: 1,
        offset: u64::from(has & 3),
    });
    Voter::new(connection, Arc::new(member), acked, has & 4 == 0)
}
