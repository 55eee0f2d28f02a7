//! What is wrong with a text that the operator has set, and where.

use std::fmt;

/// The text does not follow its grammar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// The character at which the text goes wrong, counted from 1.
    pub place: usize,
    /// A sentence without its end, such as "a number is expected".
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at character {}", self.message, self.place)
    }
}

impl std::error::Error for SyntaxError {}
