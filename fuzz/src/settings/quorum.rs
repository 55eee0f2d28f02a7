//! A second reading of `semisync_source_quorum`: the text is cut into all its words first, then into
//! terms at each AND, then into members at each comma.

use super::words::{is_number, is_space, is_word, server_id, uuid};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    Everybody,
    ServerId(u32),
    Uuid(String),
    Name(String),
    Zone(String),
}

#[derive(Debug)]
pub enum Term {
    Any(usize, Vec<Who>),
    First(usize, Vec<Who>),
    Zones(usize),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Word {
    Plain(String),
    Quoted(String),
    QuotedZone(String),
    Mark(char),
}

use Word::{Mark, Plain, Quoted, QuotedZone};

/// None: the text is refused.
pub fn read(text: &str) -> Option<Vec<Term>> {
    let words = words(text)?;
    words
        .split(|word| is_keyword(word, "AND"))
        .map(term)
        .collect()
}

fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while let Some(first) = rest.chars().next() {
        if "(),".contains(first) {
            words.push(Mark(first));
            rest = &rest[1..];
        } else {
            let ends = |c: char| is_space(c) || "(),\"".contains(c);
            let (word, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
            let quoted = behind.strip_prefix('"');
            let is_zone = word.eq_ignore_ascii_case("zone:");
            match quoted.filter(|_| word.is_empty() || is_zone) {
                Some(quoted) => {
                    let (inside, behind) = quoted.split_once('"')?;
                    let inside = inside.to_owned();
                    words.push(if is_zone {
                        QuotedZone(inside)
                    } else {
                        Quoted(inside)
                    });
                    rest = behind;
                }
                None => {
                    words.push(Plain(word.to_owned()));
                    rest = behind;
                }
            }
        }
        rest = rest.trim_start_matches(is_space);
    }
    Some(words)
}

fn is_keyword(word: &Word, keyword: &str) -> bool {
    matches!(word, Plain(word) if word.eq_ignore_ascii_case(keyword))
}

fn term(words: &[Word]) -> Option<Term> {
    let is = |keyword| words.first().is_some_and(|word| is_keyword(word, keyword));
    let behind = words.get(1..)?;
    if is("ZONES") {
        return match behind {
            [number] => Some(Term::Zones(count(number)?)),
            _ => None,
        };
    }
    if is("ANY") {
        return counted(behind).map(|(count, members)| Term::Any(count, members));
    }
    let first = |(count, members)| Term::First(count, members);
    if is("FIRST") {
        return counted(behind).map(first);
    }
    match words {
        [Plain(_), Mark('('), ..] => counted(words).map(first),
        _ => Some(Term::First(1, members(words)?)),
    }
}

/// A count, and members in parentheses.
fn counted(words: &[Word]) -> Option<(usize, Vec<Who>)> {
    match words {
        [number, Mark('('), inside @ .., Mark(')')] => Some((count(number)?, members(inside)?)),
        _ => None,
    }
}

fn count(word: &Word) -> Option<usize> {
    match word {
        Plain(word) if is_number(word) => word
            .parse()
            .ok()
            .filter(|count| (1..=65_535).contains(count)),
        _ => None,
    }
}

fn members(words: &[Word]) -> Option<Vec<Who>> {
    let one = |words: &[Word]| match words {
        [word] => member(word),
        _ => None,
    };
    words.split(|word| *word == Mark(',')).map(one).collect()
}

fn member(word: &Word) -> Option<Who> {
    let zone = |zone: &str| is_word(zone).then(|| Who::Zone(zone.to_owned()));
    let text = match word {
        QuotedZone(inside) => return zone(inside),
        Plain(text) if is_reserved(text) => return None,
        Plain(text) | Quoted(text) => text.as_str(),
        Mark(_) => return None,
    };
    if text == "*" {
        return Some(Who::Everybody);
    }
    if is_number(text) {
        return server_id(text)?.parse().ok().map(Who::ServerId);
    }
    if let Some(uuid) = uuid(text) {
        return Some(Who::Uuid(uuid));
    }
    if text.to_ascii_lowercase().starts_with("zone:") {
        return zone(&text[5..]);
    }
    is_word(text).then(|| Who::Name(text.to_owned()))
}

fn is_reserved(word: &str) -> bool {
    ["any", "first", "zones", "and"].contains(&word.to_ascii_lowercase().as_str())
}

// ---- as it is shown ----

pub fn show(terms: &[Term]) -> String {
    let terms: Vec<_> = terms.iter().map(show_term).collect();
    terms.join(" AND ")
}

fn show_term(term: &Term) -> String {
    let (word, count, members) = match term {
        Term::Any(count, members) => ("ANY", count, members),
        Term::First(count, members) => ("FIRST", count, members),
        Term::Zones(count) => return format!("ZONES {count}"),
    };
    let members: Vec<_> = members.iter().map(show_member).collect();
    format!("{word} {count} ({})", members.join(", "))
}

fn show_member(who: &Who) -> String {
    match who {
        Who::Everybody => "*".to_owned(),
        Who::ServerId(id) => id.to_string(),
        Who::Uuid(uuid) => uuid.clone(),
        Who::Name(name) => quoted(name),
        Who::Zone(zone) => format!("zone:{}", quoted(zone)),
    }
}

fn quoted(word: &str) -> String {
    let is_plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_$".contains(c));
    let begins_plain = !word.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    match is_plain && begins_plain && !is_reserved(word) {
        true => word.to_owned(),
        false => format!("\"{word}\""),
    }
}
