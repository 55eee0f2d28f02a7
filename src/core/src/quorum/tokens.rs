//! The words and marks of a quorum's text.

use crate::syntax::{Cursor, SyntaxError, error_at, is_space};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// Without quotation marks.
    Plain(&'a str),
    /// What stood in quotation marks.
    Quoted(&'a str),
    /// As Quoted, with `zone:` before the quotation marks.
    QuotedZone(&'a str),
    /// A parenthesis or a comma.
    Mark(char),
    End,
}

/// The text, token by token.
#[derive(Clone)]
pub struct Tokens<'a> {
    next: Token<'a>,
    /// Where `next` begins.
    place: usize,
    /// Behind `next`.
    rest: Cursor<'a>,
}

/// Stands before the name of a zone.
pub const ZONE: &str = "zone:";

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Result<Self, SyntaxError> {
        let mut tokens = Self {
            next: Token::End,
            place: 1,
            rest: Cursor::new(text),
        };
        tokens.advance()?;
        Ok(tokens)
    }

    pub fn next(&self) -> Token<'a> {
        self.next
    }

    /// Where the next token begins.
    pub fn place(&self) -> usize {
        self.place
    }

    pub fn advance(&mut self) -> Result<(), SyntaxError> {
        self.rest.skip_space();
        self.place = self.rest.place();
        self.next = self.read_token()?;
        Ok(())
    }

    fn read_token(&mut self) -> Result<Token<'a>, SyntaxError> {
        if self.rest.is_at_end() {
            return Ok(Token::End);
        }
        for mark in ['(', ')', ','] {
            if self.rest.takes(mark) {
                return Ok(Token::Mark(mark));
            }
        }
        let ends_word = |c: char| is_space(c) || matches!(c, '(' | ')' | ',' | '"');
        let word = self.rest.take_while(|character| !ends_word(character));
        if self.rest.is_at('"') {
            if word.is_empty() {
                return Ok(Token::Quoted(self.read_quoted()?));
            }
            if word.eq_ignore_ascii_case(ZONE) {
                return Ok(Token::QuotedZone(self.read_quoted()?));
            }
        }
        Ok(Token::Plain(word))
    }

    /// What stands in quotation marks. There is no way to write a quotation mark between
    /// them: no name has one.
    fn read_quoted(&mut self) -> Result<&'a str, SyntaxError> {
        let place = self.rest.place();
        self.rest.takes('"');
        let quoted = self.rest.take_while(|character| character != '"');
        if self.rest.takes('"') {
            Ok(quoted)
        } else {
            let message = "a quotation mark is opened and not closed".to_owned();
            Err(error_at(place, message))
        }
    }

    /// What was expected instead of `next`.
    pub fn expected(&self, what: &str) -> SyntaxError {
        error_at(self.place, format!("{what} is expected"))
    }

    pub fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.next, Token::Plain(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub fn takes_keyword(&mut self, keyword: &str) -> Result<bool, SyntaxError> {
        let is_next = self.is_keyword(keyword);
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }

    pub fn takes_mark(&mut self, mark: char) -> Result<bool, SyntaxError> {
        let is_next = self.next == Token::Mark(mark);
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }
}
