//! How a text that the operator has set is read, and what is wrong with it, and where.

use std::fmt;

/// The text does not follow its grammar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// The character at which the text goes wrong, counted from 1. One more than there are
    /// characters: the text ends too early.
    pub place: usize,
    /// A sentence without its end, such as "a number is expected".
    pub message: String,
}

impl SyntaxError {
    /// The text that is wrong begins at `place` of a longer text.
    pub fn behind(self, place: usize) -> Self {
        Self {
            place: place + self.place.saturating_sub(1),
            ..self
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at character {}", self.message, self.place)
    }
}

impl std::error::Error for SyntaxError {}

/// Goes through a text from its beginning to its end.
#[derive(Clone)]
pub struct Cursor<'a> {
    rest: &'a str,
    place: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            place: 1,
        }
    }

    /// Where the next character is, counted from 1.
    pub fn place(&self) -> usize {
        self.place
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn is_at(&self, wanted: char) -> bool {
        self.rest.starts_with(wanted)
    }

    pub fn skip_space(&mut self) {
        self.take_while(is_space);
    }

    /// Takes this character, if it comes next.
    pub fn takes(&mut self, wanted: char) -> bool {
        let is_next = self.is_at(wanted);
        if let Some(rest) = self.rest.strip_prefix(wanted) {
            self.rest = rest;
            self.place += 1;
        }
        is_next
    }

    /// Takes as many characters as are `wanted`.
    pub fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !wanted(character));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        self.place += taken.chars().count();
        taken
    }

    /// What was expected here, but is not there.
    pub fn expected(&self, what: &str) -> SyntaxError {
        error_at(self.place, format!("{what} is expected"))
    }
}

pub fn error_at(place: usize, message: String) -> SyntaxError {
    SyntaxError { place, message }
}

pub fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of digits alone, unless it is too large. No server replicates with server id 0.
pub fn server_id(word: &str) -> Option<u32> {
    let number = word.parse().ok().filter(|number| *number > 0);
    number.filter(|_| is_number(word))
}

/// The spaces of PostgreSQL's syncrep_scanner.l.
pub fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}
