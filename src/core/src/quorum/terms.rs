//! The quorum as the operator has written it.

use crate::syntax::SyntaxError;
use std::{fmt, str::FromStr};

/// Which replicas must have a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quorum(());

impl FromStr for Quorum {
    type Err = SyntaxError;

    fn from_str(_: &str) -> Result<Self, SyntaxError> {
        Err(SyntaxError {
            place: 1,
            message: "nothing but an empty text is understood yet".to_owned(),
        })
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
