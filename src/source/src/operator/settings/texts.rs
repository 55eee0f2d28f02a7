//! The operator's texts: what they may be, and what they decide.

use crate::{operator::values, source::Source};
use semisync_core::{Members, Quorum, SyntaxError, check_word};
use semisync_server::variables::TextUpdate;
use std::sync::Arc;

/// Of `semisync_source_quorum`.
pub struct SetQuorum;

impl TextUpdate for SetQuorum {
    fn check(text: &str) -> Result<(), String> {
        let_through(quorum(text))
    }

    fn set(text: &str) {
        if let Ok(quorum) = quorum(text) {
            Source::decide(|decisions| decisions.quorum = quorum);
        }
    }
}

/// None: there is none. (A text of blanks is no quorum, as an empty one.)
fn quorum(text: &str) -> Result<Option<Arc<Quorum>>, SyntaxError> {
    match text.trim() {
        "" => Ok(None),
        _ => text.parse().map(|quorum| Some(Arc::new(quorum))),
    }
}

/// Of `semisync_source_members`.
pub struct SetMembers;

impl TextUpdate for SetMembers {
    fn check(text: &str) -> Result<(), String> {
        let_through(text.parse::<Members>())
    }

    fn set(text: &str) {
        if let Ok(members) = text.parse() {
            set_members(members);
        }
    }
}

/// From now on the replicas' own words are overruled by these.
pub fn set_members(members: Members) {
    values::set_members(members);
    if let Some(source) = Source::get() {
        source.on_members();
    }
}

/// Of `semisync_source_zone`.
pub struct SetZone;

impl TextUpdate for SetZone {
    fn check(text: &str) -> Result<(), String> {
        match text {
            "" => Ok(()),
            _ => let_through(check_word(text)),
        }
    }

    fn set(text: &str) {
        let zone = (!text.is_empty()).then(|| text.into());
        Source::decide(|decisions| decisions.zone = zone);
    }
}

fn let_through<T>(read: Result<T, SyntaxError>) -> Result<(), String> {
    read.map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_text_is_refused_with_the_place() {
        for (text, place) in [
            ("ANY x (a)", "character 5"),
            ("ANY 1 (a", "character 9"),
            ("ANY 0 (a)", "character 5"),
        ] {
            let refused = SetQuorum::check(text).unwrap_err();
            assert!(refused.ends_with(place), "{text}: {refused}");
        }
        let refused = SetMembers::check("2=db2, x").unwrap_err();
        assert!(refused.ends_with("character 8"), "{refused}");
        let refused = SetZone::check("east west").unwrap_err();
        assert!(refused.ends_with("character 5"), "{refused}");
    }

    #[test]
    fn a_right_text_and_an_empty_one_are_let_through() {
        for text in ["", " ", "ANY 2 (*)", "first 1 (db2, db3) and zones 1"] {
            assert_eq!(SetQuorum::check(text), Ok(()), "{text}");
        }
        for text in ["", "2=db2@east, 3=db3"] {
            assert_eq!(SetMembers::check(text), Ok(()), "{text}");
        }
        for text in ["", "east"] {
            assert_eq!(SetZone::check(text), Ok(()), "{text}");
        }
    }
}
